package resource_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// guardedQuestions are those that only one type of file has an answer to.
var guardedQuestions = map[string]func(f *resource.File) (any, error){
	"Content":    func(f *resource.File) (any, error) { return f.Content() },
	"SHA256":     func(f *resource.File) (any, error) { return f.SHA256() },
	"Entries":    func(f *resource.File) (any, error) { return f.Entries() },
	"LinkTarget": func(f *resource.File) (any, error) { return f.LinkTarget() },
}

// outcome is an answer in words, without those that differ from way to way.
func outcome(value any, err error) string {
	var unknown *evidence.Unknown
	var missing *evidence.Missing
	switch {
	case errors.As(err, &missing):
		return "missing"
	case errors.As(err, &unknown) && strings.HasPrefix(unknown.Reason, "it is a "):
		return unknown.Reason
	case errors.As(err, &unknown):
		return "could not tell"
	case err != nil:
		return err.Error()
	}
	return fmt.Sprintf("%q", value)
}

// Through every shell comes what the system calls tell, whether it is asked about one
// file or about all of them, and whatever the files and what is in them look like.
func TestFilesAreGuardedEveryWay(t *testing.T) {
	dir := zoo(t)
	contents := []string{"", "\n", "as asked\n", "another\n", "as asked together\nno newline", "\x00\xff\n\n", "-n\n"}
	var paths []string
	for i, content := range contents {
		paths = append(paths, write(t, fmt.Sprintf("%s/file %d\n-e 'it\\n", dir, i), content))
	}
	for _, name := range []string{"file", "dir", "link", "dangling", "loop", "dirlink", "pipe", "block", "char", "socket", "nope", "file/below", "dir/", "file/"} {
		paths = append(paths, dir+"/"+name)
	}
	paths = append(paths, "/proc/self/no", "/proc/version", "/sys/kernel/notes", "/dev/zero")
	want := map[string]string{}
	local := askerFor(t, "local://")
	for _, path := range paths {
		for question, ask := range guardedQuestions {
			want[question+path] = outcome(ask(resource.NewFile(local, path)))
		}
	}
	everyWay(t, func(t *testing.T, a testAsker) {
		once := onceAsker{a}
		plan := planAsker{a, &target.Plan{}, 1}
		for _, path := range paths {
			for question, ask := range guardedQuestions {
				if got := outcome(ask(resource.NewFile(a, path))); got != want[question+path] {
					t.Errorf("%s of %q: got %s, want %s", question, path, got, want[question+path])
				}
				if _, err := ask(resource.NewFile(plan, path)); !errors.Is(err, target.ErrPlanned) {
					t.Fatal(err)
				}
			}
		}
		NewWithT(t).Expect(a.target.Fetch(a.ctx, target.Identity{}, plan.plan.Wants, 1)).To(Succeed())
		for _, path := range paths {
			for question, ask := range guardedQuestions {
				if got := outcome(ask(resource.NewFile(once, path))); got != want[question+path] {
					t.Errorf("%s of %q, asked together: got %s, want %s", question, path, got, want[question+path])
				}
			}
		}
	})
}

// What may not be read is neither empty nor missing.
func TestFilesThatMayNotBeRead(t *testing.T) {
	account, dir := rig.NewAccount(t), openTempDir(t)
	a := askerFor(t, rig.StartSSHD(t).URI(account.Name))
	if err := os.Chmod(write(t, dir+"/secret", "secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/closed", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/closed/file", "hidden")
	for path, questions := range map[string]string{"/secret": "Content SHA256", "/closed": "Entries", "/closed/file": "Content SHA256 Entries LinkTarget"} {
		for question, ask := range guardedQuestions {
			value, err := ask(resource.NewFile(a, dir+path))
			var unknown *evidence.Unknown
			if strings.Contains(questions, question) && (!errors.As(err, &unknown) || !strings.Contains(err.Error(), "Permission denied")) {
				t.Errorf("%s of %s: got %v, %v", question, path, value, err)
			}
		}
	}
}
