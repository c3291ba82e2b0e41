package docker_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// inputs passes connections on to the engine, and notes what came on each that became
// the streams of a process.
type inputs struct {
	mu  sync.Mutex
	got []string
}

func (i *inputs) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go i.pass(c)
	}
}

func (i *inputs) pass(c net.Conn) {
	defer c.Close()
	e, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer e.Close()
	printed := make(chan struct{})
	go func() { defer close(printed); _, _ = io.Copy(c, e) }()
	from := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(from)
		if err != nil || r.Write(e) != nil {
			return
		}
		if !strings.HasSuffix(r.URL.Path, "/start") {
			continue
		}
		var input bytes.Buffer
		_, _ = io.Copy(io.MultiWriter(e, &input), from)
		i.mu.Lock()
		i.got = append(i.got, input.String())
		i.mu.Unlock()
		_ = e.(*net.UnixConn).CloseWrite()
		<-printed
		return
	}
}

// An engine may lose the end of an input that nothing came before.
func TestProcess_NoInputEndsBeforeAnythingCame(t *testing.T) {
	id := startContainer(t, rig.Image(t), "sh", "-c", wait)
	l := listen(t, "unix", filepath.Join(t.TempDir(), "engine"))
	t.Cleanup(func() { _ = l.Close() })
	seen := &inputs{}
	go seen.serve(l)
	freshSettings(t)
	t.Setenv("DOCKER_HOST", "unix://"+l.Addr().String())
	b := mustOpen(t, "docker://"+id)
	var stdout bytes.Buffer
	p, err := b.Start(within(t, time.Minute), backends.Command{
		Args: []string{"sh", "-c", "cat; echo end"}, Stdin: strings.NewReader(""), Stdout: &stdout,
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || stdout.String() != "end\n" {
		t.Errorf("%v, %v, %q", status, err, stdout.String())
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if len(seen.got) == 0 || seen.got[len(seen.got)-1] == "" {
		t.Errorf("what came on the streams: %q", seen.got)
	}
}
