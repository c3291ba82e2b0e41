package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// The document satisfies both schemas that are in use: that of Jenkins' xUnit
// plugin (junit-10.xsd, kept in testdata) and the older and stricter one of
// Apache Ant. Ant wants id, package, hostname and a timestamp without zone, and
// properties, system-out and system-err even when empty; Jenkins wants no more
// than three decimals in times, and no other attributes on testcase than these.
type (
	junitDocument struct {
		XMLName xml.Name      `xml:"testsuites"`
		Suites  []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string      `xml:"name,attr"`
		Package    string      `xml:"package,attr"`
		ID         int         `xml:"id,attr"`
		Hostname   string      `xml:"hostname,attr"`
		Timestamp  string      `xml:"timestamp,attr"`
		Tests      int         `xml:"tests,attr"`
		Failures   int         `xml:"failures,attr"`
		Errors     int         `xml:"errors,attr"`
		Skipped    int         `xml:"skipped,attr"`
		Time       string      `xml:"time,attr"`
		Properties struct{}    `xml:"properties"`
		Cases      []junitCase `xml:"testcase"`
		Out        string      `xml:"system-out"`
		Err        string      `xml:"system-err"`

		took time.Duration
	}
	junitCase struct {
		Name      string      `xml:"name,attr"`
		Classname string      `xml:"classname,attr"`
		Time      string      `xml:"time,attr"`
		Failure   *junitCause `xml:"failure"`
		Error     *junitCause `xml:"error"`
		Skipped   *junitCause `xml:"skipped"`
	}
	junitCause struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// junit is a document while it is made.
type junit struct {
	suites []*junitSuite
	byName map[[3]string]*junitSuite
}

// writeJUnit writes the report for Jenkins, GitLab and their like: one testsuite
// for each package on each target, the target as its hostname and in its name,
// and target.package as the class name. What was answered wrong is a failure,
// what could not be told an error. A problem beside the specs is a test case, too: a suite
// without cases is dropped by Jenkins.
func writeJUnit(w io.Writer, run *Run) error {
	j := &junit{byName: map[[3]string]*junitSuite{}}
	for _, c := range run.Cases {
		j.add(c)
	}
	j.notes(run.Notes)
	for i, s := range j.suites {
		s.ID, s.Time = i, junitTime(s.took)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitDocument{Suites: j.suites}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (j *junit) add(r Case) {
	s := j.suiteOf(r)
	c := junitCase{Name: xmlText(junitName(r)), Classname: className(r.Target, r.Stage, r.Package), Time: junitTime(r.Took)}
	cause := &junitCause{Message: xmlText(r.Reason())}
	switch r.Outcome {
	case Passed:
	case Failed, NotTold, Unreachable:
		cause.Type = string(r.Outcome)
		if r.Problem {
			cause.Type = "problem"
		}
		cause.Text = xmlText(junitBody(r))
		if r.Outcome == Failed {
			s.Failures++
			c.Failure = cause
		} else {
			s.Errors++
			c.Error = cause
		}
	default:
		if cause.Message == "" {
			cause.Message = string(r.Outcome)
		}
		s.Skipped++
		c.Skipped = cause
	}
	if r.Outcome == Passed && r.Attempt > 1 {
		// The stricter schema has no place for it within a test case.
		s.Out += xmlText(visible(fmt.Sprintf("%s: passed at attempt %d\n%s\n", junitName(r), r.Attempt, strings.Join(r.Earlier, "\n"))))
	}
	s.took += r.Took
	s.Tests++
	s.Cases = append(s.Cases, c)
}

// notes writes each note into the first suite of its target.
func (j *junit) notes(notes []Note) {
	if len(j.suites) == 0 {
		return
	}
	for _, n := range notes {
		i := max(0, slices.IndexFunc(j.suites, func(s *junitSuite) bool { return s.Hostname == xmlText(visible(n.Target)) }))
		j.suites[i].Out += xmlText(visible("Note: " + n.Target + ": " + n.Text + "\n"))
	}
}

func (j *junit) suiteOf(r Case) *junitSuite {
	key := [3]string{r.Target, r.Stage, r.Package}
	if s, ok := j.byName[key]; ok {
		return s
	}
	title := cmp.Or(r.Suite, r.Package, NodeStage)
	if r.Target != "" {
		title = strings.TrimSpace(title + " " + where(r.Target, r.Stage))
	}
	s := &junitSuite{
		Name: or(xmlText(visible(title)), "hostspec"), Package: xmlText(r.Package),
		Hostname: or(xmlText(visible(r.Target)), "localhost"), Timestamp: r.Start.UTC().Format("2006-01-02T15:04:05"),
	}
	j.byName[key] = s
	j.suites = append(j.suites, s)
	return s
}

// junitName names a spec; the schemas want some name.
func junitName(r Case) string {
	if r.Node == NodeStage {
		return r.Text
	}
	return or(r.Name(), "(a spec without a name)")
}

// junitBody is a failure in full, with the line it belongs to: the schema of
// Jenkins has no attribute for that.
func junitBody(r Case) string {
	body := visible(r.Message)
	if lines := r.lines(); lines != "" {
		body += "\n\nat " + lines
	}
	if r.Output != "" {
		body += "\n\noutput of the spec:\n" + visible(r.Output)
	}
	return body
}

// className is target.package, in a loop target.stage.package. Jenkins takes what
// follows the last dot for the class and what precedes it for a package, so the Go
// package keeps none.
func className(target, stage, pkg string) string {
	name := strings.ReplaceAll(pkg, ".", "_")
	if stage != "" {
		name = strings.TrimSuffix(stage+"."+name, ".")
	}
	if target == "" {
		return xmlText(name)
	}
	return strings.TrimSuffix(xmlText(visible(target))+"."+xmlText(name), ".")
}

// junitTime is seconds with three decimals, never with an exponent.
func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }

// xmlText drops what XML 1.0 cannot hold (section 2.2, Char) at all.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return r
		case r < 0x20 || r == 0xfffe || r == 0xffff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func or(s, other string) string {
	if strings.TrimSpace(s) == "" {
		return other
	}
	return s
}
