package benchmark

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// loopSpec holds before and after, since nothing converges. The line that is edited is
// its last.
const loopSpec = `package web_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "web") }

var _ = Describe("a machine", func() {
	User("root").Should(Exist())
	// seen %d times
})
`

// loop measures hostspec tdd of a suite whose converge does nothing: from create to the
// summary, and with --watch from saving a spec to the verdict.
func (s *bench) loop(out *table) {
	s.Helper()
	program := s.hostspec()
	dir := filepath.Join(s.dir, "loop")
	s.must(os.MkdirAll(filepath.Join(dir, "spec"), 0o755))
	s.writeModule(dir)
	s.must(os.WriteFile(filepath.Join(dir, "hostspec.yaml"), []byte("suites: {web: {image: "+rig.Image(s)+", converge: 'true', specs: ./spec}}\n"), 0o644))
	s.editLoop(dir, 0)
	var stages, whole []time.Duration
	for range *runs + 1 {
		start := time.Now()
		stages = append(stages, s.loopOnce(program, dir))
		whole = append(whole, time.Since(start))
	}
	tell := func(what string, all []time.Duration) {
		out.note("hostspec tdd, %s: median %s, min %s, max %s", what, ms(median(all)), ms(slices.Min(all)), ms(slices.Max(all)))
	}
	tell("create to summary with a converge that does nothing", stages[1:])
	tell("all included", whole[1:])
	tell("--watch, from saving a spec to the verdict", s.watchLoop(program, dir))
}

func (s *bench) editLoop(dir string, n int) {
	s.Helper()
	s.must(os.WriteFile(filepath.Join(dir, "spec", "web_test.go"), fmt.Appendf(nil, loopSpec, n), 0o644))
}

// loopOnce goes through the loop and returns what the stages took together.
func (s *bench) loopOnce(program, dir string) time.Duration {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), program, "tdd", "-f", "json")
	cmd.Dir, cmd.Env = dir, s.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		s.Fatalf("hostspec tdd: %v\n%s", err, &stderr)
	}
	var doc struct {
		Summary struct {
			Loops []struct{ Stages []struct{ Seconds float64 } }
		}
	}
	s.must(json.Unmarshal(text, &doc))
	sum := 0.0
	for _, stage := range doc.Summary.Loops[0].Stages {
		sum += stage.Seconds
	}
	return time.Duration(sum * float64(time.Second))
}

// watchLoop edits the spec again and again while it is watched.
func (s *bench) watchLoop(program, dir string) (all []time.Duration) {
	s.Helper()
	log, err := os.Create(filepath.Join(s.dir, "watch"))
	s.must(err)
	defer log.Close() // it is read by its name
	cmd := exec.CommandContext(s.Context(), program, "tdd", "--watch")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, s.env, log, log
	s.must(cmd.Start())
	turns := func(n int) {
		for {
			text, err := os.ReadFile(log.Name())
			s.must(err)
			if bytes.Count(text, []byte("\nsuite web: ")) >= n {
				return
			}
			if s.Context().Err() != nil {
				s.Fatalf("hostspec tdd --watch:\n%s", text)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	turns(1)
	for i := range *runs {
		// An edit while the last turn still ends would count less.
		time.Sleep(500 * time.Millisecond)
		s.editLoop(dir, i+1)
		start := time.Now()
		turns(i + 2)
		all = append(all, time.Since(start))
	}
	s.must(cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // 130, as it was interrupted
	return all
}
