// Package remote is what backends share that start processes by way of a shell on
// the other side: the process itself, from its start to its end or its killing; the text
// that becomes a command there; and the gate that its output passes on this side. A
// backend supplies a Transport, which carries one process.
package remote

import "crypto/rand"

// NewMark is a word nobody else uses. A process announces its number behind it.
func NewMark() string { return "pid-" + rand.Text() + "-" }
