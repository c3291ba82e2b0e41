package snapshot

import (
	"encoding/json"
	"github.com/hostspec/hostspec/spec/catalogue"
	"strings"
	"testing"
	"unicode"
)

// A snapshot is a file that anybody may have written.
func TestFormat_ObeysNothingOfAForeignSnapshot(t *testing.T) {
	const bad = "x\x1b]0;owned\x07\u009b2J\u202e\r\ny"
	attrs := func(value string) Attrs {
		return Attrs{{Key: bad, Value: value}, {Key: "size", Value: value}, {Key: "sha256", Value: value}, {Key: "type", Value: value}, {Key: "version", Value: value}}
	}
	side := &Snapshot{Target: bad, System: bad, facts: []Fact{catalogue.Parse(KindFile, bad, "type=?x")}}
	d := &Difference{Before: side, After: side}
	for _, kind := range append(Kinds(), bad) {
		d.Items = append(d.Items,
			Item{Kind: kind, Name: bad, Change: Added, After: attrs(bad)},
			Item{Kind: kind, Name: bad, Change: Removed, Before: attrs(bad)},
			Item{Kind: kind, Name: bad, Change: Changed, Before: attrs(bad), After: attrs(bad + "2")},
			Item{Kind: kind, Name: bad, Change: Unknown, Reason: bad})
		d.Unknown = append(d.Unknown, Item{Kind: kind, Name: bad, Change: Unknown, Reason: bad})
	}
	var text, document, one strings.Builder
	for _, err := range []error{d.Format(&text), d.FormatJSON(&document), side.Format(&one)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, got := range []string{text.String(), document.String(), one.String()} {
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf)) }); i >= 0 || len(got) < 20 {
			t.Errorf("a terminal obeys %q", got[max(0, i-60):min(len(got), max(0, i)+20)])
		}
	}
	if n := strings.Count(text.String(), "\n"); n != len(d.Items)+len(d.Unknown)+1 {
		t.Errorf("%d lines for %d items:\n%s", n, len(d.Items)+len(d.Unknown), text.String())
	}
	var same struct{ Differences []struct{ Name string } }
	if err := json.Unmarshal([]byte(document.String()), &same); err != nil || same.Differences[0].Name != bad {
		t.Errorf("%v: JSON does not say the same: %q", err, same.Differences[0].Name)
	}
}
