package target

import (
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// engine is the socket of the Docker engine.
const engine = "/var/run/docker.sock"

// silencedEngine stands before the engine, and returns what makes it take connections
// and never answer again.
func silencedEngine(t *testing.T) (silence func()) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "engine.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_HOST", "unix://"+l.Addr().String())
	var silent atomic.Bool
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			if silent.Load() {
				continue
			}
			e, err := net.Dial("unix", engine)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = e.Close() })
			pass := func(to io.Writer, from io.Reader) {
				buf := make([]byte, 64<<10)
				for {
					n, err := from.Read(buf)
					if err != nil || silent.Load() {
						return
					}
					if _, err := to.Write(buf[:n]); err != nil {
						return
					}
				}
			}
			go pass(e, c)
			go pass(c, e)
		}
	}()
	return func() { silent.Store(true) }
}

// TestRun_AnEngineThatStopsAnswering has a shell and a command wait for an engine that
// answers no more: neither takes longer than its deadline.
func TestRun_AnEngineThatStopsAnswering(t *testing.T) {
	g := NewWithT(t)
	m := rig.StartMachine(t, rig.WithoutSystemd())
	silence := silencedEngine(t)
	target := openWith(t, "docker://"+m.ID, Options{Timeout: 15 * time.Second})
	got, err := ask(t, target, single, "echo one", 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal("one\n"))
	silence()
	ends := func(what string, run func() error) {
		t.Helper()
		ended := make(chan error, 1)
		go func() { ended <- run() }()
		select {
		case err := <-ended:
			g.Expect(err).To(HaveOccurred(), what)
		case <-time.After(10 * time.Minute):
			t.Fatalf("%s has no end", what)
		}
	}
	ends("a command", func() error {
		_, _, err := target.Run(t.Context(), Identity{}, Script{Text: "echo hi", Timeout: 5 * time.Second})
		return err
	})
	ends("the shell of another user", func() error {
		_, _, err := target.Run(t.Context(), Identity{User: "deploy"}, Script{Text: "echo hi", Timeout: 5 * time.Second})
		return err
	})
	ends("a question", func() error { _, err := ask(t, target, single, "echo two", 0); return err })
}
