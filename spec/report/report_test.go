package report_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/report"
)

// start is when the runs of these tests began.
var start = time.Date(2026, 3, 1, 3, 0, 0, 0, time.FixedZone("CET", 3600))

var (
	web1 = report.Begin{Target: "ssh://deploy@web1", Package: "example.com/fleet/spec/web", Suite: "web server", Specs: 6, Total: 6}
	web2 = report.Begin{Target: "ssh://deploy@web2", Package: "example.com/fleet/spec/web", Suite: "web server", Specs: 6, Total: 6}
)

func result(b report.Begin, o report.Outcome, text string, containers ...string) report.Result {
	return report.Result{
		Target: b.Target, Package: b.Package, Containers: containers, Text: text,
		Location: report.Location{File: "spec/web/web_test.go", Line: 20},
		Outcome:  o, Start: start, Took: 31 * time.Millisecond,
	}
}

// failed is a wrong answer with all that can be known about it.
func failed(b report.Begin) report.Result {
	r := result(b, report.Failed, `Port 80 should be listening`, "nginx")
	r.Message = "Port 80 should be listening\n  found    not listening\n  near     tcp listeners: 22 sshd"
	r.FailedAt = &report.Location{File: "spec/web/helper_test.go", Line: 7}
	r.Output = "looked twice\n"
	r.Evidence = []evidence.Evidence{{Subject: "Port 80", Question: "Listening", Found: "not listening",
		Target: b.Target, Asked: "/proc/net/tcp", Took: 1500 * time.Microsecond}}
	return r
}

// every is a run with every outcome on one target.
func every(b report.Begin) []report.Result {
	notTold := result(b, report.NotTold, `Service "nginx" should be running`, "nginx")
	notTold.Message = "could not tell: systemctl: not found"
	skipped := result(b, report.Skipped, `File "/etc/x" should exist`)
	skipped.Message = "only on rhel;\nthis is debian"
	slow := result(b, report.Passed, "answers", "nginx", "when asked")
	slow.Took = 12345 * time.Millisecond
	unreachable := result(b, report.Unreachable, "Port 5432 should be listening", "database")
	unreachable.Target = "ssh://db1"
	unreachable.Message = "ssh://db1 is UNREACHABLE: dial tcp: connection refused"
	return []report.Result{
		result(b, report.Passed, `Package "nginx" should be installed`, "nginx"),
		failed(b), notTold, slow, skipped, result(b, report.Pending, "is not written yet"), unreachable,
	}
}

func summary(targets []string, results ...[]report.Result) report.Summary {
	s := report.Summary{Targets: targets, Counts: map[report.Outcome]int{}, Start: start, Took: 1234567 * time.Microsecond}
	for _, r := range slices.Concat(results...) {
		s.Counts[r.Outcome]++
	}
	return s
}

// open begins a report in a format.
func open(t *testing.T, name string, w io.Writer, o report.Options) *report.Writer {
	t.Helper()
	f, err := report.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return report.NewWriter(f, w, o)
}

func isDocument(t *testing.T, name string) bool {
	t.Helper()
	f, err := report.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return f.Document != nil
}

// write runs results of one target through a format.
func write(t *testing.T, name string, o report.Options, sum report.Summary, b report.Begin, results ...report.Result) string {
	t.Helper()
	var out bytes.Buffer
	f := open(t, name, &out, o)
	f.Begin(b)
	for _, r := range results {
		f.Result(b, r)
	}
	f.Done(b)
	if err := f.End(sum); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLineHasTheSameWordsForEveryNumber(t *testing.T) {
	sum := summary([]string{web1.Target}, every(web1))
	if got, want := sum.Line(), "7 specs: 2 passed, 1 failed, 2 could not tell, 2 skipped"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	sum = summary([]string{web1.Target, web2.Target}, every(web1)[:1])
	if got, want := sum.Line(), "2 targets, 1 spec: 1 passed, 0 failed, 0 could not tell, 0 skipped"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUnknownFormatNamesTheKnownOnes(t *testing.T) {
	_, err := report.Lookup("xml")
	if err == nil || err.Error() != `unknown format "xml"; known: documentation, progress, json, junit` {
		t.Errorf("got %v", err)
	}
}

func TestDocumentation(t *testing.T) {
	sum := summary([]string{web1.Target}, every(web1))
	sum.Problems = []report.Problem{{Target: web1.Target, Package: web1.Package,
		Text: "the test binary ended in the middle", Output: "panic: \x1b[2J"}}
	got := write(t, "documentation", report.Options{}, sum, web1, every(web1)...)
	want := `web server on ssh://deploy@web1
  nginx
    ✓ Package "nginx" should be installed
    ✗ Port 80 should be listening (see 1)
    ? Service "nginx" should be running (could not tell) (see 2)
    when asked
      ✓ answers 12.3 s
  - File "/etc/x" should exist (skipped: only on rhel; ...)
  - is not written yet (pending)
  on ssh://db1
    database
      ? Port 5432 should be listening (UNREACHABLE) (see 3)

Failures:

  1) FAILED: nginx Port 80 should be listening
     on ssh://deploy@web1, spec/web/web_test.go:20, failed at spec/web/helper_test.go:7

     Port 80 should be listening
       found    not listening
       near     tcp listeners: 22 sshd

     output of the spec:
       looked twice

  2) COULD NOT TELL: nginx Service "nginx" should be running
     on ssh://deploy@web1, spec/web/web_test.go:20

     could not tell: systemctl: not found

  3) UNREACHABLE: database Port 5432 should be listening
     on ssh://db1, spec/web/web_test.go:20

     ssh://db1 is UNREACHABLE: dial tcp: connection refused

Problems beside the specs:

  1) example.com/fleet/spec/web on ssh://deploy@web1: the test binary ended in the middle

     the end of what it printed:
       panic: \x1b[2J

`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestDocumentationKeepsTargetsApart(t *testing.T) {
	var out bytes.Buffer
	f := open(t, "documentation", &out, report.Options{})
	f.Begin(web1)
	f.Begin(web2)
	f.Result(web2, result(web2, report.Passed, "two a", "nginx"))
	f.Result(web1, result(web1, report.Passed, "one a", "nginx"))
	if want := "web server on ssh://deploy@web1\n  nginx\n    ✓ one a\n"; out.String() != want {
		t.Errorf("what runs first is not live:\n%s", out.String())
	}
	f.Result(web2, result(web2, report.Passed, "two b", "nginx"))
	f.Done(web2)
	f.Result(web1, result(web1, report.Passed, "one b", "nginx"))
	f.Done(web1)
	want := `web server on ssh://deploy@web1
  nginx
    ✓ one a
    ✓ one b

web server on ssh://deploy@web2
  nginx
    ✓ two a
    ✓ two b
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
	if err := f.End(report.Summary{}); err != nil {
		t.Error(err)
	}
}

func TestDocumentationTellsWhatNeverCameToItsEnd(t *testing.T) {
	var out bytes.Buffer
	f := open(t, "documentation", &out, report.Options{})
	f.Begin(web1)
	f.Begin(web2)
	f.Result(web2, result(web2, report.Passed, "two"))
	if err := f.End(report.Summary{}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "✓ two") {
		t.Errorf("lost a spec:\n%s", out.String())
	}
}

func TestProgress(t *testing.T) {
	sum := summary([]string{web1.Target}, every(web1))
	got := write(t, "progress", report.Options{}, sum, web1, every(web1)...)
	if !strings.HasPrefix(got, ".F?.--U\n\nFailures:\n\n  1) FAILED: nginx Port 80 should be listening\n") {
		t.Errorf("got:\n%s", got)
	}
	long := slices.Repeat(every(web1)[:1], 81)
	got = write(t, "progress", report.Options{}, summary(nil, long), web1, long...)
	if got != strings.Repeat(".", 80)+"\n.\n\n" {
		t.Errorf("got:\n%s", got)
	}
}

func TestColorOnlyWhenAsked(t *testing.T) {
	for _, name := range report.Names() {
		sum := summary([]string{web1.Target}, every(web1))
		if got := write(t, name, report.Options{}, sum, web1, every(web1)...); strings.Contains(got, "\x1b") {
			t.Errorf("%s: colour without being asked for:\n%q", name, got)
		}
		got := write(t, name, report.Options{Color: true}, sum, web1, every(web1)...)
		if has := strings.Contains(got, "\x1b[3"); has == isDocument(t, name) {
			t.Errorf("%s: colour is %v:\n%q", name, has, got)
		}
	}
}

// What a target or a spec says must not reach the terminal as it is.
func TestControlCharactersAreVisible(t *testing.T) {
	hostile := result(web1, report.Failed, "name \x1b]0;x\a\x00", "con\x1b[2Jtainer")
	hostile.Message = "found \x1b[31mred\r\nnext\u202e line \xff"
	hostile.Output = "out \x1b[1A"
	skipped := result(web1, report.Skipped, "s")
	skipped.Message = "why \x1b[5n"
	for _, name := range report.Names() {
		got := write(t, name, report.Options{}, report.Summary{}, web1, hostile, skipped)
		for _, c := range []string{"\x1b", "\x00", "\a", "\r", "\xff"} {
			if strings.Contains(got, c) {
				t.Errorf("%s: %q reaches the reader:\n%q", name, c, got)
			}
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("no space left on device")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestEndReturnsWhatWentWrongWhileWriting(t *testing.T) {
	for _, name := range report.Names() {
		f := open(t, name, fullDisk{}, report.Options{})
		f.Begin(web1)
		f.Result(web1, failed(web1))
		f.Done(web1)
		if err := f.End(report.Summary{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
