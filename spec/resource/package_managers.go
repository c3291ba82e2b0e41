package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// asIs is the script of managers that are asked the same whatever the names.
func asIs(script string) func([]string) string { return func([]string) string { return script } }

var dpkg = &manager{
	name:      "dpkg",
	database:  "[ -e /var/lib/dpkg/status ]",
	places:    "/var/lib/dpkg/status",
	script:    asIs(dpkgScript(dpkgFolder)),
	stateless: true,
	show:      "dpkg-query -W",
	parse:     parseDpkgList,
	versions:  fact.DpkgVersions{},
	later:     "+-.:", // no name holds "_", and people write it by mistake
	separator: ":",
}

// rpm makes a database where there is none, and then knows no package: so it is
// asked only where one is. It leaves packages out whose signatures are no longer
// trusted unless told to.
var rpm = &manager{
	name: "rpm",
	database: "[ -e /var/lib/rpm/rpmdb.sqlite ] || [ -e /var/lib/rpm/Packages.db ] || [ -e /var/lib/rpm/Packages ] || " +
		"[ -e /usr/lib/sysimage/rpm/rpmdb.sqlite ] || [ -e /usr/lib/sysimage/rpm/Packages.db ] || [ -e /usr/lib/sysimage/rpm/Packages ]",
	places: "/var/lib/rpm or /usr/lib/sysimage/rpm",
	script: asIs(`d=$(rpm --eval '%{_dbpath}') || exit
[ -e "$d/rpmdb.sqlite" ] || [ -e "$d/Packages.db" ] || [ -e "$d/Packages" ] || { echo "there is no database in $d" >&2; exit 1; }
rpm -qa --nosignature --nodigest --qf '%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n'`),
	show:      "rpm -qa",
	parse:     fact.ParseRPMQuery,
	versions:  fact.RPMVersions{},
	later:     "+-._",
	separator: ".",
}

var apk = &manager{
	name:     "apk",
	database: "[ -e /lib/apk/db/installed ] || [ -e /usr/lib/apk/db/installed ]",
	places:   "/lib/apk/db/installed",
	// Most of the file are the names of files.
	script: asIs(`f=/lib/apk/db/installed; [ -e $f ] || [ ! -e /usr$f ] || f=/usr$f
sed -n '/^[PVA]:/p; /^$/p' $f`),
	show:     "cat /lib/apk/db/installed",
	parse:    fact.ParseApkInstalled,
	versions: fact.APKVersions{},
	first:    ".", // of what apk add --virtual makes
	later:    "+-._",
}

// pacman makes a part of its database where that is missing: so it is asked only
// where it is. Architectures are told of the packages wanted.
var pacman = &manager{
	name:     "pacman",
	database: "[ -e /var/lib/pacman/local ]",
	places:   "/var/lib/pacman/local",
	script: func(names []string) string {
		if names == nil { // all of them; it fails where it knows none
			return `pacman -Q || { set -- /var/lib/pacman/local/*/desc; [ ! -e "$1" ] || exit 1; }`
		}
		return `d=$(pacman-conf DBPath) || exit
[ -d "${d%/}/local" ] || { echo "there is no database in $d" >&2; exit 1; }
pacman -Q || { echo "it knows no package at all of the database in $d" >&2; exit 1; }
echo
pacman -Qi -- ` + backends.Quote(names...) + ` 2>/dev/null || :`
	},
	show:     "pacman -Q",
	parse:    fact.ParsePacmanQuery,
	versions: fact.PacmanVersions{},
	first:    "@_+",
	later:    "@+-._",
}

// pip asks as the command is called, or as a module of Python where the command is
// missing. It is kept from looking for a newer pip, which it would write down, and
// from compiling itself.
func pip(command string) *manager {
	return &manager{
		name: command,
		script: asIs(`if command -v ` + command + ` >/dev/null || ! command -v python3 >/dev/null; then set -- ` + command + `; else set -- python3 -m pip; fi
PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 "$@" list --format=json`),
		show:     command + " list",
		parse:    fact.ParsePipList,
		versions: fact.PipVersions{},
		check:    checkPip,
		normal:   fact.PipName,
	}
}

func checkPip(name string) error {
	if bare, _, ok := strings.Cut(name, "["); ok && strings.HasSuffix(name, "]") {
		return fmt.Errorf("%q is not a valid package name: extras are not packages, so ask for %q", name, bare)
	}
	return checkName(name, "", "-._")
}

var gem = &manager{
	name:     "gem",
	script:   asIs("gem list --local"),
	show:     "gem list --local",
	parse:    fact.ParseGemList,
	versions: fact.GemVersions{},
	first:    "_",
	later:    "-._",
}

// npm exits with 1 when packages lack what they need, and lists them all the same.
// It is kept from writing logs and looking for a newer npm.
var npm = &manager{
	name: "npm",
	script: asIs("npm_config_cache=/dev/null npm_config_logs_max=0 npm_config_update_notifier=false " +
		"npm ls --global --json --depth=0"),
	show:     "npm ls --global",
	parse:    fact.ParseNPMList,
	status:   func(s backends.Status) bool { return s.Code == 1 },
	versions: fact.NPMVersions{},
	check:    checkNPM,
}

// checkNPM knows @SCOPE/NAME.
func checkNPM(name string) error {
	if scoped, ok := strings.CutPrefix(name, "@"); ok {
		scope, bare, ok := strings.Cut(scoped, "/")
		if !ok || scope == "" || bare == "" {
			return fmt.Errorf("%q is not a valid package name: a name in a scope is @SCOPE/NAME", name)
		}
		if err := checkName(scope, "_.", "-._~"); err != nil {
			return err
		}
		return checkName(bare, "_.", "-._~")
	}
	return checkName(name, "_", "-._~")
}

// cpan asks Perl itself, which knows modules wherever they came from, and names
// alone: the list of all takes long, and the command cpan writes itself a
// configuration before it lists them.
var cpan = &manager{
	name: "cpan",
	script: func(names []string) string {
		return `perl -MModule::Metadata -e 'for (@ARGV) { my $m = Module::Metadata->new_from_module($_) or next; print "$_\t", $m->version // "", "\n" }' -- ` +
			backends.Quote(names...)
	},
	show:     "perl -MModule::Metadata",
	parse:    fact.ParsePerlModules,
	versions: fact.CPANVersions{},
	check:    checkModule,
}

var perlModule = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(::[A-Za-z0-9_]+)*$`) })

func checkModule(name string) error {
	if perlModule().MatchString(name) {
		return nil
	}
	if err := checkName(name, "_", "-_:"); err != nil {
		return err
	}
	return fmt.Errorf("%q is not a valid Perl module name, as Foo::Bar is one", name)
}

// managers are those that By takes.
var managers = []*manager{dpkg, rpm, apk, pacman, pip("pip"), pip("pip3"), gem, npm, cpan}

// managerOf returns the manager of that name, or nil.
func managerOf(name string) *manager {
	if name == "apt" {
		return dpkg
	}
	if i := slices.IndexFunc(managers, func(m *manager) bool { return m.name == name }); i >= 0 {
		return managers[i]
	}
	return nil
}

// providers are what By takes. Each manager has one kind of facts.
var providers = func() map[string]*target.Kind[packageFact] {
	out := map[string]*target.Kind[packageFact]{}
	for _, m := range managers {
		out[m.name] = m.kind()
	}
	out["apt"] = out["dpkg"]
	return out
}()

// laterProviders are known, and cannot be asked yet.
var laterProviders = []string{"pecl", "pear", "snap", "flatpak"}
