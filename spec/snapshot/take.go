package snapshot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/evidence"
	_ "github.com/hostspec/hostspec/spec/resource" // adds its kinds to the catalogue
	"github.com/hostspec/hostspec/spec/target"
)

// DefaultTimeout bounds each question of a snapshot: hashing takes about a second
// for 200 MB.
const DefaultTimeout = 10 * time.Minute

// DefaultWatch are the folders whose files are known without being asked for: where
// people and their tools put what makes a machine what it is. What packages bring
// elsewhere is told as packages.
func DefaultWatch() []string {
	return []string{"/etc", "/home", "/opt", "/root", "/srv", "/usr/local", "/var/spool/cron", "/var/www"}
}

// Options say what a Snapshot is to hold. The zero value works.
type Options struct {
	// Watch are folders beside those of DefaultWatch. Below them nothing is noise.
	Watch []string
	// Whole watches the whole tree, but for what is noise.
	Whole bool
	// Ignore are patterns of what to leave out, as in NoiseRule.Pattern. What they
	// name in the form FOLDER/** is not even looked at.
	Ignore []string
	// Container says that the target is a container, whose engine writes some files.
	Container bool
	// Stamps lists files with their times and hashes none; see Candidates.
	Stamps bool
	// Timeout bounds each question; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Take takes a snapshot in one exchange with the target's shell. What could not be
// told stands in it as such. The error says that nothing could be told: that the
// target is a *backends.UnreachableError, or has no shell, or that the options make
// no sense.
func Take(ctx context.Context, t *target.Target, opt Options) (*Snapshot, error) {
	r, err := newRequest(opt)
	if err != nil {
		return nil, err
	}
	return r.take(ctx, t, opt)
}

// Files takes a snapshot of nothing but files, hashed, by absolute names: each one and
// what is below it, whether or not that is noise.
func Files(ctx context.Context, t *target.Target, names []string) (*Snapshot, error) {
	r := &request{mark: rand.Text(), watch: outermost(slices.Clone(names))}
	r.asked = r.watch
	r.sections = []section{r.files(false), r.sums()}
	return r.take(ctx, t, Options{})
}

func (r *request) take(ctx context.Context, t *target.Target, opt Options) (*Snapshot, error) {
	began := time.Now()
	outputs, err := r.ask(ctx, t, opt)
	if err != nil {
		return nil, err
	}
	sys, err := t.System(ctx)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{
		Target: t.String(), System: sys.String(), Time: began.Truncate(time.Second).UTC(),
		Watched: r.watch, Ignored: slices.Clone(opt.Ignore), Container: opt.Container, asked: r.asked,
	}
	for _, section := range r.sections {
		if section.read == nil {
			continue
		}
		o := outputs[section.name]
		var facts []Fact
		err := o.err
		if err == nil {
			facts, err = section.read(s, sys, o.Output, outputs)
		}
		if err != nil {
			facts = nil
			for _, kind := range section.kinds {
				facts = append(facts, catalogue.CannotTell(kind, reasonOf(err)))
			}
		}
		s.facts = append(s.facts, facts...)
	}
	s.facts = sortFacts(s.facts)
	return s, nil
}

// A request is what one snapshot asks.
type request struct {
	sections []section
	watch    []string // folders to be looked into, none within another
	asked    []string
	pruned   []string // not looked into, as find(1)'s -path takes them
	mark     string   // stands in no name and no content
}

// A section is one question and the kinds of facts that it is about.
type section struct {
	name   string
	kinds  []string
	script string
	// read makes facts of the answer. An error means that none of them could be
	// told.
	read func(s *Snapshot, sys target.System, o target.Output, all map[string]answered) ([]Fact, error)
}

// answered is how a section was answered.
type answered struct {
	target.Output
	err error
}

func newRequest(opt Options) (*request, error) {
	r := &request{mark: rand.Text()}
	for _, p := range opt.Ignore {
		if err := CheckIgnore(p); err != nil {
			return nil, err
		}
	}
	for _, dir := range opt.Watch {
		if !path.IsAbs(dir) || strings.ContainsRune(dir, 0) {
			return nil, fmt.Errorf("%q cannot be watched: want the path of a folder, from / on", dir)
		}
		r.asked = append(r.asked, path.Clean(dir))
	}
	r.watch = outermost(append(DefaultWatch(), r.asked...))
	if opt.Whole {
		r.watch = []string{"/"}
	}
	r.pruned = newFilter(opt.Ignore, r.asked, opt.Container).pruned()
	r.sections = append(r.catalogued(), r.files(opt.Stamps))
	if !opt.Stamps {
		r.sections = append(r.sections, r.sums())
	}
	return r, nil
}

// catalogued are the questions of the catalogue.
func (r *request) catalogued() []section {
	var out []section
	listings, kinds := catalogue.Listings()
	for _, l := range listings {
		out = append(out, section{name: l.Name, kinds: kinds[l], script: l.Script(r.mark),
			read: func(_ *Snapshot, sys target.System, o target.Output, _ map[string]answered) ([]Fact, error) {
				return l.Read(sys, o, r.sectionsOf(o.Stdout))
			}})
	}
	return out
}

// outermost leaves out folders that lie within others.
func outermost(dirs []string) []string {
	dirs = slices.Compact(slices.Sorted(slices.Values(dirs)))
	return slices.DeleteFunc(slices.Clone(dirs), func(dir string) bool {
		return slices.ContainsFunc(dirs, func(other string) bool { return other != dir && below(dir, other) })
	})
}

// ask puts all questions in one exchange.
func (r *request) ask(ctx context.Context, t *target.Target, opt Options) (map[string]answered, error) {
	scripts := map[string]string{}
	for _, s := range r.sections {
		scripts[s.name] = s.script
	}
	kind := questions(scripts)
	v := target.View{Target: t, As: t.As(), Timeout: opt.Timeout}
	if v.Timeout == 0 {
		v.Timeout = DefaultTimeout
	}
	var wants []target.Want
	for _, s := range r.sections {
		wants = append(wants, kind.Of(s.name))
	}
	v, err := v.Together(ctx, wants...)
	if err != nil {
		return nil, err
	}
	out := map[string]answered{}
	var failed []error
	for _, s := range r.sections {
		o, _, err := target.Ask(ctx, v, kind, s.name)
		if err != nil {
			failed = append(failed, err)
		}
		out[s.name] = answered{o, err}
	}
	if len(failed) == len(r.sections) {
		return nil, fmt.Errorf("nothing could be told about %s: %w", t, failed[0])
	}
	return out, nil
}

// questions is a kind of fact for scripts by name: what each prints. None of them
// is asked for by more than one name, so that one that hangs does not take others
// with it.
func questions(scripts map[string]string) *target.Kind[target.Output] {
	return &target.Kind[target.Output]{
		Name: "snapshot of",
		Ask: func(_ target.System, names []string) ([]target.Question, error) {
			var out []target.Question
			for _, name := range names {
				out = append(out, target.Question{Names: []string{name}, Script: scripts[name], Show: "snapshot of " + name})
			}
			return out, nil
		},
		Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[target.Output], error) {
			return map[string]target.Answer[target.Output]{q.Names[0]: {Fact: o}}, nil
		},
	}
}

// reasonOf is an error in one line.
func reasonOf(err error) string {
	text := err.Error()
	if u := (*evidence.Unknown)(nil); errors.As(err, &u) {
		if text = u.Reason; text == "" && u.Err != nil {
			text = u.Err.Error()
		}
	}
	return strings.Join(strings.Fields(evidence.Excerpt(text, 200)), " ")
}

// failure is what a question that ended with an error said.
func failure(o target.Output) error {
	said := strings.TrimSpace(string(o.Stderr))
	if said == "" {
		said = o.Status.String()
	}
	return errors.New(evidence.Excerpt(said, 200))
}

// sectionsOf cuts an output at lines "MARK NAME". What stands before the first one
// has the empty name.
func (r *request) sectionsOf(stdout []byte) map[string]string {
	out := map[string]string{}
	parts := strings.Split("\n"+string(stdout), "\n"+r.mark+" ")
	out[""] = strings.TrimPrefix(parts[0], "\n")
	for _, part := range parts[1:] {
		name, text, _ := strings.Cut(part, "\n")
		out[name] = text
	}
	return out
}
