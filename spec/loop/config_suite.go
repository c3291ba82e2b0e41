package loop

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"go.yaml.in/yaml/v3"

	"github.com/hostspec/hostspec/backends"
)

// suiteKeys reads what stands behind each key of a suite.
var suiteKeys = []struct {
	name string
	read func(*reader, *Suite, field)
}{
	{"image", (*reader).image},
	{"dockerfile", (*reader).dockerfile},
	{"target", (*reader).target},
	{"boot", (*reader).boot},
	{"mount", (*reader).mounts},
	{"env", (*reader).env},
	{"converge", (*reader).converge},
	{"specs", (*reader).specs},
	{"ignore", (*reader).ignore},
	{"promote", (*reader).promote},
}

// convergeKeys are the keys of a command that says more than what to run.
var convergeKeys = []string{"run", "on", "accept", "timeout", "passes"}

func suiteKeyNames() []string {
	var names []string
	for _, k := range suiteKeys {
		names = append(names, k.name)
	}
	return names
}

// suiteName is what a suite may be called: it becomes part of the names of
// containers and reports.
var suiteName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// CheckName says what is wrong with the name of a suite.
func CheckName(name string) error {
	if !suiteName.MatchString(name) {
		return fmt.Errorf("suite %q: a name has letters and digits, and . _ - after the first", name)
	}
	return nil
}

// parse reads a text, without a look at the files that it names.
func (r *reader) parse(text []byte) *Config {
	doc := r.document(text)
	if doc == nil {
		return nil
	}
	const example = "suites: {web: {image: ..., converge: ..., specs: ...}}"
	c := &Config{File: r.file}
	found := false
	for _, f := range r.fields(doc, "the file", example) {
		if f.key.Value != "suites" {
			r.unknownAtTop(f.key)
			continue
		}
		found = true
		suites := r.fields(f.value, "suites", example)
		if len(suites) == 0 && f.value.Kind == yaml.MappingNode && len(f.value.Content) == 0 {
			r.wrong(f.value, "there is no suite in it")
		}
		for _, s := range suites {
			if suite := r.suite(s); suite != nil {
				c.Suites = append(c.Suites, suite)
			}
		}
	}
	if !found && len(r.errs) == 0 {
		r.wrong(doc, "there is no key suites")
	}
	return c
}

func (r *reader) unknownAtTop(key *yaml.Node) {
	if slices.Contains(suiteKeyNames(), key.Value) {
		r.wrong(key, "%q is a key of a suite; write it under suites: {NAME: ...}", key.Value)
		return
	}
	r.wrong(key, "unknown key %q; %s", key.Value, nearest(key.Value, []string{"suites"}))
}

func (r *reader) suite(f field) *Suite {
	s := &Suite{Name: f.key.Value}
	if err := CheckName(s.Name); err != nil {
		r.wrong(f.key, "%w", err)
		return nil
	}
	what := "suite " + quoted(s.Name)
	fields := r.fields(f.value, what, "{image: ..., converge: ..., specs: ...}")
	if fields == nil && (f.value.Kind != yaml.MappingNode || len(f.value.Content) > 0) {
		return nil
	}
	given := map[string]*yaml.Node{}
	for _, key := range fields {
		i := slices.Index(suiteKeyNames(), key.key.Value)
		switch {
		case i >= 0:
			given[key.key.Value] = key.key
			suiteKeys[i].read(r, s, key)
		case slices.Contains(convergeKeys, key.key.Value):
			r.wrong(key.key, "%q is not a key of %s but of converge; write converge: {run: ..., %[1]s: ...}", key.key.Value, what)
		default:
			r.wrong(key.key, "unknown key %q in %s; %s", key.key.Value, what, nearest(key.key.Value, suiteKeyNames()))
		}
	}
	r.together(f.key, what, given)
	return s
}

// together checks which keys a suite needs, and which do not go together.
func (r *reader) together(suite *yaml.Node, what string, given map[string]*yaml.Node) {
	const choice = "image, dockerfile, target"
	var bases []*yaml.Node
	for _, name := range strings.Split(choice, ", ") {
		if key := given[name]; key != nil {
			bases = append(bases, key)
		}
	}
	slices.SortFunc(bases, func(a, b *yaml.Node) int { return a.Line*maxConfig + a.Column - b.Line*maxConfig - b.Column })
	if len(bases) == 0 {
		r.wrong(suite, "%s has none of %s; it needs one of them", what, choice)
	}
	for _, b := range bases[min(1, len(bases)):] {
		r.wrong(b, "%s has %s and %s; one of %s is all it can start from", what, bases[0].Value, b.Value, choice)
	}
	if given["specs"] == nil {
		r.wrong(suite, "%s has no specs", what)
	}
	if given["target"] == nil {
		return
	}
	for _, name := range []string{"boot", "mount", "promote"} {
		if key := given[name]; key != nil && len(bases) == 1 {
			r.wrong(key, "%s has a target, which is there already; %s is for containers made from an image or a dockerfile", what, name)
		}
	}
}

func (r *reader) image(s *Suite, f field) {
	text, ok := r.text(f.value, "image")
	if !ok {
		return
	}
	if _, err := reference.ParseAnyReference(text); err != nil {
		r.wrong(f.value, "image %q: %w; want one such as debian:bookworm", text, err)
		return
	}
	s.Image = text
}

func (r *reader) dockerfile(s *Suite, f field) {
	if text, ok := r.text(f.value, "dockerfile"); ok {
		s.Dockerfile = r.named(f.value, "dockerfile", text, wantFile)
	}
}

func (r *reader) target(s *Suite, f field) {
	text, ok := r.text(f.value, "target")
	if !ok {
		return
	}
	if _, err := backends.Parse(text); err != nil {
		r.wrong(f.value, "%w", err)
		return
	}
	s.Target = text
}

func (r *reader) boot(s *Suite, f field) {
	text, ok := r.text(f.value, "boot")
	switch {
	case !ok:
	case text == "systemd":
		s.Systemd = true
	case text != "plain":
		r.wrong(f.value, "boot %q: want systemd, or plain for a process that waits (the default)", text)
	}
}

func (r *reader) mounts(s *Suite, f field) {
	at := map[string]string{}
	for _, m := range r.fields(f.value, "mount", "{./manifests: /manifests}") {
		from, ok := r.text(m.key, "the source of a mount")
		if !ok {
			continue
		}
		to, ok := r.text(m.value, "the mount of "+from)
		if !ok {
			continue
		}
		clean := path.Clean(to)
		switch {
		case !path.IsAbs(to) || clean == "/" || strings.Contains(to, ":"):
			r.wrong(m.value, "the mount of %s at %q: want an absolute path in the container, such as /manifests", from, to)
		case at[clean] != "":
			r.wrong(m.value, "%s and %s are both mounted at %s", at[clean], from, clean)
		default:
			at[clean] = from
			s.Mounts = append(s.Mounts, Mount{r.named(m.key, "mount", from, wantAny), clean})
		}
	}
}

// variableName is a name of the environment (POSIX.1-2017, 3.235).
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// env takes values as they are written: 1.10 stays 1.10, and yes stays yes.
func (r *reader) env(s *Suite, f field) {
	for _, v := range r.fields(f.value, "env", "{STAGE: test}") {
		name := v.key.Value
		switch {
		case !variableName.MatchString(name):
			r.wrong(v.key, "env %q: a variable's name has letters, digits and _", name)
		case !r.plain(v.value):
		case v.value.Kind != yaml.ScalarNode || v.value.ShortTag() == "!!null":
			r.wrong(v.value, `env %s is %s; want a text, "" for an empty one`, name, kind(v.value))
		case strings.ContainsRune(v.value.Value, 0):
			r.wrong(v.value, "env %s has a NUL byte in it", name)
		default:
			s.Env = append(s.Env, Variable{name, v.value.Value})
		}
	}
}

func (r *reader) converge(s *Suite, f field) {
	commands := []*yaml.Node{f.value}
	if f.value.Kind == yaml.SequenceNode {
		commands = r.list(f.value, "converge", "[apt-get update, apt-get install -y nginx]")
	}
	for _, n := range commands {
		if c, ok := r.command(n); ok {
			s.Converge = append(s.Converge, c)
		}
	}
}

func (r *reader) command(n *yaml.Node) (Converge, bool) {
	c := Converge{Passes: 1}
	var ok bool
	if n.Kind != yaml.MappingNode {
		c.Run, ok = r.text(n, "converge")
		return c, ok
	}
	runs := false
	for _, f := range r.fields(n, "converge", "{run: ..., accept: [0, 2]}") {
		switch f.key.Value {
		case "run":
			runs = true
			c.Run, _ = r.text(f.value, "run")
		case "on":
			c.Here = r.side(f.value)
		case "accept":
			c.Accept = r.codes(f.value)
		case "timeout":
			c.Timeout = r.duration(f.value, "timeout")
		case "passes":
			c.Passes, _ = r.number(f.value, "passes", 1, 100)
		default:
			r.wrong(f.key, "unknown key %q in converge; %s", f.key.Value, nearest(f.key.Value, convergeKeys))
		}
	}
	if !runs && r.plain(n) {
		r.wrong(n, "converge has no run, which is the command")
	}
	return c, true
}

func (r *reader) side(n *yaml.Node) (here bool) {
	text, ok := r.text(n, "on")
	if ok && text != "here" && text != "target" {
		r.wrong(n, "on %q: want target (the default), or here for this side", text)
	}
	return text == "here"
}

func (r *reader) codes(n *yaml.Node) []int {
	codes := map[int]bool{}
	for _, item := range r.list(n, "accept", "[0, 2]") {
		if code, ok := r.number(item, "an exit code", 0, 255); ok {
			codes[code] = true
		}
	}
	return slices.Sorted(maps.Keys(codes))
}

func (r *reader) duration(n *yaml.Node, what string) time.Duration {
	if !r.plain(n) {
		return 0
	}
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 {
		found := kind(n)
		if n.Kind == yaml.ScalarNode && n.Value != "" {
			found = quoted(n.Value)
		}
		r.wrong(n, "%s is %s; want a time above zero such as 30s or 10m", what, found)
		return 0
	}
	return d
}

// texts are a text, or several.
func (r *reader) texts(n *yaml.Node, what, example string) []*yaml.Node {
	items := []*yaml.Node{n}
	if n.Kind != yaml.ScalarNode {
		items = r.list(n, what, example)
	}
	var good []*yaml.Node
	for _, item := range items {
		if _, ok := r.text(item, what); ok {
			good = append(good, item)
		}
	}
	return good
}

// specFile is a file of specs, or lines of it, as `hostspec run` takes them.
var specFile = regexp.MustCompile(`^(.+\.go)(:[0-9][0-9,-]*)?$`)

func (r *reader) specs(s *Suite, f field) {
	for _, n := range r.texts(f.value, "specs", "[./spec/base, ./spec/web]") {
		if m := specFile.FindStringSubmatch(n.Value); m != nil {
			s.Specs = append(s.Specs, r.named(n, "specs", m[1], wantFile)+m[2])
			continue
		}
		folder, rest := n.Value, ""
		if i := strings.Index(folder, "..."); i >= 0 {
			i = strings.LastIndexByte(folder[:i], '/') + 1
			folder, rest = folder[:i], "/"+folder[i:]
		}
		s.Specs = append(s.Specs, r.named(n, "specs", folder, wantFolder)+rest)
	}
}

func (r *reader) ignore(s *Suite, f field) {
	for _, n := range r.texts(f.value, "ignore", "[/var/lib/app/cache/**]") {
		_, err := path.Match(n.Value, "")
		if !strings.HasPrefix(n.Value, "/") && !strings.HasPrefix(n.Value, "**/") || err != nil {
			r.wrong(n, "ignore %q: want a pattern of absolute paths such as /var/lib/app/cache/** or **/__pycache__/**", n.Value)
			continue
		}
		s.Ignore = append(s.Ignore, n.Value)
	}
}

func (r *reader) promote(s *Suite, f field) {
	text, ok := r.text(f.value, "promote")
	if !ok {
		return
	}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		r.wrong(f.value, "promote %q: %w; want one such as registry.example/web:tested", text, err)
		return
	}
	_, tagged := named.(reference.Tagged)
	if _, digested := named.(reference.Digested); !tagged || digested {
		r.wrong(f.value, "promote %q: want a name with a tag, such as %s:tested", text, reference.FamiliarName(named))
		return
	}
	s.Promote = text
}

// What a namedFile has to be.
const (
	wantAny = iota
	wantFile
	wantFolder
)

// A namedFile is a file or folder that a text names.
type namedFile struct {
	node             *yaml.Node
	what, text, name string
	want             int
}

// named makes the name of a file absolute and remembers to look for it.
func (r *reader) named(n *yaml.Node, what, text string, want int) string {
	name := filepath.Clean(text)
	if !filepath.IsAbs(text) {
		name = filepath.Join(r.dir, text)
	}
	r.files = append(r.files, namedFile{n, what, text, name, want})
	return name
}

// checkFiles looks for the files.
func (r *reader) checkFiles() {
	for _, f := range r.files {
		info, err := os.Stat(f.name)
		switch {
		case err != nil && os.IsNotExist(err):
			r.wrong(f.node, "%s: %s is not there (looked for %s)", f.what, f.text, f.name)
		case err != nil:
			r.wrong(f.node, "%s: %w", f.what, err)
		case f.want == wantFile && info.IsDir():
			r.wrong(f.node, "%s: %s is a folder; want a file", f.what, f.text)
		case f.want == wantFolder && !info.IsDir():
			r.wrong(f.node, "%s: %s is a file; want a folder, or a Go file of specs", f.what, f.text)
		}
	}
}
