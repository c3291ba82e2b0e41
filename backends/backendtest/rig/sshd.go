package rig

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An SSHD is a running OpenSSH server with host keys, a port and a log of its own.
// Any account of this machine may log in to it with Identity.
type SSHD struct {
	// Addr is where it listens: 127.0.0.1:PORT, or [::1]:PORT after ListenIPv6.
	Addr string
	// Host and Port are the two halves of Addr, without brackets.
	Host, Port string
	// Dir holds the files below; every account may enter it.
	Dir string
	// Identity is a private key that is let in, KnownHosts the file that knows
	// this server's host keys, HostKey the server's private ed25519 key.
	Identity, KnownHosts, HostKey string

	tb      testing.TB
	extra   []string
	host    string
	cmd     *exec.Cmd
	logFile string
	config  string
}

// An SSHDOption changes the server before it starts.
type SSHDOption func(*SSHD)

// Config adds lines to sshd_config, which win over the rig's own:
// Config("MaxSessions 2", "ForceCommand /bin/false").
func Config(lines ...string) SSHDOption {
	return func(s *SSHD) { s.extra = append(s.extra, lines...) }
}

// ListenIPv6 makes the server listen on ::1 instead of 127.0.0.1.
func ListenIPv6() SSHDOption { return func(s *SSHD) { s.host = "::1" } }

// StartSSHD starts an OpenSSH server, waits until it listens, and stops it at the
// end of the test with everything that was started through it.
func StartSSHD(tb testing.TB, options ...SSHDOption) *SSHD {
	tb.Helper()
	needRoot(tb, "an sshd that lets several accounts in")
	s := &SSHD{tb: tb, Dir: openDir(tb), host: "127.0.0.1"}
	for _, o := range options {
		o(s)
	}
	// sshd insists on its privilege separation directory, which a machine that
	// has never started an sshd lacks.
	must(tb, os.MkdirAll("/run/sshd", 0o755))
	s.Identity = filepath.Join(s.Dir, "identity")
	s.HostKey = filepath.Join(s.Dir, "host_ed25519")
	s.KnownHosts = filepath.Join(s.Dir, "known_hosts")
	s.logFile = filepath.Join(s.Dir, "log")
	s.config = filepath.Join(s.Dir, "sshd_config")
	MakeKey(tb, s.Identity, "")
	MakeKey(tb, s.HostKey, "")
	s.AuthorizeKey(s.Identity + ".pub")
	tb.Cleanup(s.Stop)
	s.start()
	return s
}

// PID is the process that listens; what logs in is served by children of it.
func (s *SSHD) PID() int { return s.cmd.Process.Pid }

// start tries several ports, since a free one may be taken by another test between
// finding it and sshd's bind.
func (s *SSHD) start() {
	s.tb.Helper()
	for range 5 {
		l, err := net.Listen("tcp", net.JoinHostPort(s.host, "0"))
		must(s.tb, err)
		s.Addr = l.Addr().String()
		s.Host, s.Port, _ = net.SplitHostPort(s.Addr)
		must(s.tb, l.Close())
		if s.launch() {
			s.know()
			return
		}
	}
	s.tb.Fatalf("rig: sshd does not start:\n%s", s.Log())
}

// launch reports whether sshd came up on s.Addr.
func (s *SSHD) launch() bool {
	s.tb.Helper()
	lines := append(append([]string{}, s.extra...),
		"ListenAddress "+s.Addr,
		"HostKey "+s.HostKey,
		"AuthorizedKeysFile "+filepath.Join(s.Dir, "authorized_keys"),
		"PidFile none",
		"StrictModes no",
		"UsePAM no",
		"PermitRootLogin yes",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"LogLevel VERBOSE",
	)
	must(s.tb, os.WriteFile(s.config, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	must(s.tb, os.WriteFile(s.logFile, nil, 0o644))
	s.cmd = exec.Command("/usr/sbin/sshd", "-D", "-f", s.config, "-E", s.logFile)
	s.cmd.SysProcAttr = diesWithUs()
	var stderr bytes.Buffer
	s.cmd.Stderr = &stderr
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatalf("rig: %v (Debian: apt-get install openssh-server)", err)
	}
	ended := make(chan struct{})
	cmd := s.cmd
	go func() { defer close(ended); _ = cmd.Wait() }()
	deadline := time.Now().Add(5 * time.Minute)
	for time.Now().Before(deadline) {
		if strings.Contains(s.Log(), "Server listening on ") {
			return true
		}
		select {
		case <-ended:
			if !strings.Contains(s.Log(), "Address already in use") {
				s.tb.Fatalf("rig: sshd refuses its configuration: %s\n%s", stderr.String(), s.Log())
			}
			return false
		case <-time.After(2 * time.Millisecond):
		}
	}
	return false
}

// know writes the server's key into KnownHosts.
func (s *SSHD) know() {
	s.tb.Helper()
	must(s.tb, os.WriteFile(s.KnownHosts, []byte(s.KnownHostsLine(s.Addr)+"\n"), 0o644))
}

// KnownHostsLine is the line of a known_hosts file that says that addr
// ("HOST:PORT") has this server's key.
func (s *SSHD) KnownHostsLine(addr string) string {
	s.tb.Helper()
	pub, err := os.ReadFile(s.HostKey + ".pub")
	must(s.tb, err)
	host, port, err := net.SplitHostPort(addr)
	must(s.tb, err)
	if port != "22" {
		host = "[" + host + "]:" + port
	}
	return host + " " + strings.TrimSpace(string(pub))
}

// Fingerprint is the SHA256 fingerprint of the server's host key, as ssh-keygen -l
// prints it.
func (s *SSHD) Fingerprint() string {
	s.tb.Helper()
	return strings.Fields(run(s.tb, "", "ssh-keygen", "-l", "-f", s.HostKey+".pub"))[1]
}

// AuthorizeKey lets the owner of a public key file log in to every account.
// Options are those of authorized_keys: `command="date"`.
func (s *SSHD) AuthorizeKey(pubFile string, options ...string) {
	s.tb.Helper()
	pub, err := os.ReadFile(pubFile)
	must(s.tb, err)
	line := strings.TrimSpace(strings.Join(options, ",") + " " + string(pub))
	f, err := os.OpenFile(filepath.Join(s.Dir, "authorized_keys"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(s.tb, err)
	_, err = fmt.Fprintln(f, line)
	must(s.tb, err)
	must(s.tb, f.Close())
}

// URI is the target of user on this server, with the identity and known_hosts of
// the rig and nobody's ssh_config. Options are NAME=value pairs that are added, or
// that replace the rig's where the name is the same; NAME= removes.
func (s *SSHD) URI(user string, options ...string) string {
	return s.URIAt(s.Addr, user, append([]string{"known_hosts=" + s.KnownHosts}, options...)...)
}

// URIAt is URI by way of another address, such as a DelayProxy in front of the
// server, whose host key the rig's known_hosts is told.
func (s *SSHD) URIAt(addr, user string, options ...string) string {
	s.tb.Helper()
	known := s.KnownHosts
	if addr != s.Addr {
		known = filepath.Join(openDir(s.tb), "known_hosts")
		must(s.tb, os.WriteFile(known, []byte(s.KnownHostsLine(addr)+"\n"), 0o644))
	}
	values := url.Values{"identity": {s.Identity}, "known_hosts": {known}, "ssh_config": {"none"}}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		values.Set(name, value)
		if value == "" {
			values.Del(name)
		}
	}
	u := url.URL{Scheme: "ssh", User: url.User(user), Host: addr, RawQuery: values.Encode()}
	return u.String()
}

// Log is what the server has written so far, at LogLevel VERBOSE.
func (s *SSHD) Log() string {
	b, err := os.ReadFile(s.logFile)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Connections counts the TCP connections the server has accepted.
func (s *SSHD) Connections() int { return strings.Count(s.Log(), "Connection from ") }

// Sessions counts the processes it was asked to start.
func (s *SSHD) Sessions() int { return strings.Count(s.Log(), "Starting session: ") }

// Await waits until the log holds text.
func (s *SSHD) Await(ctx context.Context, text string) {
	s.tb.Helper()
	for !strings.Contains(s.Log(), text) {
		select {
		case <-ctx.Done():
			s.tb.Fatalf("rig: sshd never wrote %q:\n%s", text, s.Log())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// DropConnections kills the server's side of every connection, and what runs
// there, while the server goes on listening.
func (s *SSHD) DropConnections() { killDescendants(s.cmd.Process.Pid) }

// Stop ends the server, its connections, and what runs there. It may be called
// more than once.
func (s *SSHD) Stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	killDescendants(s.cmd.Process.Pid)
	_ = s.cmd.Process.Kill()
	s.cmd = &exec.Cmd{}
}
