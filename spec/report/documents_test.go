package report_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/report"
)

func TestJSON(t *testing.T) {
	sum := summary([]string{web1.Target}, every(web1))
	sum.Problems = []report.Problem{{Text: "a focus is left"}}
	text := write(t, "json", report.Options{}, sum, web1, every(web1)...)
	var doc struct {
		Version  int
		Start    time.Time
		Seconds  float64
		Targets  []string
		Suites   []map[string]string
		Problems []report.Problem
		Summary  map[string]any
		Specs    []struct {
			report.Result
			Took     any `json:"took"`
			Seconds  float64
			Suite    string
			Evidence []struct {
				evidence.Evidence
				Took    any `json:"took"`
				Seconds float64
			} `json:"evidence"`
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if doc.Version != 1 || !doc.Start.Equal(start) || doc.Seconds != 1.234567 || len(doc.Targets) != 1 ||
		len(doc.Suites) != 1 || doc.Suites[0]["suite"] != "web server" || len(doc.Problems) != 1 {
		t.Errorf("the frame is wrong:\n%s", text)
	}
	if len(doc.Specs) != 7 {
		t.Fatalf("got %d specs:\n%s", len(doc.Specs), text)
	}
	port := doc.Specs[1]
	if port.Text != "Port 80 should be listening" || port.Outcome != report.Failed || port.Seconds != 0.031 ||
		port.Took != nil || port.Suite != "web server" || port.FailedAt.Line != 7 {
		t.Errorf("got %+v", port)
	}
	if len(port.Evidence) != 1 || port.Evidence[0].Asked != "/proc/net/tcp" || port.Evidence[0].Seconds != 0.0015 || port.Evidence[0].Took != nil {
		t.Errorf("got %+v", port.Evidence)
	}
	want := map[string]any{"targets": 1.0, "specs": 7.0, "passed": 2.0, "failed": 1.0, "could_not_tell": 2.0,
		"skipped": 2.0, "interrupted": false, "line": sum.Line()}
	for k, v := range want {
		if doc.Summary[k] != v {
			t.Errorf("summary %s: got %v, want %v", k, doc.Summary[k], v)
		}
	}
}

// An empty run is a document of the same shape: lists are lists, not null.
func TestJSONOfNothing(t *testing.T) {
	text := write(t, "json", report.Options{}, report.Summary{}, web1)
	if strings.Contains(text, "null") {
		t.Errorf("got:\n%s", text)
	}
}

// validate has xmllint judge the document by the schema of Jenkins.
func validate(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "junit.xml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "xmllint", "--noout", "--schema", "testdata/junit-10.xsd", file).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s\n%s", err, out, text)
	}
}

type xmlSuite struct {
	Name       string       `xml:"name,attr"`
	Package    *string      `xml:"package,attr"`
	ID         *int         `xml:"id,attr"`
	Hostname   string       `xml:"hostname,attr"`
	Timestamp  string       `xml:"timestamp,attr"`
	Tests      int          `xml:"tests,attr"`
	Failures   int          `xml:"failures,attr"`
	Errors     int          `xml:"errors,attr"`
	Skipped    int          `xml:"skipped,attr"`
	Time       string       `xml:"time,attr"`
	Children   []xmlElement `xml:",any"`
	Properties []xmlElement
	Cases      []xmlElement
}

type xmlElement struct {
	XMLName  xml.Name
	Attrs    []xml.Attr   `xml:",any,attr"`
	Text     string       `xml:",chardata"`
	Children []xmlElement `xml:",any"`
}

func (e xmlElement) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func parseJUnit(t *testing.T, text string) []xmlSuite {
	t.Helper()
	var doc struct {
		XMLName xml.Name   `xml:"testsuites"`
		Attrs   []xml.Attr `xml:",any,attr"`
		Suites  []xmlSuite `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if len(doc.Attrs) != 0 {
		t.Errorf("Ant's schema knows no attributes of testsuites: %v", doc.Attrs)
	}
	for i := range doc.Suites {
		for _, c := range doc.Suites[i].Children {
			if c.XMLName.Local == "testcase" {
				doc.Suites[i].Cases = append(doc.Suites[i].Cases, c)
			}
		}
	}
	return doc.Suites
}

func TestJUnit(t *testing.T) {
	sum := summary([]string{web1.Target}, every(web1))
	text := write(t, "junit", report.Options{}, sum, web1, every(web1)...)
	validate(t, text)
	suites := parseJUnit(t, text)
	if len(suites) != 2 {
		t.Fatalf("got %d suites:\n%s", len(suites), text)
	}
	s := suites[0]
	if s.Name != "web server on ssh://deploy@web1" || s.Hostname != "ssh://deploy@web1" || s.Timestamp != "2026-03-01T02:00:00" ||
		s.Tests != 6 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 2 || s.Time != "12.500" {
		t.Errorf("got %+v", s)
	}
	port := s.Cases[1]
	if port.attr("classname") != "ssh://deploy@web1.example_com/fleet/spec/web" || port.attr("time") != "0.031" ||
		port.attr("name") != "nginx Port 80 should be listening" {
		t.Errorf("got %+v", port)
	}
	failure := port.Children[0]
	if failure.XMLName.Local != "failure" || failure.attr("type") != "failed" ||
		!strings.Contains(failure.Text, "spec/web/web_test.go:20, failed at spec/web/helper_test.go:7") ||
		!strings.Contains(failure.Text, "found    not listening") || !strings.Contains(failure.Text, "looked twice") {
		t.Errorf("got %+v", failure)
	}
	if e := s.Cases[2].Children[0]; e.XMLName.Local != "error" || e.attr("type") != "could not tell" {
		t.Errorf("got %+v", e)
	}
	for i, message := range map[int]string{4: "only on rhel; ...", 5: "pending"} {
		if e := s.Cases[i].Children[0]; e.XMLName.Local != "skipped" || e.attr("message") != message {
			t.Errorf("got %+v, want it to be skipped for %q", e, message)
		}
	}
	if !strings.HasSuffix(text, "</testsuites>\n") {
		t.Errorf("the last line has no end:\n%s", text)
	}
	if db := suites[1]; db.Hostname != "ssh://db1" || db.Errors != 1 || db.Cases[0].Children[0].attr("type") != "unreachable" {
		t.Errorf("a spec of On is not its target's: %+v", db)
	}
}

// The older schema of Apache Ant is not ours to copy; these are its rules.
func TestJUnitKeepsAntsRules(t *testing.T) {
	sum := summary([]string{web1.Target}, every(web1))
	sum.Problems = []report.Problem{{Text: "broken"}}
	for i, s := range parseJUnit(t, write(t, "junit", report.Options{}, sum, web1, every(web1)...)) {
		if s.ID == nil || *s.ID != i || s.Package == nil || s.Hostname == "" || s.Name == "" ||
			!regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`).MatchString(s.Timestamp) {
			t.Errorf("got %+v", s)
		}
		last := len(s.Children) - 1
		for n, c := range s.Children {
			want := "testcase"
			switch n {
			case 0:
				want = "properties"
			case last - 1:
				want = "system-out"
			case last:
				want = "system-err"
			}
			if c.XMLName.Local != want {
				t.Errorf("element %d is %s, want %s", n, c.XMLName.Local, want)
			}
		}
		for _, c := range s.Cases {
			if len(c.Attrs) != 3 || c.attr("name") == "" || c.attr("classname") == "" && s.Package == nil ||
				!regexp.MustCompile(`^\d+\.\d{3}$`).MatchString(c.attr("time")) || len(c.Children) > 1 {
				t.Errorf("got %+v", c)
			}
		}
	}
}

func TestJUnitTimesHaveNoExponent(t *testing.T) {
	for _, took := range []time.Duration{-time.Second, 0, time.Nanosecond, 1e6 * time.Hour} {
		r := result(web1, report.Passed, "x")
		r.Took = took
		validate(t, write(t, "junit", report.Options{}, report.Summary{}, web1, r))
	}
}

func TestJUnitHoldsHostileText(t *testing.T) {
	r := result(web1, report.Failed, "a ]]> & < \" ' \x00\x1b\xff\ufffe\uffff", "tab\tnew\nline")
	r.Message = "]]></failure>\x00 \x08 \u2028 \ufffe"
	r.Package = "example.com/\ufffe\uffff\x01specs"
	text := write(t, "junit", report.Options{}, report.Summary{}, web1, r)
	validate(t, text)
	// U+FFFD is what package xml writes for what XML cannot hold.
	if strings.ContainsAny(text, "\ufffd\ufffe\uffff") || !strings.Contains(text, `package="example.com/specs"`) {
		t.Errorf("what XML cannot hold is not left out:\n%s", text)
	}
	c := parseJUnit(t, text)[0].Cases[0]
	if !strings.Contains(c.Children[0].Text, `]]></failure>\x00 \b`) {
		t.Errorf("got %q", c.Children[0].Text)
	}
	nameless := result(web1, report.Skipped, "")
	nameless.Target, nameless.Package = "", ""
	validate(t, write(t, "junit", report.Options{}, report.Summary{}, report.Begin{}, nameless))
}

// Jenkins drops suites without cases, so a package that crashed before its first
// spec must have one, and one in which nothing happened must not be there.
func TestJUnitOfPackagesWithoutSpecs(t *testing.T) {
	text := write(t, "junit", report.Options{}, report.Summary{}, web1)
	validate(t, text)
	if suites := parseJUnit(t, text); len(suites) != 0 {
		t.Errorf("got %+v", suites)
	}
	text = write(t, "junit", report.Options{}, report.Summary{Start: start, Problems: []report.Problem{
		{Target: web1.Target, Package: web1.Package, Text: "it crashed", Output: "panic: oh"}}}, web1)
	validate(t, text)
	suites := parseJUnit(t, text)
	if len(suites) != 1 || suites[0].Tests != 1 || suites[0].Errors != 1 || !strings.Contains(suites[0].Cases[0].Children[0].Text, "panic: oh") {
		t.Errorf("got %+v", suites)
	}
}

// A document is made of all cases, of which what went wrong beside the specs are the last.
// Those that make the run fail are counted through.
func TestProblemsAreCases(t *testing.T) {
	var got []report.Case
	f := report.NewWriter(report.Format{Document: func(_ io.Writer, run *report.Run) error {
		got = run.Cases
		return nil
	}}, io.Discard, report.Options{})
	db := report.Begin{Target: web1.Target, Package: "example.com/fleet/spec/db", Suite: "database"}
	for _, b := range []report.Begin{web1, db} {
		f.Begin(b)
		f.Result(b, result(b, report.Passed, "answers"))
		f.Result(b, failed(b))
		f.Done(b)
	}
	if err := f.End(report.Summary{Start: start, Problems: []report.Problem{
		{Target: web1.Target, Package: web1.Package, Text: "it crashed"}, {Text: "a focus is left"}}}); err != nil {
		t.Fatal(err)
	}
	want := []string{"0 web server answers false", "1 web server Port 80 should be listening false", "0 database answers false",
		"2 database Port 80 should be listening false", "3 web server the whole package true", "4  the whole package true"}
	for i, c := range got {
		if one := fmt.Sprintf("%d %s %s %v", c.Number, c.Suite, c.Text, c.Problem); i >= len(want) || one != want[i] {
			t.Errorf("case %d: %s", i, one)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d cases, want %d", len(got), len(want))
	}
}

// What cannot be written after -f, or is not one form, is a mistake of the program.
func TestRegister_Refuses(t *testing.T) {
	document := func(io.Writer, *report.Run) error { return nil }
	stream := func(io.Writer, report.Options) report.Stream { return nil }
	for want, f := range map[string]report.Format{
		`the format "", which is not a word`:                    {Document: document},
		`the format "a:b", which is not a word`:                 {Name: "a:b", Document: document},
		"needs a Stream or a Document, and not both":            {Name: "neither"},
		"which needs a Stream or a Document":                    {Name: "both", Document: document, Stream: stream},
		"report: Register called twice for the format progress": {Name: "progress", Stream: stream},
		"called twice for the format junit":                     {Name: "junit", Document: document},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			}()
			report.Register(f)
		}()
	}
	if got := len(report.Names()); got != 4 {
		t.Errorf("got %v", report.Names())
	}
}

func TestProblemWhere(t *testing.T) {
	for want, p := range map[string]report.Problem{
		"": {Text: "x"}, "pkg": {Package: "pkg"}, "host": {Target: "host"}, "pkg on host": {Package: "pkg", Target: "host"},
	} {
		if got := p.Where(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
