package ssh_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// wantLost runs some processes, has the connection die, and wants all of them and
// every later one to say so.
func wantLost(t *testing.T, b backends.Backend, die func(), want ...string) {
	t.Helper()
	var running []backends.Process
	for range 3 {
		up := make(signalWriter)
		p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"sh", "-c", "echo up; exec sleep 300"}, Stdout: up})
		if err != nil {
			t.Fatal(err)
		}
		<-up
		running = append(running, p)
	}
	die()
	for _, p := range running {
		_, err := p.Wait()
		t.Log(err)
		if !errors.Is(err, backends.ErrLost) {
			t.Errorf("Wait: %v, want ErrLost", err)
		}
		for _, w := range want {
			if err != nil && !strings.Contains(err.Error(), w) {
				t.Errorf("the message lacks %q", w)
			}
		}
	}
	if _, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"true"}}); !errors.Is(err, backends.ErrLost) {
		t.Errorf("Start: %v, want ErrLost", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// signalWriter is closed by the first write.
type signalWriter chan struct{}

func (w signalWriter) Write(p []byte) (int, error) { close(w); return len(p), nil }

func TestLostConnection(t *testing.T) {
	s := rig.StartSSHD(t)
	t.Run("closed by the server", func(t *testing.T) {
		wantLost(t, mustOpen(t, s.URI("root")), s.DropConnections)
	})
	t.Run("closed in between", func(t *testing.T) {
		p := rig.StartProxy(t, s.Addr, 0)
		wantLost(t, mustOpen(t, s.URIAt(p.Addr, "root")), p.Drop)
	})
	t.Run("silent", func(t *testing.T) {
		p := rig.StartProxy(t, s.Addr, 0)
		config := configOf(t, "/dev/null", "Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 2")
		wantLost(t, mustOpen(t, s.URIAt(p.Addr, "root", "ssh_config="+config)), p.Freeze, "nothing was heard from it for 2s")
	})
}

func TestKeepAliveLeavesTheLivingAlone(t *testing.T) {
	s := rig.StartSSHD(t)
	config := configOf(t, "/dev/null", "Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 1")
	b := mustOpen(t, s.URI("root", "ssh_config="+config))
	output(t, b, "sleep", "3.5")
}

func TestNoStatus(t *testing.T) {
	s := rig.StartSSHD(t)
	// A login shell that sshd cannot execute is an end of the session; what it
	// looks like is the server's business, and never a success.
	a := rig.NewAccount(t, rig.LoginShell("/usr/sbin/nologin"))
	b := mustOpen(t, s.URI(a.Name))
	var out bytes.Buffer
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"true"}, Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	status, err := p.Wait()
	if err != nil || status.Code != 1 || !bytes.Contains(out.Bytes(), []byte("not available")) {
		t.Errorf("nologin: %v, %v, %q", status, err, out.String())
	}
}

func TestForceCommand(t *testing.T) {
	s := rig.StartSSHD(t, rig.Config("ForceCommand echo forced; exit 7"))
	b := mustOpen(t, s.URI("root"))
	var out bytes.Buffer
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"true"}, Stdout: &out, Stdin: io.MultiReader()})
	if err != nil {
		t.Fatal(err)
	}
	status, err := p.Wait()
	if err != nil || status.Code != 7 || out.String() != "forced\n" {
		t.Errorf("%v, %v, %q", status, err, out.String())
	}
}
