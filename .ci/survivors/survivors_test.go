package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tried is a report of six mutants, by the name of the file, the line and what became of
// each.
func tried(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`{"files": [{"file_name": "some/where/a.go", "mutations": [`)
	for i, m := range []string{`"line": 3, "status": "KILLED"`, `"line": 4, "status": "LIVED"`, `"line": 5, "status": "LIVED"`,
		`"line": 4, "status": "KILLED"`, `"line": 3, "status": "TIMED OUT"`, `"line": 3, "status": "NOT COVERED"`} {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`{"type": "BOUNDARY", "column": 7, ` + m + `}`)
	}
	b.WriteString(`]}]}`)
	return write(t, dir, "report.json", b.String())
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTell(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.go", "package a\n\n\tif x > 1 {\n\tif x > 2 || y | 1 {\n\tif x > 3 {\n")
	report := tried(t, dir)
	lives4, lives5 := "lives, at "+dir+"/a.go:4:7: a.go | BOUNDARY | if x > 2 || y | 1 {\n", "lives, at "+dir+"/a.go:5:7: a.go | BOUNDARY | if x > 3 {\n"
	rest := func(listed string) string {
		return dir + ": 50.0 % killed: 2 of 4; of the 2 that live, survivors.txt lists " + listed + "\n" + dir + ": besides, 1 not covered\n" + dir + ": besides, 1 timed out\n"
	}
	const two, three = "a.go | BOUNDARY | if x > 2 || y | 1 {", "a.go | BOUNDARY | if x > 3 {"
	for list, want := range map[string]string{
		"":                                     lives4 + lives5 + rest("0"),
		"# why\n\n" + two + " | it is equal\n": lives5 + rest("1"),
		two + " | it is equal\n" + three + " | it is, too\n":        rest("2"),
		three + " | x\na.go | NEGATION | if x > 2 || y | 1 { | x\n": lives4 + "listed, and does not live: a.go | NEGATION | if x > 2 || y | 1 {\n" + rest("1"),
		three + " | x\nb.go | BOUNDARY | of a file not tried | x\n": lives4 + rest("1"),
	} {
		write(t, dir, "survivors.txt", list)
		var out strings.Builder
		if err := tell(&out, dir, report); err != nil || out.String() != want {
			t.Errorf("%q: %v, got\n%s\nwant\n%s", list, err, &out, want)
		}
	}
	for _, bad := range []string{"a.go | BOUNDARY | if x > 3 {\n", three + " | \n"} {
		write(t, dir, "survivors.txt", bad)
		if err := tell(new(strings.Builder), dir, report); err == nil || !strings.Contains(err.Error(), "is not FILE | MUTATOR | LINE OF CODE | REASON") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "survivors.txt")); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := tell(&out, dir, report); err != nil || out.String() != lives4+lives5+rest("0") {
		t.Errorf("without a list: %v, got\n%s", err, &out)
	}
	if err := tell(&out, dir, write(t, dir, "none.json", `{"files": []}`)); err == nil || !strings.Contains(err.Error(), "no mutants were tried") {
		t.Errorf("of nothing: %v", err)
	}
}
