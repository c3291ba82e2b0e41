package snapshot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A stamp is what the kernel changes when it writes a file. No two moments are told
// apart by the time of last change alone where clocks are coarse, and that of
// content can be set by anybody.
type stamp struct{ changed, inode, modified, size string }

func stampsOf(rows []fact.FileRow) map[string]stamp {
	out := make(map[string]stamp, len(rows))
	for _, r := range rows {
		if r.Type == "f" {
			out[r.Name] = stamp{r.Changed, r.Inode, r.ModTime, r.Size}
		}
	}
	return out
}

// fresh reports whether a file had changed so shortly before it was listed that a
// later change may bear the same time.
func (s *Snapshot) fresh(name string) bool {
	seconds, _, _ := strings.Cut(s.stamps[name].changed, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	return err != nil || n >= s.began-1
}

// sameStamp reports whether the content of a file is the same in two lists of one
// target, by what the kernel keeps.
func sameStamp(before, after *Snapshot, name string) bool {
	a, ok := before.stamps[name]
	b, ok2 := after.stamps[name]
	return ok && ok2 && a == b && !before.fresh(name)
}

// Candidates names the files whose content may differ between two snapshots of one
// target that were taken with Options.Stamps, and those that only the second has,
// sorted. All other files have the content that they had, or are noise. A file that
// was written less than a second before it was first listed is always among them.
func Candidates(before, after *Snapshot) []string {
	var out []string
	noise := after.filter()
	for name := range after.stamps {
		if !sameStamp(before, after, name) && !noise.ignores(KindFile, name, false) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// filter knows what is left out of the snapshot.
func (s *Snapshot) filter() filter { return newFilter(s.Ignored, s.asked, s.Container) }

// A Digest is the SHA-256 of a file, in hexadecimal digits, or why it could not be
// told. The zero value is that of a file that does not exist.
type Digest struct {
	SHA256, Unknown string
}

// chunk bounds the names of one call of sha256sum, in bytes: a system that takes
// 128 KiB of arguments is the smallest there is.
const chunk = 60_000

// sumsScript hashes files. Tools write odd names in ways of their own, so these are not
// handed to them: the N-th of odd is told as /N.
func sumsScript(names []string) (text string, odd []string) {
	var script strings.Builder
	script.WriteString("command -v sha256sum >/dev/null || exit 127\n")
	var plain []string
	size := 0
	flush := func() {
		if len(plain) > 0 {
			fmt.Fprintf(&script, "sha256sum -- %s\n", backends.Quote(plain...))
		}
		plain, size = nil, 0
	}
	for _, name := range names {
		if fact.Odd(name) {
			odd = append(odd, name)
			continue
		}
		if plain = append(plain, name); size+len(name) > chunk {
			flush()
		}
		size += len(name) + 3
	}
	flush()
	for i, name := range odd {
		fmt.Fprintf(&script, "if [ -e %[1]s ]; then sha256sum <%[1]s | sed 's|-$|/%[2]d|'; else echo 'sha256sum: /%[2]d: %[3]s' >&2; fi\n", backends.Quote(name), i, gone)
	}
	script.WriteString("exit 0")
	return script.String(), odd
}

// Hash has a target hash files, in one exchange. Their names are absolute. The
// error says that nothing could be told.
func Hash(ctx context.Context, t *target.Target, names []string, opt Options) (map[string]Digest, error) {
	out := make(map[string]Digest, len(names))
	if len(names) == 0 {
		return out, nil
	}
	script, odd := sumsScript(names)
	r := &request{sections: []section{{name: sumsSection, script: script}}}
	outputs, err := r.ask(ctx, t, opt)
	if err != nil {
		return nil, err
	}
	o := outputs[sumsSection]
	if !o.Status.Success() {
		return nil, failure(o.Output)
	}
	sums, err := fact.ParseSHA256(string(o.Stdout))
	if err != nil {
		return nil, err
	}
	reasons, _ := fact.ParseComplaints(o.Stderr)
	for _, name := range names {
		as := name
		if i := slices.Index(odd, name); i >= 0 {
			as = "/" + strconv.Itoa(i)
		}
		d := Digest{SHA256: sums[as], Unknown: reasons[as]}
		if d.SHA256 == "" && d.Unknown == "" {
			d.Unknown = "it was not hashed"
		}
		if d.Unknown == gone {
			d.Unknown = ""
		}
		out[name] = d
	}
	return out, nil
}

// WithHashes returns the snapshot with sums in the place of what was only listed.
// Files that are not among them, or that did not exist when they were to be hashed,
// stay as they are: that their content differs could not be told.
func (s *Snapshot) WithHashes(sums map[string]Digest) *Snapshot {
	c := *s
	c.facts = slices.Clone(s.facts)
	c.stamps = maps.Clone(s.stamps)
	for i, f := range c.facts {
		d, ok := sums[f.Name]
		if _, listed := c.stamps[f.Name]; !ok || !listed || d == (Digest{}) ||
			f.Kind != KindFile && f.Kind != KindCron || slices.Contains(accountFiles, f.Name) {
			continue
		}
		if d.Unknown != "" {
			c.facts[i] = f.Unknown("sha256", d.Unknown)
		} else {
			c.facts[i] = f.With("sha256", d.SHA256)
		}
		delete(c.stamps, f.Name)
	}
	return &c
}
