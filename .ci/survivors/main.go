// Survivors PACKAGE REPORT reads what mutate found out about a package, prints the
// share of mutants that the tests killed, and names those that live. Which of them may
// live says PACKAGE/survivors.txt, in lines of four parts with " | " between them:
//
//	FILE | MUTATOR | LINE OF CODE | REASON
//
// A line there of which no mutant lives any more is named, too.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A report is what mutate writes.
type report struct {
	Files []struct {
		Name      string `json:"file_name"`
		Mutations []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
			Line   int    `json:"line"`
			Column int    `json:"column"`
		} `json:"mutations"`
	} `json:"files"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: survivors PACKAGE REPORT")
		os.Exit(2)
	}
	if err := tell(os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "survivors:", err)
		os.Exit(1)
	}
}

func tell(out io.Writer, dir, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	reasons, err := readReasons(filepath.Join(dir, "survivors.txt"))
	if err != nil {
		return err
	}
	var killed, lived, listed int
	tried, used := map[string]bool{}, map[string]bool{}
	others := map[string]int{}
	for _, f := range r.Files {
		name := filepath.Base(f.Name)
		tried[name] = true
		code, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		lines := strings.Split(string(code), "\n")
		for _, m := range f.Mutations {
			switch m.Status {
			case "KILLED":
				killed++
			case "LIVED":
				lived++
				line := strings.Join([]string{name, m.Type, strings.TrimSpace(lines[m.Line-1])}, " | ")
				if reasons[line] {
					listed++
					used[line] = true
				} else {
					fmt.Fprintf(out, "lives, at %s/%s:%d:%d: %s\n", dir, name, m.Line, m.Column, line)
				}
			default:
				others[strings.ToLower(m.Status)]++
			}
		}
	}
	if killed+lived == 0 {
		return fmt.Errorf("%s: no mutants were tried", file)
	}
	for _, line := range slices.Sorted(maps.Keys(reasons)) {
		if name, _, _ := strings.Cut(line, " | "); tried[name] && !used[line] {
			fmt.Fprintf(out, "listed, and does not live: %s\n", line)
		}
	}
	fmt.Fprintf(out, "%s: %.1f %% killed: %d of %d; of the %d that live, survivors.txt lists %d\n",
		dir, 100*float64(killed)/float64(killed+lived), killed, killed+lived, lived, listed)
	for _, status := range slices.Sorted(maps.Keys(others)) {
		fmt.Fprintf(out, "%s: besides, %d %s\n", dir, others[status], status)
	}
	return nil
}

// readReasons reads what a mutant is known by in a list of survivors.
func readReasons(name string) (map[string]bool, error) {
	text, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return nil, nil
	}
	reasons := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, " | ")
		if strings.Count(line, " | ") < 3 || strings.TrimSpace(line[at+3:]) == "" {
			return nil, fmt.Errorf("%s: %q is not FILE | MUTATOR | LINE OF CODE | REASON", name, line)
		}
		reasons[line[:at]] = true
	}
	return reasons, err
}
