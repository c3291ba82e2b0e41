package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/docker"
	"github.com/hostspec/hostspec/spec/environ"
	"github.com/hostspec/hostspec/spec/loop"
	"github.com/hostspec/hostspec/spec/target"
)

// tddCommand is `hostspec tdd`.
type tddCommand struct {
	Config string `placeholder:"FILE" help:"Where the suites stand. Default: hostspec.yaml."`

	Strict      bool           `help:"Vacuous specs and restarted services are failures."`
	MinCoverage int            `placeholder:"PERCENT" help:"How many of a hundred changes a spec has to look at."`
	Keep        bool           `help:"Leave the container where it is, for --reuse."`
	Reuse       bool           `help:"Begin with the container that --keep has left, if there is one; keep it again."`
	Force       bool           `help:"Let promote take over a tag that is in use."`
	OnLive      bool           `name:"on-live-target" help:"Converge a target that is not a throwaway container."`
	Watch       bool           `help:"Go on: again from converge when a manifest changes, the specs alone when only they do."`
	Timeout     *time.Duration `placeholder:"D" help:"How long one converge command may take. Default: 30m."`

	Image      string   `placeholder:"REF" help:"Begin with this image, in place of what the file says."`
	Dockerfile string   `placeholder:"FILE" help:"Begin with the image that this makes."`
	Target     string   `short:"t" placeholder:"URI" help:"Converge this target; see --on-live-target."`
	Boot       string   `placeholder:"systemd" help:"Boot systemd in the container."`
	Mount      []string `sep:"none" placeholder:"SRC:DST" help:"Let the container see a file or folder. May be given several times."`
	Env        []string `sep:"none" placeholder:"NAME=VALUE" help:"Add to the environment of converge. May be given several times."`
	Converge   []string `sep:"none" placeholder:"COMMAND" help:"How to converge. May be given several times."`
	Specs      []string `sep:"none" placeholder:"PACKAGE" help:"What to run, as hostspec run takes it. May be given several times."`
	Ignore     []string `sep:"none" placeholder:"GLOB" help:"Leave files out of comparisons. May be given several times."`
	Promote    string   `placeholder:"TAG" help:"Tag the image that was tested."`

	Formats []string `name:"format" short:"f" sep:"none" placeholder:"NAME[:FILE]" help:"Report the specs of each stage, too: ${formats}; to FILE, or to the terminal. May be given several times."`
	Quiet   bool     `short:"q" help:"Show what converge prints only where it fails."`
	NoColor bool     `help:"No colour, as with NO_COLOR in the environment."`

	Suites []string `arg:"" optional:"" name:"suite" help:"Names of suites. Default: all of the file."`
}

// Help is shown below the flags by `hostspec tdd --help`.
func (tddCommand) Help() string {
	return `Without a hostspec.yaml the flags alone say what to do; hostspec init --suite NAME
writes one. With one, flags replace what stands there.

Stages: create, red, converge, green, idempotent, covered, promote. The specs are asked
again after the second converge, and of a fresh container of the image before it is
tagged. Label("guard") is for specs that are meant to hold before converge, too, and
Label("running") for those about what converge leaves running, which is in no image.

Exit codes, the first that applies:
  2    wrong usage or configuration
  1    a spec was answered wrong, the second converge changed something, too few
       changes are covered, what would be promoted is not what was tested, or with
       --strict a spec was vacuous
  3    converge failed, the target was UNREACHABLE, or something could not be told
  4    nothing was tested
  0    all held
  130  stopped by Ctrl-C`
}

// Run goes through the loop of each suite, one after another.
func (t *tddCommand) Run(c *console) error {
	// The targets are those of the suites, and yet an empty one is a mistake.
	_, err := environ.Target()
	if err := errors.Join(environ.Check(os.Environ()), err); err != nil {
		return &exitError{exitUsage, err}
	}
	suites, err := t.suites()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	file, err := t.file()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	stop, release := watchSignals(c.ctx)
	defer release()
	outputs, err := t.outputs(stop.soft, c)
	if err != nil {
		return stop.explain(err)
	}
	defer outputs.abandon()
	source, err := sudoPassword()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	all := &tddRun{command: t, file: file, console: c, stop: stop, password: source}
	all.begin(outputs)
	if t.Watch {
		return all.watch(suites[0])
	}
	return all.through(suites)
}

// through goes through the loop of each suite. The first container is made while the
// specs are compiled; where they do not compile, that is all that is told.
func (r *tddRun) through(suites []*loop.Suite) error {
	ctx, cancel := context.WithCancel(r.stop.soft)
	defer cancel()
	specs, err := r.compile(suites, cancel)
	if err != nil {
		return r.stop.explain(err)
	}
	defer specs.remove()
	r.packages = specs.packages
	var results []*loop.Result
	for _, s := range suites {
		if ctx.Err() != nil {
			break
		}
		h := r.hooks(s)
		end := h.End
		h.End = func(e loop.StageResult) {
			if e.Stage == loop.Create {
				<-specs.done
			}
			if ctx.Err() == nil || r.stop.interrupted() {
				end(e)
			}
		}
		fmt.Fprintf(r.stages(), "suite %s\n", s.Name)
		results = append(results, loop.Run(ctx, s, r.options(s), h))
	}
	r.screen.end()
	if err := specs.wait(r.console.stderr); err != nil && !r.stop.interrupted() {
		return r.stop.explain(err)
	}
	return exit(r.finish(results))
}

// suites are those of the file, with what flags replace in them, or the one that
// flags make.
func (t *tddCommand) suites() ([]*loop.Suite, error) {
	name := cmp.Or(t.Config, loop.ConfigName)
	var suites []*loop.Suite
	config, err := loop.Load(name)
	switch {
	case err == nil:
		if suites, err = config.Select(t.Suites...); err != nil {
			return nil, err
		}
	case t.Config == "" && errors.Is(err, fs.ErrNotExist) && len(t.Suites) == 0 && t.starts() != 0:
		suites = []*loop.Suite{{Name: "suite"}}
	case t.Config == "" && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no %s here; hostspec init --suite NAME writes one, or say all by flags: --image, --converge, --specs", loop.ConfigName)
	default:
		return nil, err
	}
	if t.replaces() && len(suites) > 1 {
		return nil, fmt.Errorf("flags that replace what %s says are for one suite; name it", name)
	}
	if t.Watch && len(suites) > 1 {
		return nil, errors.New("--watch is for one suite; name it")
	}
	if t.Watch && t.Promote != "" {
		return nil, errors.New("--watch and --promote contradict each other: nothing is promoted while it goes on")
	}
	if t.MinCoverage < 0 || t.MinCoverage > 100 {
		return nil, fmt.Errorf("--min-coverage %d: want 0 to 100", t.MinCoverage)
	}
	if t.Timeout != nil && *t.Timeout <= 0 {
		return nil, fmt.Errorf("--timeout %v: want a time above zero such as 30s or 2m", *t.Timeout)
	}
	for _, s := range suites {
		if err := t.replace(s); err != nil {
			return nil, err
		}
	}
	return suites, nil
}

// file is the absolute name, by whatever links it was reached, of the file in which the
// suites stand, or would stand.
func (t *tddCommand) file() (string, error) {
	dir, name := filepath.Split(cmp.Or(t.Config, loop.ConfigName))
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, name), nil
}

// starts counts the flags that say where to begin.
func (t *tddCommand) starts() int {
	n := 0
	for _, text := range []string{t.Image, t.Dockerfile, t.Target} {
		if text != "" {
			n++
		}
	}
	return n
}

func (t *tddCommand) replaces() bool {
	return t.starts() > 0 || t.Boot != "" || len(t.Mount)+len(t.Env)+len(t.Converge)+len(t.Specs)+len(t.Ignore) > 0 || t.Promote != ""
}

// replace puts what flags say in the place of what the file says.
func (t *tddCommand) replace(s *loop.Suite) error {
	o := loop.Override{
		Image: t.Image, Dockerfile: t.Dockerfile, Target: t.Target, Boot: t.Boot, Mount: t.Mount, Env: t.Env,
		Converge: t.Converge, Specs: t.Specs, Ignore: t.Ignore, Promote: t.Promote,
	}
	return o.Apply(s)
}

func (t *tddCommand) outputs(ctx context.Context, c *console) (*outputs, error) {
	if len(t.Formats) == 0 {
		return &outputs{lastLine: c.stdout}, nil
	}
	wanted, err := parseOutputs(t.Formats)
	if err != nil {
		return nil, err
	}
	// The terminal shows the stages unless a report was asked for there.
	kept := wanted[:0]
	for _, o := range wanted {
		if o.file != "" || slices.Contains(t.Formats, o.format.Name) || slices.Contains(t.Formats, o.format.Name+":-") {
			kept = append(kept, o)
		}
	}
	for _, o := range kept {
		if t.Watch && o.file == "" && o.format.Document != nil {
			return nil, fmt.Errorf("--watch would write one document after another to the terminal; -f %s:FILE keeps the newest", o.format.Name)
		}
	}
	return openOutputs(ctx, kept, c, t.NoColor)
}

// options are those of one suite.
func (r *tddRun) options(s *loop.Suite) loop.Options {
	t := r.command
	o := loop.Options{
		Sandboxes: docker.Sandboxes{},
		Strict:    t.Strict, MinCoverage: t.MinCoverage, Keep: t.Keep || t.Reuse, Reuse: t.Reuse, Force: t.Force, Live: t.OnLive,
		Container: containerName(r.file, s),
		Open:      func(uri *backends.URI) (*target.Target, error) { return newTarget(uri, r.password) },
	}
	if t.Timeout != nil {
		o.Timeout = *t.Timeout
	}
	return o
}

// containerName is that of a container that is kept: the same for the same suite of the
// same file, and another for another, such as that of a second checkout.
func containerName(file string, s *loop.Suite) string {
	readable := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, filepath.Base(filepath.Dir(file)))
	return fmt.Sprintf("hostspec-tdd-%s-%.4x-%s", readable, sha256.Sum256([]byte(file)), s.Name)
}
