package ssh_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// serve answers each connection to a listener of its own by answer.
func serve(t *testing.T, answer func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer func() { _ = c.Close() }(); answer(c) })
		}
	})
	return l.Addr().String()
}

// hear reads until the other end hangs up.
func hear(c net.Conn) {
	b := make([]byte, 1024)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

func TestNoSSHServer(t *testing.T) {
	const plain = "?ssh_config=none&connect_timeout=700ms"
	t.Run("no such host", func(t *testing.T) {
		refusal(t, "ssh://no-such-host.invalid"+plain, `no such host: "no-such-host.invalid"`)
	})
	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		refusal(t, "ssh://"+l.Addr().String()+plain, "connection refused", "Nothing listens there")
	})
	t.Run("says nothing", func(t *testing.T) {
		refusal(t, "ssh://"+serve(t, hear)+plain, "no answer within 700ms", "no SSH server says anything")
	})
	t.Run("another protocol", func(t *testing.T) {
		addr := serve(t, func(c net.Conn) {
			_, _ = c.Write([]byte("220 mail \x1b[31mESMTP\r\n500 what?\r\n"))
			// A server hangs up when it does not understand.
			b := make([]byte, 1)
			_, _ = c.Read(b)
			_ = c.(*net.TCPConn).CloseWrite()
			hear(c)
		})
		u := refusal(t, "ssh://"+addr+plain, "not an SSH server", `220 mail \x1b[31mESMTP\r\n`, "port")
		if strings.ContainsRune(u.Error(), '\x1b') {
			t.Error("control characters reach the terminal")
		}
	})
	t.Run("another protocol that waits", func(t *testing.T) {
		addr := serve(t, func(c net.Conn) { _, _ = c.Write([]byte("hello, who are you?\r\n")); hear(c) })
		refusal(t, "ssh://"+addr+plain, "not an SSH server", `hello, who are you?`)
	})
	t.Run("an end of file before the banner", func(t *testing.T) {
		var tries atomic.Int32
		addr := serve(t, func(net.Conn) { tries.Add(1) })
		refusal(t, "ssh://"+addr+"?ssh_config=none&connect_timeout=3s", "closed the connection before it said anything", "MaxStartups")
		if n := tries.Load(); n < 2 {
			t.Errorf("tried %d times in three seconds", n)
		}
	})
	t.Run("too many startups until the end", func(t *testing.T) {
		addr := serve(t, func(c net.Conn) { _, _ = c.Write([]byte("Exceeded MaxStartups\r\n")) })
		refusal(t, "ssh://"+addr+plain, "Exceeded MaxStartups", "connect_timeout")
	})
	t.Run("a route into nowhere", func(t *testing.T) {
		// 192.0.2.0/24 is for documentation (RFC 5737): dropped or refused, never
		// answered.
		refusal(t, "ssh://192.0.2.1"+plain, "connect to 192.0.2.1:22")
	})
}

func TestMaxStartups(t *testing.T) {
	s := rig.StartSSHD(t, rig.Config("MaxStartups 10:30:100"))
	p := rig.DelayProxy(t, s.Addr, 100*time.Millisecond)
	uri := s.URIAt(p, "root", "connect_timeout=60s")
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			b, err := backends.Open(within(t, time.Minute), uri)
			if err != nil {
				t.Error(err)
				return
			}
			_ = b.Close()
		})
	}
	wg.Wait()
	if !strings.Contains(s.Log(), "MaxStartups") {
		t.Errorf("nobody was turned away:\n%s", s.Log())
	}
}

func TestIPv6(t *testing.T) {
	s := rig.StartSSHD(t, rig.ListenIPv6())
	if !strings.HasPrefix(s.URI("root"), "ssh://root@[::1]:") {
		t.Fatal(s.URI("root"))
	}
	wantUser(t, mustOpen(t, s.URI("root")), "root")
	// A zone has a percent sign, which is a token in ssh_config.
	bothWays(t, func(t *testing.T) {
		known := filepath.Join(t.TempDir(), "known_hosts")
		uri := fmt.Sprintf("ssh://root@[::1%%lo]:%s?host_key=accept-new&known_hosts=%s&identity=%s&ssh_config=%s",
			s.Port, known, s.Identity, configOf(t, known))
		wantUser(t, mustOpen(t, uri), "root")
	})
}

func TestURIs(t *testing.T) {
	for _, ok := range []string{
		"ssh://web", "ssh://web:2222", "ssh://a@web/", "ssh://a%40b@web", "ssh://[::1]:22", "ssh://[fe80::1%25eth0]:22",
		"ssh://[fe80::1%eth0]", "ssh://web?host_key=strict&identity=a&identity=b&known_hosts=k&ssh_config=none",
	} {
		if _, err := backends.Parse(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	// That no part of a password is repeated is seen by looking for "s3".
	for text, want := range map[string]string{
		"ssh://":                              "no host",
		"ssh://root@":                         "no host",
		"ssh://web:ssh":                       "port",
		"ssh://web:99999":                     "1 to 65535",
		"ssh://web/etc":                       "/etc",
		"ssh://web#x":                         "#x",
		"ssh://-oProxyCommand=x":              "dash",
		"ssh://-l@web":                        "dash",
		"ssh://we b":                          "cannot read",
		"ssh://[::1":                          "cannot read",
		"ssh://web?host_key=no":               "strict or accept-new",
		"ssh://web?known_hosts=":              "empty",
		"ssh://web?ssh_config=a&ssh_config=b": "twice",
		"ssh://web?idenity=x":                 "unknown option",
		"ssh://root:s3cret@web":               "HOSTSPEC_SSH_PASSWORD",
		"ssh://root:s3cret%zz@web":            "HOSTSPEC_SSH_PASSWORD",
		"ssh://root:s3@cret@we b":             "HOSTSPEC_SSH_PASSWORD",
	} {
		_, err := backends.Parse(text)
		if err == nil {
			t.Errorf("%s was taken", text)
			continue
		}
		t.Log(err)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the message lacks %q", err, want)
		}
		if strings.Contains(err.Error(), "s3") {
			t.Errorf("%s: the password shows", err)
		}
	}
}
