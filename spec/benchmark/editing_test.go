package benchmark

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// plainSpec is a spec that needs no more than Ginkgo and Gomega.
const plainSpec = `package plain_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func Test(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "plain")
}

var _ = It("is a machine", func() { Expect(1).To(Equal(1)) })
`

// editing measures what it takes from the edit of a line of a spec to its verdict, in a
// module that uses hostspec: compiling, linking and running, and vetting by go test. The
// floor is a spec that knows Ginkgo and Gomega alone.
func (s *bench) editing(out *table) {
	s.Helper()
	module := filepath.Join(s.dir, "module")
	hundred, plain := filepath.Join(module, "spec", "hundred"), filepath.Join(module, "spec", "plain")
	s.must(os.MkdirAll(hundred, 0o755))
	s.must(os.MkdirAll(plain, 0o755))
	s.must(os.CopyFS(hundred, os.DirFS("testdata/hundred")))
	s.must(os.WriteFile(filepath.Join(plain, "plain_test.go"), []byte(plainSpec), 0o644))
	s.writeModule(module)
	for _, one := range []struct {
		what, file string
		command    []string
	}{
		{"floor: go test of a spec that knows Ginkgo and Gomega alone", filepath.Join(plain, "plain_test.go"), []string{"go", "test", "./spec/plain"}},
		{"go test ./spec/hundred", filepath.Join(hundred, "hundred_test.go"), []string{"go", "test", "./spec/hundred"}},
		{"hostspec run ./spec/hundred", filepath.Join(hundred, "hundred_test.go"), []string{s.hostspec(), "run", "./spec/hundred"}},
	} {
		first, all := s.edits(module, one.file, one.command)
		out.note("from an edited line to the verdict, %s: median %s, min %s, max %s (the first time: %s)",
			one.what, ms(median(all)), ms(slices.Min(all)), ms(slices.Max(all)), ms(first))
	}
}

// edits edits a line of a file, again and again, and runs a command after each.
func (s *bench) edits(module, file string, command []string) (first time.Duration, all []time.Duration) {
	s.Helper()
	source, err := os.ReadFile(file)
	s.must(err)
	for i := range *runs + 1 {
		edited := bytes.Replace(source, []byte("a machine"), fmt.Appendf(nil, "a machine, seen %d times", i), 1)
		if bytes.Equal(edited, source) {
			s.Fatal("the line to edit is not there")
		}
		s.must(os.WriteFile(file, edited, 0o644))
		cmd := exec.CommandContext(s.Context(), command[0], command[1:]...)
		cmd.Dir, cmd.Env = module, s.env
		start := time.Now()
		if text, err := cmd.CombinedOutput(); err != nil {
			s.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, text)
		}
		all = append(all, time.Since(start))
	}
	s.must(os.WriteFile(file, source, 0o644))
	return all[0], all[1:]
}

// hostspec builds the command.
func (s *bench) hostspec() string {
	s.Helper()
	program := filepath.Join(s.dir, "hostspec")
	if text, err := exec.CommandContext(s.Context(), "go", "build", "-o", program, "../../cmd/hostspec").CombinedOutput(); err != nil {
		s.Fatalf("go build: %v\n%s", err, text)
	}
	return program
}

// writeModule makes a module that takes hostspec from this source tree.
func (s *bench) writeModule(dir string) {
	s.Helper()
	root, err := filepath.Abs("../..")
	s.must(err)
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	s.must(err)
	text := regexp.MustCompile(`(?m)^module .*`).ReplaceAllString(string(mod), "module example.com/infra")
	text += fmt.Sprintf("\nrequire github.com/hostspec/hostspec v0.0.0\n\nreplace github.com/hostspec/hostspec => %s\n", root)
	s.must(os.WriteFile(filepath.Join(dir, "go.mod"), []byte(strings.TrimLeft(text, "\n")), 0o644))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	s.must(err)
	s.must(os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644))
}
