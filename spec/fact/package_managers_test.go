package fact

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"
)

// What the tools print: rpm 4.18, pacman 6.0, gem 3.3, pip 23.0, npm 10.8.
const (
	rpmLines = "httpd\t1\t2.4.6\t97.el7\tx86_64\ntzdata\t0\t2024a\t1.el9\tnoarch\nkernel\t(none)\t5.14.0\t70.el9\tx86_64\n" +
		"kernel\t(none)\t5.14.0\t162.el9\tx86_64\ngpg-pubkey\t(none)\tfd431d51\t4ae0493b\t(none)\n"
	pacmanLines = "base 3-2\nnginx-mainline 1.25.3-2\nvim-git 2:9.1.r12.gabcdef-1\n\n" +
		"Name            : nginx-mainline\nVersion         : 1.25.3-2\nDescription     : d : of nginx\nArchitecture    : x86_64\n" +
		"Optional Deps   : a: for b\n                  Name : c\nInstall Date    : Sat 21 Nov 2026\n\n" +
		"Name            : base\nArchitecture    : any\n\n"
	apkBlocks = "C:Q1j6=\nP:musl\nV:1.2.4_git20230717-r4\nA:x86_64\nT:the musl c library: libc\nF:lib\nR:ld.so\n\nP:.build-deps\nV:20260101.1\n"
	gemLines  = "\n*** LOCAL GEMS ***\n\nbigdecimal (3.1.4, default: 3.1.1)\nnokogiri (1.14.2 x86_64-linux, 1.13.0 ruby java)\nrake (13.0.6)\n"
	pipJSON   = `[{"name": "ansible-lint", "version": "6.22.1"}, {"name": "x", "version": "1", "editable_project_location": "/x"}]` + "\n"
	npmJSON   = `{"name": "lib", "problems": ["missing: absent@^1"], "dependencies": {"npm": {"version": "10.8.2", "overridden": false}, "absent": {"required": "^1", "missing": true}}}` + "\n"
)

func installed(name, version, architecture string) Package {
	return Package{Name: name, Version: version, Architecture: architecture, Installed: true, Status: "installed"}
}

// packageParsers are those of this file, with an answer and what it says, and with
// answers that are none.
var packageParsers = []struct {
	name  string
	parse func(io.Reader) ([]Package, error)
	text  string
	want  []Package
	bad   []string
}{
	{"rpm", ParseRPMQuery, rpmLines, []Package{
		installed("httpd", "1:2.4.6-97.el7", "x86_64"), installed("tzdata", "2024a-1.el9", "noarch"), installed("kernel", "5.14.0-70.el9", "x86_64"),
		installed("kernel", "5.14.0-162.el9", "x86_64"), installed("gpg-pubkey", "fd431d51-4ae0493b", ""),
	}, []string{"httpd\n", "httpd\t1\t2.4.6\t97.el7\n", "\t1\t2\t3\tx\n", "a\t(none)\t\t1\tx\n", "error: no database\n"}},
	{"pacman", ParsePacmanQuery, pacmanLines, []Package{
		installed("base", "3-2", "any"), installed("nginx-mainline", "1.25.3-2", "x86_64"), installed("vim-git", "2:9.1.r12.gabcdef-1", ""),
	}, []string{"base\n", "base 3-2 [ignored]\n", " 3\n", "error: failed to initialize alpm library\n"}},
	{"apk", ParseApkInstalled, apkBlocks, []Package{
		installed("musl", "1.2.4_git20230717-r4", "x86_64"), installed(".build-deps", "20260101.1", ""),
	}, []string{"P:musl\n", "V:1\nA:x86_64\n\n", "musl\n", "P:a\nV:1\n\nP:\nV:\nA:x\n", "P:a\nV1\n"}},
	{"gem", ParseGemList, gemLines, []Package{
		installed("bigdecimal", "3.1.4", ""), installed("bigdecimal", "3.1.1", ""), installed("nokogiri", "1.14.2", "x86_64-linux"),
		installed("nokogiri", "1.13.0", "java"), installed("rake", "13.0.6", ""),
	}, []string{"rake\n", "rake 1.0\n", "rake ()\n", "rake (1.0, )\n", "ERROR: no gems\n", " (1)\n"}},
	{"pip", ParsePipList, pipJSON, []Package{installed("ansible-lint", "6.22.1", ""), installed("x", "1", "")},
		[]string{"", "[{", "[] []", `[{"version": "1"}]`, "{}", "WARNING: x\n[]"}},
	{"cpan", ParsePerlModules, "Foo::Bar\t1.02\nSilent\t\n", []Package{installed("Foo::Bar", "1.02", ""), installed("Silent", "", "")}, []string{"Foo::Bar\n", "\t1\n"}},
	{"npm", ParseNPMList, npmJSON, []Package{
		{Name: "absent", Status: "missing, though another package needs it"}, installed("npm", "10.8.2", ""),
	}, []string{"", "[]", "{", "{}{}", `{"error": {"code": "ENOENT", "summary": "no such file"}}`, `{"dependencies": []}`}},
}

func TestPackageParsers(t *testing.T) {
	for _, p := range packageParsers {
		got, err := p.parse(strings.NewReader(p.text))
		if err != nil || !reflect.DeepEqual(got, p.want) {
			t.Errorf("%s: got %+v, %v", p.name, got, err)
		}
		for _, text := range p.bad {
			if got, err := p.parse(strings.NewReader(text)); err == nil {
				t.Errorf("%s: %q is read as %+v", p.name, text, got)
			}
		}
		long := strings.Repeat("x", 2<<20)
		if _, err := p.parse(strings.NewReader(long)); err == nil {
			t.Errorf("%s: a line without an end is read", p.name)
		}
	}
}

func TestPipName(t *testing.T) {
	for name, want := range map[string]string{"Foo_Bar": "foo-bar", "foo.-_bar": "foo-bar", "ansible": "ansible", "A": "a"} {
		if got := PipName(name); got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func FuzzPackageParsers(f *testing.F) {
	for i, p := range packageParsers {
		f.Add(i, []byte(p.text))
	}
	f.Fuzz(func(t *testing.T, i int, text []byte) {
		p := packageParsers[uint(i)%uint(len(packageParsers))]
		list, err := p.parse(bytes.NewReader(text))
		for _, found := range list {
			if err == nil && found.Installed && p.name != "npm" && (found.Name == "" || p.name != "pip" && p.name != "cpan" && found.Version == "") {
				t.Errorf("%s: got %+v out of %q", p.name, found, text)
			}
		}
	})
}
