// Package remote is what backends share that start processes by way of a shell on
// the other side: the text that becomes a command there, the gate that its output
// passes on this side, and the killing of its process group.
package remote

import "crypto/rand"

// NewMark is a word nobody else uses. A process announces its number behind it.
func NewMark() string { return "pid-" + rand.Text() + "-" }
