package resource_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
)

// moveSockets makes sockets whose files are not called what they were bound as, and
// one that a process of another network namespace listens at. It returns the paths of
// the former, and of one that was left behind.
func moveSockets(t *testing.T, dir string) map[string]bool {
	t.Helper()
	named := func(name string) string { return filepath.Join(dir, name) }
	bind := func(network, name string) {
		t.Helper()
		var keep interface{ Close() error }
		var err error
		if network == "unixgram" {
			keep, err = net.ListenUnixgram(network, &net.UnixAddr{Name: name, Net: network})
		} else {
			var l *net.UnixListener
			if l, err = net.ListenUnix(network, &net.UnixAddr{Name: name, Net: network}); err == nil {
				l.SetUnlinkOnClose(false)
				keep = l
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { keep.Close() })
	}
	back, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	bind("unix", named("renamed.tmp"))
	bind("unixgram", named("datagram.tmp"))
	bind("unix", named("replaced"))
	links := []error{os.Rename(named("renamed.tmp"), named("renamed")), os.Rename(named("datagram.tmp"), named("renamed datagram")),
		os.Rename(named("replaced"), named("replaced by another")), os.Symlink(dir, dir+".here"), os.Chdir(dir)}
	for _, err := range links {
		if err != nil {
			t.Fatal(err)
		}
	}
	bind("unix", "relative")
	if err := os.Chdir(back); err != nil {
		t.Fatal(err)
	}
	bind("unix", dir+".here/by link")
	t.Cleanup(func() { os.Remove(dir + ".here") })
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: named("replaced"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	if os.Geteuid() == 0 {
		listenElsewhere(t, named("elsewhere"))
	}
	return map[string]bool{named("renamed"): true, named("renamed datagram"): true, named("replaced"): true, named("relative"): true, named("by link"): true, named("stale"): true}
}

// listenElsewhere listens at a socket from a network namespace of its own.
func listenElsewhere(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command("perl", "-MSocket", "-e", `$| = 1; socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, pack_sockaddr_un(shift)) && listen(S, 1) or die $!; print "listening\n"; <STDIN>`, path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestUnixSocketListening(t *testing.T) {
	dir := t.TempDir()
	named := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"stream", "with space", "gone"} {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: named(name), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		t.Cleanup(func() { l.Close() })
	}
	if err := os.Remove(named("gone")); err != nil {
		t.Fatal(err)
	}
	packet, err := net.ListenPacket("unixgram", named("datagram"))
	if err != nil {
		t.Fatal(err)
	}
	defer packet.Close()
	abstract, err := net.Listen("unix", "@hostspec "+filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	moved := moveSockets(t, dir)
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: named("stale"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	for _, err := range []error{os.WriteFile(named("file"), nil, 0o644), os.Symlink(dir, dir+".link"), os.Symlink(named("stream"), named("link"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Remove(dir + ".link") })
	conn, err := net.Dial("unix", named("stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	everyWay(t, func(t *testing.T, a testAsker) {
		for path, want := range map[string]struct {
			listening bool
			found     string
		}{
			named("stream"):                       {true, "listening (stream)"},
			named("with space"):                   {true, "listening (stream)"},
			named("datagram"):                     {true, "bound (datagram)"},
			"@hostspec " + filepath.Base(dir):     {true, "listening (stream)"},
			dir + ".link/stream":                  {true, "listening (stream)"},
			named("link"):                         {true, "listening (stream)"},
			named("stale"):                        {false, "nothing listens there: the socket was left behind"},
			named("replaced"):                     {false, "nothing listens there: the socket was left behind"},
			named("renamed"):                      {true, "listening (stream)"},
			named("relative"):                     {true, "listening (stream)"},
			named("by link"):                      {true, "listening (stream)"},
			named("renamed datagram"):             {true, "bound (datagram)"},
			named("gone"):                         {false, "no such file"},
			named("file"):                         {false, "not a socket"},
			named("nothing"):                      {false, "no such file"},
			named("strea"):                        {false, "no such file"},
			"@hostspec" + filepath.Base(dir):      {false, "not listening"},
			named("file") + "/below":              {false, "no such file"},
			named("stream") + "' $(touch /tmp/x)": {false, "no such file"},
		} {
			g := NewWithT(t)
			s := resource.NewUnixSocket(a, path)
			got, err := s.Listening()
			if moved[path] && withoutSS(a) {
				// The list of names is all there is.
				if path != named("replaced") {
					g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("install ss"))), "%q", path)
				}
				continue
			}
			g.Expect(err).NotTo(HaveOccurred(), "%q", path)
			g.Expect(got).To(Equal(want.listening), "%q: %v", path, s.Explain("Listening"))
			g.Expect(s.Explain("Listening").Found).To(HavePrefix(want.found), "%q", path)
		}
		if os.Geteuid() == 0 {
			_, err := resource.NewUnixSocket(a, named("elsewhere")).Listening()
			NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("another network namespace"))))
		}
		for _, path := range []string{"", "run/x", "@", "a\nb"} {
			_, err := resource.NewUnixSocket(a, path).Listening()
			NewWithT(t).Expect(errors.As(err, new(*evidence.Mistake))).To(BeTrue(), "%q: %v", path, err)
		}
	})
}

// Below a directory that may not be entered nobody can look.
func TestUnixSocketHidden(t *testing.T) {
	m := rig.SharedMachine(t)
	m.Exec(t, "mkdir -p -m 700 /run/hs-hidden; setsid socat UNIX-LISTEN:/run/hs-hidden/s,fork - </dev/null >/dev/null 2>&1 &")
	await(t, func() bool {
		return must(resource.NewUnixSocket(askerFor(t, m.URI("root")), "/run/hs-hidden/s").Listening())
	})
	_, err := resource.NewUnixSocket(askerFor(t, m.URI("deploy")), "/run/hs-hidden/s").Listening()
	NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("ermission denied"))))
}
