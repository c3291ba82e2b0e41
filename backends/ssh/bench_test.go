package ssh_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

var rtts = []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond}

// BenchmarkFirstAnswer opens a connection and runs one command; floor is the least
// that golang.org/x/crypto/ssh does for the same.
func BenchmarkFirstAnswer(b *testing.B) {
	s := rig.StartSSHD(b)
	user := rig.NewAccount(b).Name
	for _, rtt := range rtts {
		addr := s.Addr
		if rtt > 0 {
			addr = rig.DelayProxy(b, s.Addr, rtt)
		}
		uri := s.URIAt(addr, user)
		b.Run(fmt.Sprintf("rtt=%v/hostspec", rtt), func(b *testing.B) {
			for b.Loop() {
				c, err := backends.Open(b.Context(), uri)
				if err != nil {
					b.Fatal(err)
				}
				output(b, c, "true")
				b.StopTimer()
				_ = c.Close()
				b.StartTimer()
			}
		})
		b.Run(fmt.Sprintf("rtt=%v/floor", rtt), func(b *testing.B) {
			config := floorConfig(b, s, user)
			for b.Loop() {
				c, err := xssh.Dial("tcp", addr, config)
				if err != nil {
					b.Fatal(err)
				}
				session, err := c.NewSession()
				if err != nil {
					b.Fatal(err)
				}
				if err := session.Run("true"); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				_ = c.Close()
				b.StartTimer()
			}
		})
	}
}

func floorConfig(b *testing.B, s *rig.SSHD, user string) *xssh.ClientConfig {
	b.Helper()
	text, err := os.ReadFile(s.Identity)
	if err != nil {
		b.Fatal(err)
	}
	key, err := xssh.ParsePrivateKey(text)
	if err != nil {
		b.Fatal(err)
	}
	known, _, _, _, err := xssh.ParseAuthorizedKey([]byte(s.KnownHostsLine("x:22")[len("x "):]))
	if err != nil {
		b.Fatal(err)
	}
	return &xssh.ClientConfig{
		User: user, Auth: []xssh.AuthMethod{xssh.PublicKeys(key)}, HostKeyCallback: xssh.FixedHostKey(known),
	}
}

// BenchmarkNextAnswer runs one command after the other on an open connection.
func BenchmarkNextAnswer(b *testing.B) {
	s := rig.StartSSHD(b)
	user := rig.NewAccount(b).Name
	for _, rtt := range rtts {
		b.Run(fmt.Sprintf("rtt=%v", rtt), func(b *testing.B) {
			addr := s.Addr
			if rtt > 0 {
				addr = rig.DelayProxy(b, s.Addr, rtt)
			}
			c := mustOpen(b, s.URIAt(addr, user))
			output(b, c, "true")
			for b.Loop() {
				output(b, c, "true")
			}
		})
	}
}
