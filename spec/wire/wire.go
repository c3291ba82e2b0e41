// Package wire is what `hostspec run` and the test binaries that it starts tell each other.
//
// The command starts a binary for one package on one target, hands it the target by
// TargetFlag and the rest by variables. The binary tells what happens by events, one JSON
// object a line, on a descriptor of its own: what specs print stays apart. A password that
// sudo wants goes by a socket (see package password).
package wire

import (
	"fmt"
	"os"
	"time"

	"github.com/hostspec/hostspec/spec/report"
)

// Version changes when one side would misunderstand the other. Either side may be older:
// the command is installed, while the binaries are of the version in the specs' go.mod.
const Version = 1

// TargetFlag is the flag that a binary takes its target by.
const TargetFlag = "hostspec.target"

// What a binary takes by variables.
const (
	// VersionVariable holds the Version that the command has.
	VersionVariable = "HOSTSPEC_WIRE"
	// EventsVariable holds the number of the descriptor that events are written to.
	EventsVariable = "HOSTSPEC_EVENTS_FD"
	// PasswordVariable holds the number of the descriptor that passwords come by.
	PasswordVariable = "HOSTSPEC_PASSWORD_FD"
	// OnVariable is SkipOn where blocks that name their own target run elsewhere.
	OnVariable = "HOSTSPEC_ON"
	SkipOn     = "skip"
)

// EventsFD is the descriptor that the command hands over for events: the first one after
// standard error.
const EventsFD = 3

// CheckVersion returns an error in a binary that was started by a command which speaks
// another version.
func CheckVersion() error {
	text := os.Getenv(VersionVariable)
	if text == "" || text == fmt.Sprint(Version) {
		return nil
	}
	return Mismatch(text)
}

// Mismatch is the error of a binary and a command that do not understand each other. theirs
// is the version of the other side.
func Mismatch(theirs string) error {
	return fmt.Errorf("the specs and the hostspec command are of versions that do not understand each other (%d and %s): "+
		"run the one that the specs' module has, by go tool hostspec, or raise the older one", Version, theirs)
}

// An Event is a line of what a test binary tells while it runs, with exactly one field set.
type Event struct {
	Called *Called        `json:"called,omitempty"`
	Begin  *report.Begin  `json:"begin,omitempty"`
	Result *report.Result `json:"result,omitempty"`
	End    *End           `json:"end,omitempty"`
	// Refused is told in place of Begin when the package cannot be run as it
	// was asked to be: wrong usage or configuration, found before any spec ran.
	Refused string `json:"refused,omitempty"`
}

// Called is told when a package has called Run, before its specs are declared. A
// test binary that tells nothing after it could not declare them, and says why
// in its output.
type Called struct {
	Version int    `json:"version"`
	Target  string `json:"target"`
	Package string `json:"package"`
	Suite   string `json:"suite"`
}

// End is told when a package is through.
type End struct {
	// Problems are failures of the whole suite: a focus left in the code, an
	// interrupt, a broken configuration.
	Problems []string `json:"problems,omitempty"`
	// Focused says that a focus was left in the code.
	Focused bool `json:"focused,omitempty"`
	// Interrupted says that the run was stopped by a signal.
	Interrupted bool `json:"interrupted,omitempty"`
	// Took is how long the package ran.
	Took time.Duration `json:"took"`
	// Costs are what was spent on each target.
	Costs []Cost `json:"costs,omitempty"`
	// Notes are what whoever reads a report must know beside the specs.
	Notes []report.Note `json:"notes,omitempty"`
}

// A Cost is what a package has spent on one target.
type Cost struct {
	Target string `json:"target"`
	// Connections is how often it was connected to, Exchanges how often its
	// shell was asked, and Commands how many commands of authors were run.
	Connections int `json:"connections"`
	Exchanges   int `json:"exchanges"`
	Commands    int `json:"commands"`
}
