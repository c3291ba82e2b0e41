package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/report"
)

// The exit codes; when several apply, the order is that of exitCode.
const (
	exitHeld        = 0   // all specs held
	exitWrong       = 1   // a spec was answered wrong
	exitUsage       = 2   // wrong usage or configuration; nothing was run
	exitNotTold     = 3   // a target was UNREACHABLE, or something could not be told
	exitNothing     = 4   // nothing was tested
	exitInterrupted = 130 // stopped by Ctrl-C, as shells say it
)

// commandLine is the grammar of the command line.
type commandLine struct {
	Run      runCommand      `cmd:"" help:"Run specs against this machine or others."`
	TDD      tddCommand      `cmd:"" name:"tdd" help:"Red, converge, green, idempotent, covered, promote: in a throwaway container."`
	Build    buildCommand    `cmd:"" help:"Make one program of specs that runs anywhere, without Go."`
	Init     initCommand     `cmd:"" help:"Start a folder of specs that compiles and passes on this machine."`
	Snapshot snapshotCommand `cmd:"" help:"Keep what is known of a target in a file."`
	Diff     diffCommand     `cmd:"" help:"Tell what differs between two snapshots or targets."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// A console is where a command writes.
type console struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

// An exitError ends a command with a code. Its text goes to standard error; an
// empty one means that all has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }

func (e *exitError) Unwrap() error { return e.err }

// usage is an error of wrong usage or configuration, before anything was run.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// exit ends a command that has said all it has to say.
func exit(code int) error {
	if code == exitHeld {
		return nil
	}
	return &exitError{code: code}
}

// Main runs the command with the arguments of this process, and ends it with the exit
// code that `hostspec run --help` tells.
func Main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program: it returns the exit code. Only --help ends the process by
// itself.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if bundled != "" {
		return runBundle(os.Args[0], args, &console{ctx: ctx, stdout: stdout, stderr: stderr})
	}
	args, extra := cutExtra(args)
	var grammar commandLine
	parser, err := kong.New(&grammar,
		kong.Name("hostspec"),
		kong.Description("Specs for machines, written with Ginkgo and Gomega, run without an agent."),
		kong.Writers(stdout, stderr),
		formatNames(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "hostspec:", err)
		return exitUsage
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "hostspec: %v\nrun `hostspec --help` to see what there is\n", err)
		return exitUsage
	}
	if extra != nil && parsed.Command() != "run" && parsed.Command() != "run <packages>" {
		fmt.Fprintln(stderr, "hostspec: only `hostspec run` takes flags of the test binary after --")
		return exitUsage
	}
	grammar.Run.extra = extra
	return tell(parsed.Run(&console{ctx: ctx, stdout: stdout, stderr: stderr}), stderr)
}

// formatNames is how --help lists the formats, which others may have added to.
func formatNames() kong.Option {
	names := report.Names()
	for i, name := range names {
		if name == report.Default {
			names[i] += " (default)"
		}
	}
	last := len(names) - 1
	return kong.Vars{"formats": strings.Join(names[:last], ", ") + " or " + names[last]}
}

// tell tells a command's error and returns the exit code.
func tell(err error, stderr io.Writer) int {
	if err == nil {
		return exitHeld
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitUsage, err}
	}
	if e.err != nil {
		fmt.Fprintf(stderr, "hostspec: %s\n", evidence.Clean(e.err.Error()))
	}
	return e.code
}

// cutExtra splits off what follows the first "--".
func cutExtra(args []string) (before, extra []string) {
	i := slices.Index(args, "--")
	if i < 0 {
		return args, nil
	}
	return args[:i], append([]string{}, args[i+1:]...)
}
