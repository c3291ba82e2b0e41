package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hostspec/hostspec/spec/environ"
)

// runCommand is `hostspec run`.
type runCommand struct {
	Targets     []string       `name:"target" short:"t" sep:"none" placeholder:"URI" help:"What specs run against: local://, ssh://user@host, docker://container, docker-image://image, exec:PREFIX. May be given several times. Default: HOSTSPEC_TARGET, else local://."`
	Sudo        *bool          `negatable:"" help:"Ask as root, by sudo, where a target does not say otherwise. Default: HOSTSPEC_SUDO, else no."`
	Timeout     *time.Duration `placeholder:"D" help:"How long one question may take, such as 30s."`
	SSHConfig   string         `name:"ssh-config" placeholder:"FILE" help:"The ssh_config to use. Default: HOSTSPEC_SSH_CONFIG, else what OpenSSH reads."`
	Focus       []string       `sep:"none" placeholder:"RE" help:"Run only specs whose full name matches. May be given several times."`
	LabelFilter string         `placeholder:"EXPR" help:"Run only specs whose labels match, as Ginkgo reads it: 'smoke && !slow'."`
	Formats     []string       `name:"format" short:"f" sep:"none" placeholder:"NAME[:FILE]" help:"How to report: ${formats}; to FILE, or to the terminal. May be given several times."`
	Jobs        int            `short:"j" default:"8" placeholder:"N" help:"How many targets at a time. Default: ${default}."`
	NoColor     bool           `help:"No colour, as with NO_COLOR in the environment."`
	Verbose     bool           `short:"v" help:"Show what the test binaries print themselves."`
	Packages    []string       `arg:"" optional:"" help:"Go packages such as ./spec/..., or FILE, or FILE:LINE. Default: ./spec/... where there is ./spec, else ./..."`

	// extra follows "--".
	extra []string
}

// Help is shown below the flags by `hostspec run --help`.
func (runCommand) Help() string {
	return `Flags after -- go to the test binary: hostspec run ./spec/... -- -ginkgo.seed=1

` + exitCodes
}

const exitCodes = `Exit codes, the first that applies:
  2    wrong usage or configuration
  1    a spec was answered wrong
  3    a target was UNREACHABLE, or something could not be told
  4    nothing was tested
  0    all held
  130  stopped by Ctrl-C (twice: at once)`

// A source is where a run gets its specs from.
type source interface {
	// find finds the packages.
	find(context.Context) ([]*specPackage, error)
	// ready sees to a test binary of each; what it has to say about one goes to
	// stderr. release removes them again.
	ready(ctx context.Context, packages []*specPackage, stderr io.Writer) (release func(), err error)
}

// Run runs the specs of packages that are compiled for it.
func (r *runCommand) Run(c *console) error { return r.run(c, compiled(r.Packages)) }

// run checks all that can be checked before anything is run, makes the specs
// ready, runs them, and reports.
func (r *runCommand) run(c *console, from source) error {
	if err := environ.Check(os.Environ()); err != nil {
		return &exitError{exitUsage, err}
	}
	p, err := r.plan()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	stop, release := watchSignals(c.ctx)
	defer release()
	source, err := sudoPassword()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	packages, err := from.find(stop.soft)
	if err != nil {
		return stop.explain(err)
	}
	outputs, err := openOutputs(stop.soft, p.outputs, c, r.NoColor)
	if err != nil {
		return stop.explain(err)
	}
	defer outputs.abandon()
	remove, err := from.ready(stop.soft, packages, c.stderr)
	if err != nil {
		return stop.explain(err)
	}
	defer remove()
	stop.beforeExit(remove)
	col := newCollector(outputs.receivers(), p.shown(), stop.interrupted)
	f := &fleet{plan: p, password: source, packages: packages, collector: col, stop: stop}
	if r.Verbose {
		f.verbose = c.stderr
	}
	f.run()
	return r.finish(c, col, outputs)
}

// finish writes the reports and the last line.
func (r *runCommand) finish(c *console, col *collector, outputs *outputs) error {
	sum := col.summary()
	code := col.exitCode(sum)
	err := outputs.end(sum)
	if err != nil {
		// Whoever waits for the report must not take its absence for success.
		fmt.Fprintf(c.stderr, "hostspec: %v\n", err)
		if code == exitHeld || code == exitNothing {
			code = exitNotTold
		}
	}
	for _, text := range col.notes(sum, code) {
		fmt.Fprintf(c.stderr, "hostspec: %s\n", text)
	}
	if _, err := fmt.Fprintln(outputs.lastLine, sum.Line()); err != nil && code == exitHeld {
		code = exitNotTold
	}
	return exit(code)
}

// errInterrupted is why the contexts of a run end.
var errInterrupted = errors.New("interrupted; nothing was run")
