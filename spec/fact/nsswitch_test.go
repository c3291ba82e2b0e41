package fact_test

import (
	"testing"

	"github.com/hostspec/hostspec/spec/fact"
)

func TestFilesFirst(t *testing.T) {
	for conf, want := range map[string]bool{
		"passwd: files systemd\n":                             true,
		"# a comment\npasswd:\tfiles\ngroup: sss files\n":     true,
		" passwd:files#last\n":                                true,
		"passwd: files sss [NOTFOUND=return] ldap\n":          true,
		"passwd: sss files\n":                                 false,
		"passwd: compat\n":                                    false,
		"passwd: files [SUCCESS=merge] sss\n":                 false,
		"passwd: files [SUCCESS=continue] sss\n":              false,
		"passwd: files[SUCCESS=continue] sss\n":               false,
		"#passwd: files\n":                                    false,
		"shadow: files\n":                                     false,
		"passwd:\n":                                           false,
		"":                                                    false,
		"passwd: files\npasswd: sss files\n":                  false,
		"passwd: files\npasswd: files [SUCCESS=continue] sss": false,
	} {
		if got := fact.FilesFirst([]byte(conf), "passwd"); got != want {
			t.Errorf("%q: got %v", conf, got)
		}
	}
}

func FuzzFilesFirst(f *testing.F) {
	f.Add([]byte("passwd: files systemd\n"))
	f.Add([]byte("passwd: files [SUCCESS=merge] sss # x\n"))
	f.Fuzz(func(t *testing.T, conf []byte) {
		if fact.FilesFirst(conf, "passwd") && fact.FilesFirst(append(conf, "\npasswd: sss\n"...), "passwd") {
			t.Error("a second line does not make it doubtful")
		}
	})
}
