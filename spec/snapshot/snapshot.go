package snapshot

import (
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/catalogue"
)

// The kinds of facts that comparisons know more of than the catalogue says.
const (
	KindPackage   = "package"   // name: version
	KindService   = "service"   // unit: enabled, active
	KindUser      = "user"      // name: uid, gid, home, shell, groups, ...
	KindPassword  = "password"  // user: state (set, locked, unusable, empty), changed, ageing
	KindGroup     = "group"     // name: gid
	KindPort      = "port"      // "tcp 0.0.0.0:80"
	KindMount     = "mount"     // path: type, device, options
	KindCron      = "cron"      // path of a table: as a file
	KindParameter = "parameter" // "net.ipv4.ip_forward": value
	KindFile      = "file"      // path: type, mode, uid, gid, link, size, sha256
)

// Kinds returns the kinds of facts, in the order in which people are shown them.
func Kinds() []string { return catalogue.Names() }

// What is known about a target is kept as facts of the catalogue.
type (
	Fact  = catalogue.Fact
	Attr  = catalogue.Attr
	Attrs = catalogue.Attrs
)

// A Snapshot is what was known about a target at one moment. It does not change.
type Snapshot struct {
	// Target is the target's name for people, and System what it is:
	// "Debian GNU/Linux 12 (bookworm)".
	Target, System string
	// Time is when it was taken, by the clock of whoever took it.
	Time time.Time
	// Watched are the folders below which files are known.
	Watched []string
	// Ignored are the patterns that files were left out by when it was taken,
	// beside those of Noise. Container says that the noise of containers is to be
	// left out, too.
	Ignored   []string
	Container bool

	// asked are those of Watched that somebody asked for by name.
	asked []string
	// facts are sorted by kind and name; no two have both in common.
	facts []Fact
	// stamps are there where files were listed and not hashed.
	stamps map[string]stamp
	// began is when listing began, in whole seconds of the target's clock.
	began int64
}

// Facts returns the facts of a kind, sorted by name. That a whole kind could not
// be told is a Fact without a name.
func (s *Snapshot) Facts(kind string) []Fact {
	begin, _ := slices.BinarySearchFunc(s.facts, kind, func(f Fact, kind string) int { return strings.Compare(f.Kind, kind) })
	end := begin
	for end < len(s.facts) && s.facts[end].Kind == kind {
		end++
	}
	return s.facts[begin:end:end]
}

// Fact finds one fact.
func (s *Snapshot) Fact(kind, name string) (Fact, bool) {
	i, ok := slices.BinarySearchFunc(s.facts, Fact{Kind: kind, Name: name}, compareFacts)
	if !ok {
		return Fact{}, false
	}
	return s.facts[i], true
}

func compareFacts(a, b Fact) int {
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// sortFacts sorts facts. Of several with one kind and name the last one counts.
func sortFacts(facts []Fact) []Fact {
	slices.SortStableFunc(facts, compareFacts)
	out := facts[:0]
	for i, f := range facts {
		if i+1 < len(facts) && compareFacts(f, facts[i+1]) == 0 {
			continue
		}
		out = append(out, f)
	}
	return out
}
