package fact

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// An oracle tells the order of pairs of versions, one pair in each line with a tab
// between them, as the packaging system's own code has it: -1, 0 or 1 in each line.
type oracle struct {
	name     string
	rules    Versions
	command  []string
	versions []string
	// alphabet is what further versions are made up of.
	alphabet []string
}

// The programs below are Debian's, whatever else stands before them in the PATH.
var oracles = []oracle{
	{"rpm", RPMVersions{}, []string{"/bin/sh", "-c", `while read -r a b; do printf 'io.write(rpm.vercmp("%s", "%s"), "\\n")\n' "$a" "$b"; done >"$0/x.lua"; rpm --eval "%{lua:dofile('$0/x.lua')}"`},
		[]string{"1.0", "1.0~rc1", "1.0^git1", "1.0^", "1.0~", "1.0~rc1^git1", "1.0^git1~pre", "1.0.1", "1.0a", "1.a", "10", "9", "09", "1..0", "1.0.", "1_0", "5.6.1^20240101git", "2.0.0a2", "xyz10", "xyz.1", "8xyz", "20101121", "1b.fc17", "1.fc17", "1:0.9-1", "0:1.0", "1.0-1", "1.0-2", "1.0-1~pre", "1:2.4.6-97.el7"},
		[]string{"0", "1", "2", "10", "00", ".", "_", "+", "~", "^", "a", "b", "Z", "rc", "-1"}},
	{"pacman", PacmanVersions{}, []string{"/usr/bin/python3", "-c", `import ctypes, sys
alpm = ctypes.CDLL("libalpm.so.13")
for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    print(alpm.alpm_pkg_vercmp(a.encode(), b.encode()))`},
		[]string{"1.0", "1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0.a", "1.0.1", "1.0-1", "1.0-2", "1:0.9", "0:1.0", "2:9.1.r12.gabcdef-1", "1.0.", "1..0", "1.0..a", "01.0", "10", "9", "r12.abc", "1.0_1", "1.0+1", "1.0A", "1.0Z", "1.0z"},
		[]string{"0", "1", "2", "10", "00", ".", "_", "+", "a", "b", "Z", "rc", "..", "-1"}},
	{"pip", PipVersions{}, []string{"/usr/bin/python3", "-c", `import sys
try:
    from packaging.version import Version
except ImportError:
    from pip._vendor.packaging.version import Version
for line in sys.stdin:
    a, b = map(Version, line.rstrip("\n").split("\t"))
    print((a > b) - (a < b))`},
		[]string{"1.0", "1.0.0", "1", "1.0a1", "1.0.alpha1", "1.0b2", "1.0rc1", "1.0c1", "1.0-pre1", "1.0.dev1", "1.0a1.dev2", "1.0.post1", "1.0-1", "1.0.post1.dev3", "1.0rc1.post2", "1!0.9", "1.0+local", "1.0+local.2", "1.0+local.10", "1.0+1", "10.0", "9", "1.0RC1", "2012.4", "1.0.1"},
		[]string{"0", "1", "2", ".", ".1", "a1", "b2", "rc1", ".dev1", ".post1", "+x", "+1", ".10"}},
	{"gem", GemVersions{}, []string{"/usr/bin/ruby", "-e", `STDIN.each_line { |l| a, b = l.chomp.split("\t"); puts Gem::Version.new(a) <=> Gem::Version.new(b) }`},
		[]string{"1", "1.0", "1.0.0", "1.0.a", "1.0.a.0", "1.0.0.a", "1.a.2", "2.0.rc1", "2.0.0.rc1", "2.0.0.rc10", "2.0.0.rc.9", "1.2.b1", "10", "9", "1.0-1", "1.0-beta", "0.0", "0", "0.a", "1.0.0a1", "5.2.4.pre", "1.8.2.b", "1.8.2.b10", "1.8.2", "01.02"},
		[]string{"0", "1", "2", ".", ".a", ".0", "rc", ".10", "a1", "-x", ".b"}},
	{"cpan", CPANVersions{}, []string{"/usr/bin/perl", "-Mversion", "-e", `while (<STDIN>) { chomp; my ($a, $b) = split /\t/; print version->parse($a) <=> version->parse($b), "\n" }`},
		[]string{"1", "1.0", "1.00", "1.2", "1.02", "1.10", "1.1", "1.0203", "1.020300", "v1.20.300", "v1.2", "v1.2.3", "1.2.3", "1.2.30", "1.02_03", "1.0203", "10", "9", "v1.20", "2.33", "0.9910", "1.23_01", "v1", "1.2.0"},
		[]string{"0", "1", "2", ".0", ".1", ".10", "_1", ".002"}},
	{"npm", NPMVersions{}, []string{"/usr/bin/node", "-e", `const s = require("/usr/lib/node_modules/npm/node_modules/semver");
for (const l of require("fs").readFileSync(0, "utf8").trimEnd().split("\n")) { const [a, b] = l.split("\t"); console.log(s.compare(a, b)) }`},
		[]string{"1.0.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0+build", "1.0.1", "1.10.0", "1.9.0", "2.0.0-0", "2.0.0", "1.0.0-1", "1.0.0-a-b", "1.0.0--"}, nil},
}

// pairs are all pairs of the versions, and many of others made up.
func (o oracle) pairs() [][2]string {
	var out [][2]string
	for _, a := range o.versions {
		for _, b := range o.versions {
			out = append(out, [2]string{a, b})
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		text := ""
		for range 1 + r.IntN(5) {
			text += o.alphabet[r.IntN(len(o.alphabet))]
		}
		return text
	}
	for i := 0; i < 3000 && o.alphabet != nil; i++ {
		common := "1"
		if r.IntN(2) == 0 {
			common += word()
		}
		a, b := common+word(), common+word()
		if _, err := o.rules.Compare(a, b); err == nil {
			out = append(out, [2]string{a, b})
		}
	}
	return out
}

func TestVersionOrderIsThatOfTheTools(t *testing.T) {
	for _, o := range oracles {
		t.Run(o.name, func(t *testing.T) {
			if o.name == "npm" {
				if _, err := exec.LookPath(o.command[0]); err != nil {
					rig.Skip(t, "npm", "there is no "+o.command[0])
				}
			}
			pairs := o.pairs()
			var in strings.Builder
			for _, p := range pairs {
				fmt.Fprintf(&in, "%s\t%s\n", p[0], p[1])
			}
			cmd := exec.Command(o.command[0], append(o.command[1:], t.TempDir())...)
			cmd.Stdin = strings.NewReader(in.String())
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			answers := strings.Fields(string(stdout))
			if len(answers) != len(pairs) {
				t.Fatalf("%d pairs and %d answers\n%s", len(pairs), len(answers), stderr.String())
			}
			for i, p := range pairs {
				got, err := o.rules.Compare(p[0], p[1])
				if err != nil || fmt.Sprint(got) != answers[i] {
					t.Errorf("%s and %s compare %d, %v; the tool says %s", p[0], p[1], got, err, answers[i])
				}
			}
			t.Logf("%d pairs", len(pairs))
		})
	}
}
