package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A document on standard output is the document and nothing else: the last line
// goes to standard error then.
func TestDocumentOnStandardOutput(t *testing.T) {
	a := hostspec(t, "run", "-f", "json", "./testdata/wrong").run()
	a.wants(t, 1)
	if !json.Valid([]byte(a.stdout)) {
		t.Errorf("no JSON:\n%s", a.stdout)
	}
	if got := last(a.stderr); got != "5 specs: 1 passed, 2 failed, 0 could not tell, 2 skipped" {
		t.Errorf("last line %q", got)
	}
	if strings.Contains(a.stdout, mustGetwd(t)) {
		t.Errorf("files are not told from where the run was started:\n%s", a.stdout)
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// With reports to files alone, a person still sees what happened.
func TestFilesLeaveDocumentationOnTheTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	hostspec(t, "run", "-f", "json:"+file, "./testdata/good").run().wants(t, 0, "✓ counts")
}

// A report that cannot be written is told before anything is compiled or run, and
// a run that comes to nothing leaves the old report alone.
func TestReportFiles(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "junit.xml")
	if err := os.WriteFile(file, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	hostspec(t, "run", "-f", "junit:"+file, "./testdata/broken").run().wants(t, 2)
	if text, err := os.ReadFile(file); err != nil || string(text) != "old" {
		t.Errorf("the old report is %q, %v", text, err)
	}
	hostspec(t, "run", "-f", "junit:"+file, "-f", "json:"+filepath.Join(folder, "none", "x"), "./testdata/good").run().wants(t, 2)
	hostspec(t, "run", "-f", "junit:"+file, "./testdata/good").run().wants(t, 0)
	if text, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(text, []byte("<?xml")) {
		t.Errorf("the report is %q, %v", text, err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestReportToALinkAndADevice(t *testing.T) {
	folder := t.TempDir()
	link, file := filepath.Join(folder, "link"), filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	hostspec(t, "run", "-f", "json:"+link, "-f", "junit:/dev/null", "./testdata/good").run().wants(t, 0)
	if text, err := os.ReadFile(file); err != nil || !json.Valid(text) {
		t.Errorf("got %q, %v", text, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null is %v, %v", info, err)
	}
}

// A disk that is full when the run is over must not look like success.
func TestReportThatCannotBeFinished(t *testing.T) {
	a := hostspec(t, "run", "-f", "json:/dev/full", "./testdata/good").run()
	a.wants(t, 3, "cannot write a report", "no space left on device", "3 specs: 3 passed")
}

func TestColorOnATerminalOnly(t *testing.T) {
	for name, test := range map[string]struct {
		args, env []string
		color     bool
	}{
		"terminal":   {nil, []string{"TERM=xterm"}, true},
		"NO_COLOR":   {nil, []string{"TERM=xterm", "NO_COLOR=1"}, false},
		"--no-color": {[]string{"--no-color"}, []string{"TERM=xterm"}, false},
		"dumb":       {nil, []string{"TERM=dumb"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := openTerminal(t)
			cmd := hostspec(t, append(append([]string{"run"}, test.args...), "./testdata/good")...).with(test.env...).command(t.Context())
			cmd.Stdout = theirs
			read := make(chan []byte, 1)
			go func() {
				var all bytes.Buffer
				_, _ = all.ReadFrom(ours) // EIO when the other side is closed
				read <- all.Bytes()
			}()
			err := cmd.Run()
			theirs.Close()
			text := <-read
			if err != nil || !bytes.Contains(text, []byte("✓ counts")) {
				t.Fatalf("%v: %q", err, text)
			}
			if has := bytes.Contains(text, []byte("\x1b[32m✓ counts")); has != test.color {
				t.Errorf("colour is %v: %q", has, text)
			}
		})
	}
}

// openTerminal makes a pseudo-terminal (pty(7)): what is written to theirs is
// read from ours.
func openTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(n)), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}
