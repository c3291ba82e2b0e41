package local

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(ctx context.Context) (backends.Backend, error) { return backends.Open(ctx, "local://") }

func TestConformance(t *testing.T) {
	opts := backendtest.Options{Signals: true, TempDir: t.TempDir(), Listen: new(net.ListenConfig).Listen}
	for _, check := range backendtest.Checks() {
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), open, opts)
			if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
				t.Log(na)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// To root nothing is forbidden, so this program is run once more as somebody to
// whom something is.
func TestConformanceAsNobody(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("TestConformance was run by an unprivileged user already")
		return
	}
	const nobody = 65534
	// Only root may enter what TempDir makes.
	dir := t.TempDir()
	temp := filepath.Join(dir, "tmp")
	program := filepath.Join(dir, "test")
	err := errors.Join(
		os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755),
		os.Mkdir(temp, 0o700), os.Chown(temp, nobody, nobody),
		copyProgram(program))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program, "-test.v", "-test.run=^TestConformance$/^files")
	c.Dir, c.Env = temp, append(os.Environ(), "TMPDIR="+temp, "HOME="+temp)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestConformance/files:_what_is_forbidden") {
		t.Errorf("expected the checks of files to pass, found %v\n%s", err, out)
	}
	if strings.Contains(string(out), "root may read everything") {
		t.Errorf("expected the checks to be run by nobody, found\n%s", out)
	}
}

func copyProgram(to string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, self)
	return errors.Join(err, f.Close())
}

func TestScheme(t *testing.T) {
	for _, text := range []string{"local://", "local://?timeout=1s", "local://?sudo=true"} {
		if _, err := backends.Parse(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"local://web1":    "takes nothing after it; for another machine write ssh://HOST",
		"local:///":       "takes nothing after it",
		"local:":          "write local://",
		"local":           "did you mean local://?",
		"local://?color=": `unknown option "color"`,
	} {
		if _, err := backends.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected %q, found %v", text, want, err)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	l := New()
	defer l.Close()
	for b.Loop() {
		p, err := l.Start(b.Context(), backends.Command{Args: []string{"true"}})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStat(b *testing.B) {
	l := New()
	defer l.Close()
	for b.Loop() {
		if _, err := l.Stat(b.Context(), "/etc/passwd", true); err != nil {
			b.Fatal(err)
		}
	}
}
