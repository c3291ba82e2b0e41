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

// editing measures `go test ./spec/...` of a module that uses hostspec, after a
// line of its spec was edited: compiling, linking, vetting and running.
func (s *bench) editing(out *table) {
	s.Helper()
	module := filepath.Join(s.dir, "module")
	spec := filepath.Join(module, "spec", "hundred")
	s.must(os.MkdirAll(spec, 0o755))
	s.must(os.CopyFS(spec, os.DirFS("testdata/hundred")))
	s.writeModule(module)
	file := filepath.Join(spec, "hundred_test.go")
	source, err := os.ReadFile(file)
	s.must(err)
	var all []time.Duration
	for i := range *runs + 1 {
		edited := bytes.Replace(source, []byte("a machine"), fmt.Appendf(nil, "a machine, seen %d times", i), 1)
		if bytes.Equal(edited, source) {
			s.Fatal("the line to edit is not there")
		}
		s.must(os.WriteFile(file, edited, 0o644))
		cmd := exec.CommandContext(s.Context(), "go", "test", "./spec/...")
		cmd.Dir, cmd.Env = module, s.env
		start := time.Now()
		if text, err := cmd.CombinedOutput(); err != nil {
			s.Fatalf("go test: %v\n%s", err, text)
		}
		all = append(all, time.Since(start))
	}
	first, all := all[0], all[1:]
	out.note("go test ./spec/... after one edited line: median %s, min %s, max %s (the first time: %s)",
		ms(median(all)), ms(slices.Min(all)), ms(slices.Max(all)), ms(first))
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
