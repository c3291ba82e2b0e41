package near

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	names := []string{"nginx", "nginx-light", "libnginx-mod", "apache2", "ssh", "sshd", "cron", "containerd-shim-runc-v2"}
	for name, want := range map[string][]string{
		"ngnix":                            {"nginx"},
		"nginx":                            {"libnginx-mod", "nginx-light"}, // and not itself
		"Nginx":                            {"nginx", "nginx-light", "libnginx-mod"},
		"shs":                              {"ssh"},
		"corn":                             {"cron"},
		"zzz":                              nil,
		"apache":                           {"apache2"},
		"":                                 nil,
		"x":                                nil,
		"hs-a-very-long-name-of-a-program": nil,
	} {
		got := Names(name, names)
		if name == "nginx" {
			slices.Sort(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
