package fact

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseOSRelease(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want OSRelease
	}{
		"Debian": {`PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
`, OSRelease{ID: "debian", VersionID: "12", Codename: "bookworm", PrettyName: "Debian GNU/Linux 12 (bookworm)"}},
		"a derivative": {"ID=rocky\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID='9.4'\n",
			OSRelease{ID: "rocky", IDLike: []string{"rhel", "centos", "fedora"}, VersionID: "9.4"}},
		"comments, blanks, backslashes, no last newline": {"# ID=no\n\n  ID=arch\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"",
			OSRelease{ID: "arch", PrettyName: `a "b" $c`}},
		"nothing at all":        {"", OSRelease{}},
		"no assignments":        {"Welcome!\n=\n==\n", OSRelease{}},
		"keys are not prefixes": {"ID_LIKE=debian\nIDX=1\n", OSRelease{IDLike: []string{"debian"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseOSRelease(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	if _, err := ParseOSRelease(strings.NewReader("ID=" + strings.Repeat("x", 1<<20))); err == nil {
		t.Error("an ID of a megabyte is not an ID")
	}
	long := strings.Repeat("x", 1<<20)
	got, err := ParseOSRelease(strings.NewReader("HOME_URL=" + long + "\n#ID=" + long + "\nID=debian\n" + long))
	if err != nil || got.ID != "debian" {
		t.Errorf("long lines of others: %+v, %v", got, err)
	}
}

func FuzzParseOSRelease(f *testing.F) {
	f.Add("ID=debian\nID_LIKE=\"a b\"\n")
	f.Add("ID='")
	f.Add("ID=\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOSRelease(strings.NewReader(text))
		if err == nil && strings.ContainsAny(o.ID, "\n") {
			t.Errorf("%q: the ID %q holds a newline", text, o.ID)
		}
	})
}
