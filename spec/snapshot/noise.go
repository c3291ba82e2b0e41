package snapshot

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hostspec/hostspec/spec/catalogue"
)

// A NoiseRule leaves out what differs although nothing of substance has changed.
type NoiseRule struct {
	// Pattern is a path of files, or KIND:NAME for facts of other kinds. A * stands
	// for any part of a name without a slash, ** for any number of folders, {a,b}
	// for either; what ends in /** is what lies below a folder, not the folder.
	Pattern string
	// Why says what makes the noise.
	Why string
	// Except are patterns that are compared all the same.
	Except []string
	// Folders says that folders are compared all the same, by type, mode and owner.
	Folders bool
	// Container says that the rule is for containers only.
	Container bool
}

// Noise returns what is left out of every comparison. That such a list keeps
// Puppet, Ansible, Itamae and CFEngine quiet when they run twice was measured.
func Noise() []NoiseRule {
	rules := fileNoise()
	for _, k := range catalogue.Kinds() {
		for _, n := range k.Noise {
			rules = append(rules, NoiseRule{Pattern: k.Name + ":" + n.Name, Why: n.Why, Container: n.Container})
		}
	}
	return rules
}

func fileNoise() []NoiseRule {
	return []NoiseRule{
		{Pattern: "/proc/**", Why: "the kernel's own; what counts there is told as mounts, ports and parameters"},
		{Pattern: "/sys/**", Why: "the kernel's own"},
		{Pattern: "/dev/**", Why: "devices, made at each boot"},
		{Pattern: "/run/**", Why: "what runs at the moment, gone with a boot"},
		{Pattern: "/tmp/**", Why: "temporary files"},
		{Pattern: "/var/tmp/**", Why: "temporary files"},
		{Pattern: "/var/log/**", Why: "logs; their folders are compared", Folders: true},
		{Pattern: "/var/cache/**", Why: "caches, Puppet's and apt's among them; their folders are compared", Folders: true},
		{Pattern: "/**/.cache/**", Why: "caches of programs that people run"},
		{Pattern: "/**/go/pkg/mod/**", Why: "the cache of Go's modules; go mod download fills it"},
		{Pattern: "/**/{node_modules,.npm,.yarn/cache,.pnpm-store}/**", Why: "what npm, yarn and pnpm have fetched"},
		{Pattern: "/**/{.cargo/registry,.cargo/git,.rustup/toolchains}/**", Why: "what cargo and rustup have fetched"},
		{Pattern: "/**/{.m2/repository,.gradle/caches,.gradle/wrapper,.ivy2/cache}/**", Why: "what Maven, Gradle and Ivy have fetched"},
		{Pattern: "/**/{.nuget/packages,.composer/cache,.bundle/cache,.conda/pkgs}/**", Why: "what NuGet, Composer, Bundler and conda have fetched"},
		{Pattern: "/**/{.git/objects,.hg/store,.svn/pristine}/**", Why: "the histories of repositories; what is checked out is compared"},
		{Pattern: "/**/{.vscode-server,.local/share/Trash}/**", Why: "an editor's own programs, and what people threw away"},
		{Pattern: "/etc/{passwd,shadow,group,gshadow,subuid,subgid}-", Why: "backups of the account databases"},
		{Pattern: "/etc/.pwd.lock", Why: "the lock of the account databases"},
		{Pattern: "/etc/mtab", Why: "what is mounted is told as mounts"},
		{Pattern: "/var/lib/dpkg/**", Why: "what is installed is told as packages",
			Except: []string{"/var/lib/dpkg/{diversions,statoverride}", "/var/lib/dpkg/alternatives/**"}},
		{Pattern: "/var/lib/apt/**", Why: "apt's lists and marks"},
		{Pattern: "/var/lib/systemd/{timers,linger}/**", Why: "when timers last fired"},
		{Pattern: "/var/lib/systemd/random-seed", Why: "saved at each shutdown"},
		{Pattern: "/var/lib/systemd/deb-systemd-helper-{enabled,masked}/**", Why: "Debian's notes on what packages have enabled; services are compared"},
		{Pattern: "/var/cache/puppet/**", Why: "Puppet's own state, its folders too"},
		{Pattern: "/var/lib/puppet/{state,reports,clientbucket}/**", Why: "Puppet's own state"},
		{Pattern: "/var/lib/puppet/ssl{,/**}", Why: "Puppet's own keys and certificates, made when it first runs"},
		{Pattern: "/etc/puppet/devices", Why: "made by Puppet when it first runs"},
		{Pattern: "/opt/puppetlabs/puppet/{cache,public}/**", Why: "Puppet's own state"},
		{Pattern: "/etc/puppetlabs/puppet/{ssl,devices}{,/**}", Why: "Puppet's own keys and certificates, made when it first runs"},
		{Pattern: "/var/lib/cfengine3/{state,outputs,reports,lastseen}/**", Why: "CFEngine's own state"},
		{Pattern: "/var/lib/cfengine3/randseed", Why: "CFEngine's own state"},
		{Pattern: "/var/cfengine/**", Why: "CFEngine's own state"},
		{Pattern: "/{root,home/*}/.ansible{,/**}", Why: "Ansible's working folder"},
		{Pattern: "/**/__pycache__/**", Why: "what Python compiled as it ran"},
		{Pattern: "/etc/{hosts,hostname,resolv.conf}", Why: "written by the container engine", Container: true},
	}
}

// CheckIgnore says what is wrong with a pattern of Options.Ignore or
// DiffOptions.Ignore.
func CheckIgnore(pattern string) error {
	kind, name := splitPattern(pattern)
	switch {
	case pattern == "":
		return fmt.Errorf("an empty pattern ignores nothing")
	case !slices.Contains(Kinds(), kind):
		return fmt.Errorf("%q ignores nothing: want the path of files, from / on, or KIND:NAME with one of the kinds %s", pattern, strings.Join(Kinds(), ", "))
	case !doublestar.ValidatePattern(name):
		return fmt.Errorf("%q is not a valid pattern: a [ or { has no end", pattern)
	}
	return nil
}

// splitPattern parts KIND:NAME. A path is of files.
func splitPattern(pattern string) (kind, name string) {
	if strings.HasPrefix(pattern, "/") {
		return KindFile, pattern
	}
	kind, name, _ = strings.Cut(pattern, ":")
	return kind, name
}

// A filter knows what is left out.
type filter struct {
	rules []NoiseRule
	// asked are folders that somebody wants to see although they are noise.
	asked []string
}

// newFilter joins the rules of Noise with patterns of a user, which hold whatever
// is asked for.
func newFilter(ignore, asked []string, container bool) filter {
	f := filter{asked: asked}
	for _, r := range Noise() {
		if container || !r.Container {
			f.rules = append(f.rules, r)
		}
	}
	for _, p := range ignore {
		f.rules = append(f.rules, NoiseRule{Pattern: p})
	}
	return f
}

// ignores reports whether a fact is left out. Cron tables are files, too.
func (f filter) ignores(kind, name string, folder bool) bool {
	for _, r := range f.rules {
		if r.matches(kind, name, folder) && !f.wanted(r, kind, name) {
			return true
		}
	}
	return false
}

// wanted reports whether name lies below a folder that was asked for and that the
// rule, being one of Noise, would take away.
func (f filter) wanted(r NoiseRule, kind, name string) bool {
	if r.Why == "" || kind != KindFile && kind != KindCron {
		return false
	}
	return slices.ContainsFunc(f.asked, func(dir string) bool {
		return below(name, dir) && (r.matches(KindFile, dir, false) || r.matches(KindFile, dir+"/x", false))
	})
}

func (r NoiseRule) matches(kind, name string, folder bool) bool {
	of, pattern := splitPattern(r.Pattern)
	if of != kind && (of != KindFile || kind != KindCron) || r.Folders && folder {
		return false
	}
	if !match(pattern, name) {
		return false
	}
	return !slices.ContainsFunc(r.Except, func(p string) bool { return match(p, name) })
}

// match is doublestar's, but for DIR/**, which is not DIR itself.
func match(pattern, name string) bool {
	if dir, ok := plainFolder(pattern); ok {
		return len(name) > len(dir)+1 && name[len(dir)] == '/' && name[:len(dir)] == dir
	}
	if !doublestar.MatchUnvalidated(pattern, name) {
		return false
	}
	dir, ok := strings.CutSuffix(pattern, "/**")
	return !ok || !doublestar.MatchUnvalidated(dir, name)
}

// plainFolder returns DIR of a pattern DIR/** in which nothing else stands for
// something else.
func plainFolder(pattern string) (dir string, ok bool) {
	dir, ok = strings.CutSuffix(pattern, "/**")
	return dir, ok && dir != "" && !strings.ContainsAny(dir, `*?[{\`)
}

// below reports whether name is dir or lies below it.
func below(name, dir string) bool {
	return dir == "/" || strings.HasPrefix(name, dir) && (len(name) == len(dir) || name[len(dir)] == '/')
}

// pruned are the folders that need not be looked into, since all that is below is left
// out: DIR of a pattern DIR/**, and */DIR of a pattern /**/DIR/**, as find(1) takes it.
// None of them holds what somebody wants to see.
func (f filter) pruned() []string {
	var out []string
	add := func(dir string) {
		if !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	for _, r := range f.rules {
		kind, pattern := splitPattern(r.Pattern)
		if kind != KindFile || r.Folders || r.Except != nil || slices.ContainsFunc(f.asked, func(dir string) bool { return f.wanted(r, KindFile, dir+"/x") }) {
			continue
		}
		if dir, ok := plainFolder(pattern); ok {
			add(path.Clean(dir))
			continue
		}
		rest, anywhere := strings.CutPrefix(pattern, "/**/")
		for _, name := range alternatives(rest) {
			if dir, ok := plainFolder(name); anywhere && ok {
				add("*/" + dir)
			}
		}
	}
	return out
}

// alternatives takes a pattern with one {a,b} at its beginning apart.
func alternatives(pattern string) []string {
	inside, rest, ok := strings.Cut(strings.TrimPrefix(pattern, "{"), "}")
	if !strings.HasPrefix(pattern, "{") || !ok {
		return []string{pattern}
	}
	var out []string
	for one := range strings.SplitSeq(inside, ",") {
		out = append(out, one+rest)
	}
	return out
}
