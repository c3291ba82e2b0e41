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
		"run":                              {"containerd-shim-runc-v2"},
		"ssh-of-old":                       {"ssh"},
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

// Not more than Most are offered, each once, the nearest first.
func TestNames_OffersTheNearest(t *testing.T) {
	names := []string{"web10", "web11", "web12", "web13", "web14", "web15", "web10", "web1"}
	if got, want := Names("web", names), []string{"web1", "web10", "web11", "web12", "web13"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDidYouMean(t *testing.T) {
	for name, want := range map[string]string{"ngnix": `; did you mean "nginx"?`, "zzz": ""} {
		if got := DidYouMean(name, []string{"cron", "nginx"}); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
