package cli

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/wire"
)

// FuzzEvents has a test binary tell whatever it likes: the reports stay documents of
// their formats, and nothing is counted that was not told.
func FuzzEvents(f *testing.F) {
	for _, text := range []string{
		`{"called":{"version":1,"target":"local://","package":"p","suite":"s"}}`,
		`{"begin":{"target":"local://","package":"p","suite":"s","specs":2,"total":2}}
{"result":{"text":"holds","outcome":"passed","attempt":2,"earlier":["no"],"took":5}}
{"result":{"text":"fails","outcome":"failed","message":"wrong","location":{"file":"/x_test.go","line":3},"failed_at":{"file":"y.go","line":-1}}}
{"end":{"took":9,"notes":[{"target":"local://","text":"a note"}],"problems":["a focus"]}}`,
		`{"refused":"it has no Run"}`, `{"begin":{}}{"begin":{}}{"result":{"node":"BeforeSuite","outcome":"could not tell"}}`, `{"result":{}}`, `{"end":{}}`, `[`, `{"begin":1}`, "\x00",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, told []byte) {
		outputs := map[string]*bytes.Buffer{}
		var reports []*report.Writer
		var receivers []receiver
		for _, name := range report.Names() {
			outputs[name] = new(bytes.Buffer)
			format, err := report.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			w := report.NewWriter(format, outputs[name], report.Options{})
			reports, receivers = append(reports, w), append(receivers, w)
		}
		col := newCollector(receivers, []string{"local://"}, func() bool { return false })
		j := &job{fleet: &fleet{collector: col}, target: runTarget{shown: "local://"}, pkg: &specPackage{path: "p", dir: "/nowhere"}}
		if err := j.listen(bytes.NewReader(told)); err == nil {
			t.Fatal("there was no end")
		}
		counted := 0
		for _, n := range col.sum.Counts {
			counted += n
		}
		if counted != j.ran || counted > bytes.Count(told, []byte("{")) {
			t.Errorf("%d results are counted, of %d", counted, j.ran)
		}
		for _, w := range reports {
			if err := w.End(col.sum); err != nil {
				t.Fatal(err)
			}
		}
		if !json.Valid(outputs["json"].Bytes()) {
			t.Errorf("not JSON: %s", outputs["json"])
		}
		for d := xml.NewDecoder(outputs["junit"]); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("not XML: %v", err)
			}
		}
		for _, name := range []string{"documentation", "progress"} {
			if strings.ContainsAny(outputs[name].String(), "\x00\x07\x1b") {
				t.Errorf("a terminal obeys %q", outputs[name])
			}
		}
	})
}

// Specs that were compiled with another version of hostspec are refused.
func TestSpecsOfAnotherVersion(t *testing.T) {
	for version, refused := range map[int]bool{0: true, wire.Version: false, wire.Version + 1: true} {
		j := &job{fleet: &fleet{collector: newCollector(nil, nil, nil)}}
		j.take(wire.Event{Called: &wire.Called{Version: version}})
		if (j.refused != "") != refused {
			t.Errorf("version %d: %q", version, j.refused)
		}
	}
}
