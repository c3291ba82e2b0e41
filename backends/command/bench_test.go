package command_test

import (
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// BenchmarkStart runs the shortest command, beside the prefix with nothing of ours.
func BenchmarkStart(b *testing.B) {
	s := rig.StartSSHD(b)
	user := rig.NewAccount(b).Name
	for name, prefix := range map[string]string{
		"env": "env LANG=C", "ssh": sshPrefix(b, s, user), "ssh shared": sshPrefix(b, s, user, shared(b)...),
		"docker": "docker exec -i " + rig.StartMachine(b, rig.WithoutSystemd()).ID,
	} {
		open := mustOpen(b, prefix)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				output(b, open, "true")
			}
		})
		b.Run(name+" alone", func(b *testing.B) {
			for b.Loop() {
				run(b, "sh", "-c", prefix+" true")
			}
		})
		b.Run(name+" open", func(b *testing.B) {
			for b.Loop() {
				t, err := backends.Open(b.Context(), "exec:"+prefix)
				if err != nil {
					b.Fatal(err)
				}
				_ = t.Close()
			}
		})
	}
}
