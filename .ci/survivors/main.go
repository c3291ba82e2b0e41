// Survivors PACKAGE REPORT reads what mutate found out about a package, prints the
// share of mutants that the tests killed, and names those that live. Which of them may
// live says PACKAGE/survivors.txt, in lines of four parts with " | " between them:
//
//	FILE | MUTATOR | LINE OF CODE | REASON
package main

import (
	"encoding/json"
	"fmt"
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
	if err := tell(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "survivors:", err)
		os.Exit(1)
	}
}

func tell(dir, file string) error {
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
	others := map[string]int{}
	for _, f := range r.Files {
		name := filepath.Base(f.Name)
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
				} else {
					fmt.Printf("lives, at %s/%s:%d:%d: %s\n", dir, name, m.Line, m.Column, line)
				}
			default:
				others[strings.ToLower(m.Status)]++
			}
		}
	}
	if killed+lived == 0 {
		return fmt.Errorf("%s: no mutants were tried", file)
	}
	fmt.Printf("%s: %.1f %% killed: %d of %d; of the %d that live, survivors.txt lists %d\n",
		dir, 100*float64(killed)/float64(killed+lived), killed, killed+lived, lived, listed)
	for _, status := range slices.Sorted(maps.Keys(others)) {
		fmt.Printf("%s: besides, %d %s\n", dir, others[status], status)
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
