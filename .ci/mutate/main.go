// Mutate PACKAGE REPORT changes the code of a package in small ways, one at a time, and
// looks whether the package's tests notice. REPORT is written in gremlins' format, and
// the mutators are named as gremlins names them; survivors reads it.
//
// All changes are compiled into one test binary, in which the environment variable MUTANT
// chooses one. So a mutant costs neither a compiler nor a linker, and is met only by the
// tests that reach it: minutes, where a build for each mutant takes hours.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

var (
	workers = flag.Int("workers", 2, "mutants to try at once")
	skip    = flag.String("skip", "", "tests to leave out: a regular expression")
	by      = flag.String("by", "", "the package whose tests are run, where that is another one")
	short   = flag.Bool("short", false, "leave out what a quick run leaves out")
	only    = flag.String("only", "", "files to change, as a pattern like version*.go; all by default")
)

func main() {
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: mutate [FLAG...] PACKAGE REPORT")
		os.Exit(2)
	}
	if err := mutate(flag.Arg(0), flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func mutate(dir, report string) error {
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	pkg, err := load(dir)
	if err != nil {
		return err
	}
	mutants, err := pkg.build(work, cmp.Or(*by, dir))
	if err != nil {
		return err
	}
	b := binary{path: filepath.Join(work, "package.test"), dir: cmp.Or(*by, dir)}
	tests, err := b.tests(work)
	if err != nil {
		return err
	}
	try(b, mutants, tests)
	return write(report, mutants)
}

// A binary is a test binary with the mutants in it.
type binary struct{ path, dir string }

// A test is one of the package's tests, with the mutants that it reaches.
type test struct {
	name    string
	took    time.Duration
	reaches map[string]bool
}

// tests runs each test by itself. Those that fail without any mutant are left out.
func (b binary) tests(work string) ([]test, error) {
	list := exec.Command(b.path, "-test.list", "^(Test|Example|Fuzz)")
	list.Dir = b.dir
	names, err := list.Output()
	if err != nil {
		return nil, err
	}
	var all []test
	for _, name := range strings.Fields(string(names)) {
		reached := filepath.Join(work, name)
		began := time.Now()
		status := b.run("record:"+reached, []string{name}, 10*time.Minute)
		t := test{name: name, took: time.Since(began), reaches: map[string]bool{}}
		if status != "LIVED" {
			fmt.Printf("left out, as it fails without any mutant: %s\n", name)
			continue
		}
		text, err := os.ReadFile(reached)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		for _, id := range strings.Fields(string(text)) {
			t.reaches[id] = true
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no test of %s passes", b.dir)
	}
	return all, nil
}

// run returns what became of a mutant in these tests.
func (b binary) run(mutant string, tests []string, limit time.Duration) string {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args := []string{"-test.failfast", "-test.run", "^(" + strings.Join(tests, "|") + ")$"}
	if *short {
		args = append(args, "-test.short")
	}
	if *skip != "" {
		args = append(args, "-test.skip", *skip)
	}
	cmd := exec.CommandContext(ctx, b.path, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "MUTANT="+mutant)
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "TIMED OUT"
	case err != nil:
		return "KILLED"
	}
	return "LIVED"
}

// try finds out what becomes of each mutant.
func try(b binary, mutants []*mutant, tests []test) {
	queue := make(chan *mutant)
	var wg sync.WaitGroup
	for range *workers {
		wg.Go(func() {
			for m := range queue {
				m.status = b.meet(m, tests)
			}
		})
	}
	for i, m := range mutants {
		if i%100 == 0 {
			fmt.Printf("%s %d of %d\n", time.Now().Format(time.TimeOnly), i, len(mutants))
		}
		queue <- m
	}
	close(queue)
	wg.Wait()
}

// meet runs the tests that reach the mutant: the quick ones first and in one process,
// then the others.
func (b binary) meet(m *mutant, tests []test) string {
	var quick []string
	var groups [][]string
	var took time.Duration
	for _, t := range tests {
		switch {
		case !t.reaches[m.id]:
		case t.took < time.Second/2:
			quick = append(quick, t.name)
		default:
			groups = append(groups, []string{t.name})
			took = max(took, t.took)
		}
	}
	if quick != nil {
		groups = append([][]string{quick}, groups...)
	}
	if groups == nil {
		return "NOT COVERED"
	}
	for _, group := range groups {
		if status := b.run(m.id, group, 20*time.Second+5*took); status != "LIVED" {
			return status
		}
	}
	return "LIVED"
}

type change struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

type file struct {
	Name      string   `json:"file_name"`
	Mutations []change `json:"mutations"`
}

func write(name string, mutants []*mutant) error {
	var files []file
	for _, m := range mutants {
		if len(files) == 0 || files[len(files)-1].Name != m.at.Filename {
			files = append(files, file{Name: m.at.Filename})
		}
		f := &files[len(files)-1]
		f.Mutations = append(f.Mutations, change{m.mutator, m.status, m.at.Line, m.at.Column})
	}
	text, err := json.MarshalIndent(map[string]any{"files": files}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o666)
}
