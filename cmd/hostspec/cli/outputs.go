package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/hostspec/hostspec/spec/report"
)

// An output is a report that was asked for. An empty file means the terminal.
type output struct {
	format report.Format
	file   string
}

// outputs are the reports of a run while they are written.
type outputs struct {
	reports []*report.Writer
	files   []*reportFile
	// lastLine is where the last line goes: to the terminal, unless what is
	// written there is one document that a program will read.
	lastLine io.Writer
	// terminal is the format that is written to the terminal; empty for none.
	terminal string
}

// openOutputs begins all reports, so that one that cannot be written is told
// before anything is run.
func openOutputs(ctx context.Context, wanted []output, c *console, noColor bool) (*outputs, error) {
	outs := &outputs{lastLine: c.stdout}
	for _, o := range wanted {
		var w io.Writer = c.stdout
		options := report.Options{}
		if o.file == "" {
			outs.terminal = o.format.Name
			options.Color = !noColor && wantsColor(c.stdout)
			if o.format.Document != nil {
				outs.lastLine = c.stderr
			}
		} else {
			f, err := openReport(ctx, o.file)
			if err != nil {
				outs.abandon()
				return nil, fmt.Errorf("-f %s:%s: %w", o.format.Name, o.file, err)
			}
			outs.files = append(outs.files, f)
			w = f
		}
		outs.reports = append(outs.reports, report.NewWriter(o.format, w, options))
	}
	return outs, nil
}

// wantsColor reports whether w is a terminal whose user has nothing against
// colour (no-color.org).
func wantsColor(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// receivers are the reports as a collector tells them.
func (o *outputs) receivers() []receiver {
	all := make([]receiver, len(o.reports))
	for i, r := range o.reports {
		all[i] = r
	}
	return all
}

// end finishes all reports and puts the files in their places.
func (o *outputs) end(sum report.Summary) error {
	var errs []error
	for _, f := range o.reports {
		if err := f.End(sum); err != nil {
			errs = append(errs, fmt.Errorf("cannot write a report: %w", err))
		}
	}
	for _, f := range o.files {
		if err := f.commit(); err != nil {
			errs = append(errs, err)
		}
	}
	o.files = nil
	return errors.Join(errs...)
}

// abandon removes what was begun and not ended.
func (o *outputs) abandon() {
	for _, f := range o.files {
		f.abandon()
	}
	o.files = nil
}

// A reportFile takes its name only when it is whole: whoever looks sees the old
// report or the new one, and never half of one.
type reportFile struct {
	name string
	f    *os.File
	// direct says that the name is a pipe or a device and written as such.
	direct bool
	err    error
}

func openReport(ctx context.Context, name string) (*reportFile, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("cannot be written: it is a folder")
	case err == nil && !info.Mode().IsRegular():
		f, err := openSpecial(ctx, name, info.Mode())
		if err != nil {
			return nil, fmt.Errorf("cannot be written: %w", cause(err))
		}
		return &reportFile{name: name, f: f, direct: true}, nil
	case err == nil:
		// A file that may not be written is not to be replaced either, though
		// its folder would allow it.
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err == nil {
			err = f.Close()
		}
		// A program that runs cannot be written, and can be replaced.
		if err != nil && !errors.Is(err, syscall.ETXTBSY) {
			return nil, fmt.Errorf("cannot be written: %w", cause(err))
		}
		// The name may be a link; it is what it leads to that is replaced.
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return nil, err
		}
	}
	folder := filepath.Dir(name)
	if info, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("cannot be written: folder %s: %w", folder, cause(err))
	} else if !info.IsDir() {
		return nil, fmt.Errorf("cannot be written: %s is not a folder", folder)
	}
	part := filepath.Join(folder, "."+filepath.Base(name)+"."+strconv.Itoa(os.Getpid())+".part")
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, fmt.Errorf("cannot be written: %w", cause(err))
	}
	return &reportFile{name: name, f: f}, nil
}

// openSpecial opens a pipe or a device. A named pipe can be opened once somebody
// reads it, which is waited for.
func openSpecial(ctx context.Context, name string, mode fs.FileMode) (*os.File, error) {
	if mode&fs.ModeNamedPipe == 0 {
		return os.OpenFile(name, os.O_WRONLY, 0)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readerPatience, fmt.Errorf("nobody reads this pipe (waited for %v)", readerPatience))
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		// ENXIO, fifo(7): no process has the pipe open for reading.
		f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-again.C:
		}
	}
}

// readerPatience is how long the reader of a named pipe may take to come.
const readerPatience = time.Minute

// cause is an error without the name that is told already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (r *reportFile) Write(p []byte) (int, error) {
	n, err := r.f.Write(p)
	r.err = errors.Join(r.err, err)
	return n, err
}

func (r *reportFile) commit() error {
	if err := r.place(); err != nil {
		return fmt.Errorf("report %s could not be written: %w", r.name, err)
	}
	return nil
}

// place gives the file its name, unless it is not whole.
func (r *reportFile) place() error {
	if err := r.f.Close(); err != nil {
		r.err = errors.Join(r.err, err)
	}
	if r.direct {
		return nil
	}
	if r.err == nil {
		r.err = os.Rename(r.f.Name(), r.name)
	}
	if r.err != nil {
		return errors.Join(cause(r.err), os.Remove(r.f.Name()))
	}
	return nil
}

func (r *reportFile) abandon() {
	r.f.Close() // nothing of it is kept
	if !r.direct {
		os.Remove(r.f.Name())
	}
}
