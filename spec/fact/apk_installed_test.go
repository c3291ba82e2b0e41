package fact

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// someInstalled is part of a database as apk(8) writes it.
const someInstalled = `C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:alpine-baselayout
V:3.4.3-r1
A:x86_64
S:8515
T:Alpine base dir structure and init scripts
p:cmd:mkmntdirs=3.4.3-r1
F:dev
F:etc
R:motd
Z:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=
M:0:0:1777

C:Q1
P:musl
V:1.2.4_git20230717-r4
A:x86_64
r:libc-compat

`

func TestParseApkInstalled_ReadsTheWholeDatabase(t *testing.T) {
	g := NewWithT(t)
	want := []Package{
		{Name: "alpine-baselayout", Version: "3.4.3-r1", Architecture: "x86_64", Installed: true, Status: "installed"},
		{Name: "musl", Version: "1.2.4_git20230717-r4", Architecture: "x86_64", Installed: true, Status: "installed"},
	}
	for _, text := range []string{someInstalled, strings.TrimRight(someInstalled, "\n"), strings.TrimSuffix(someInstalled, "\n")} {
		g.Expect(ParseApkInstalled(strings.NewReader(text))).To(Equal(want))
	}
	g.Expect(ParseApkInstalled(strings.NewReader(""))).To(BeEmpty())
	for _, text := range []string{"V:1\n", "P:a\n", "no database", "\x00"} {
		_, err := ParseApkInstalled(strings.NewReader(text))
		g.Expect(err).To(HaveOccurred())
	}
}

func FuzzParseApkInstalled(f *testing.F) {
	f.Add(someInstalled)
	f.Add("P:a\nV:1\n\n\nP:b")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseApkInstalled(strings.NewReader(text))
		for _, p := range all {
			if err == nil && (p.Name == "" || p.Version == "" || !p.Installed) {
				t.Errorf("%+v", p)
			}
		}
	})
}
