package loop_test

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/loop"
)

func TestOverride_ReplacesWhatTheFileSays(t *testing.T) {
	g := NewWithT(t)
	dir, err := os.Getwd()
	g.Expect(err).NotTo(HaveOccurred())
	file := loop.Suite{Name: "web", Image: "debian:12", Mounts: []loop.Mount{{Source: "/a", Destination: "/b"}}, Env: []loop.Variable{{Name: "A", Value: "b"}},
		Converge: []loop.Converge{{Run: "true", Passes: 2}}, Specs: []string{"/spec"}, Ignore: []string{"/x"}, Promote: "web:1"}
	same := file
	g.Expect(loop.Override{}.Apply(&same)).To(Succeed())
	g.Expect(same).To(Equal(file))
	other := file
	g.Expect(loop.Override{Image: "debian:13", Boot: "systemd", Mount: []string{".:/m"}, Env: []string{"C=d=e"}, Converge: []string{"one", "two"},
		Specs: []string{"./spec"}, Ignore: []string{"/y"}, Promote: "web:2"}.Apply(&other)).To(Succeed())
	g.Expect(other).To(Equal(loop.Suite{Name: "web", Image: "debian:13", Systemd: true,
		Mounts: []loop.Mount{{Source: dir, Destination: "/m"}}, Env: []loop.Variable{{Name: "C", Value: "d=e"}},
		Converge: []loop.Converge{{Run: "one", Passes: 1}, {Run: "two", Passes: 1}}, Specs: []string{"./spec"}, Ignore: []string{"/y"}, Promote: "web:2"}))
	// A machine that is there has no container to mount into or to promote.
	live := file
	g.Expect(loop.Override{Target: "ssh://web1"}.Apply(&live)).To(Succeed())
	g.Expect(live).To(Equal(loop.Suite{Name: "web", Target: "ssh://web1", Env: file.Env, Converge: file.Converge, Specs: file.Specs, Ignore: file.Ignore}))
}

func TestOverride_Refuses(t *testing.T) {
	for says, o := range map[string]loop.Override{
		"contradict each other":           {Image: "a", Dockerfile: "b"},
		"--image No Image: ":              {Image: "No Image"},
		"--dockerfile nosuch: ":           {Dockerfile: "nosuch"},
		`unknown scheme "shh"`:            {Target: "shh://a"},
		"--boot upstart: want systemd":    {Boot: "upstart"},
		"--mount a: want SRC:DST":         {Mount: []string{"a"}},
		"--mount .:b: want SRC:DST":       {Mount: []string{".:b"}},
		"--mount nosuch:/b: ":             {Mount: []string{"nosuch:/b"}},
		"--env 1: want NAME=VALUE":        {Env: []string{"1=2"}},
		"--promote Up: ":                  {Promote: "Up"},
		"--promote is for containers":     {Target: "ssh://a", Promote: "a"},
		"--boot is for containers, and ":  {Target: "ssh://a", Boot: "systemd"},
		"--mount is for containers, and ": {Target: "ssh://a", Mount: []string{".:/b"}},
	} {
		t.Run(says, func(t *testing.T) {
			err := o.Apply(&loop.Suite{Name: "web", Image: "debian:12", Specs: []string{"/spec"}})
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(says)))
		})
	}
	err := loop.Override{Image: "a"}.Apply(&loop.Suite{Name: "web"})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("--specs ./spec/... says what to run")))
}
