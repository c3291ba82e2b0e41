package snapshot

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/evidence"
)

// String is an item in one line: "file /etc/motd  mode 0644 -> 0600".
func (i Item) String() string {
	head := shown(i.Kind)
	if i.Name != "" {
		head += " " + shown(i.Name)
	}
	switch i.Change {
	case Added:
		return head + "  (absent) -> " + describe(i.Kind, i.After)
	case Removed:
		return head + "  " + describe(i.Kind, i.Before) + " -> (absent)"
	case Unknown:
		return head + "  could not tell: " + shown(i.Reason)
	}
	var parts []string
	retyped := find(i.Before, "type") != find(i.After, "type")
	for _, key := range keysOf(i.Before, i.After) {
		if retyped && (key == "size" || key == "link") {
			continue // what a directory has no use for
		}
		if part := changed(i, key); part != "" {
			parts = append(parts, part)
		}
	}
	return head + "  " + strings.Join(parts, ", ")
}

// describe is what there is to say about something that is there.
func describe(kind string, attrs Attrs) string {
	var parts []string
	for _, a := range attrs {
		switch {
		case bare(kind, a.Key) || a.Key == "type":
			parts = append(parts, shown(a.Value))
		case a.Key == "sha256":
		case a.Key == "size":
			parts = append(parts, bytesOf(a.Value))
		default:
			parts = append(parts, word(a.Key)+" "+shown(a.Value))
		}
	}
	if len(parts) == 0 {
		return "present"
	}
	return strings.Join(parts, ", ")
}

// bare reports whether the value of a key is shown without the key.
func bare(kind, key string) bool {
	k := catalogue.ByName(kind)
	return k != nil && slices.Contains(k.Bare, key)
}

// changed says how one attribute differs. Size and digest are content.
func changed(i Item, key string) string {
	x, y := find(i.Before, key), find(i.After, key)
	arrow := orNone(x.Value) + " -> " + orNone(y.Value)
	switch {
	case bare(i.Kind, key):
		return arrow
	case key == "sha256" && (x.Value == "" || y.Value == ""):
		return "" // of another type
	case key == "sha256":
		if a, b := find(i.Before, "size").Value, find(i.After, "size").Value; a != b {
			return fmt.Sprintf("content, %s -> %s", orNone(a), bytesOf(orNone(b)))
		}
		return "content, of the same size"
	case key == "size" && find(i.Before, "sha256").Value != "" && find(i.After, "sha256").Value != "":
		return "" // told with the digest
	}
	return word(key) + " " + arrow
}

// bytesOf is a size as people read it.
func bytesOf(size string) string {
	if size == "1" {
		return "1 byte"
	}
	return shown(size) + " bytes"
}

// word is a key as people read it.
func word(key string) string { return shown(strings.ReplaceAll(key, "_", " ")) }

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return shown(s)
}

// shown makes a text of the target fit for a line on a terminal.
func shown(s string) string {
	s = evidence.Excerpt(s, 300)
	if strings.ContainsAny(s, "\n\t") {
		s = strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(s)
	}
	return s
}

// Format writes what differs for people to read: an item a line, what could not be
// told, and a sum.
func (d *Difference) Format(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, i := range d.Items {
		fmt.Fprintln(b, i)
	}
	for _, line := range untoldLines(d.Unknown) {
		fmt.Fprintln(b, line)
	}
	fmt.Fprintln(b, d.Summary())
	return b.Flush()
}

// maxTogether is how many names of what could not be told for one reason are shown.
const maxTogether = 5

// untoldLines joins what could not be told for the same reason.
func untoldLines(items []Item) []string {
	type group struct{ kind, reason string }
	var order []group
	names := map[group][]string{}
	for _, i := range items {
		g := group{i.Kind, i.Reason}
		if names[g] == nil {
			order = append(order, g)
		}
		names[g] = append(names[g], shown(i.Name))
	}
	var out []string
	for _, g := range order {
		list, more := names[g], ""
		if n := len(list) - maxTogether; n > 0 {
			list, more = list[:maxTogether], fmt.Sprintf(" and %d more", n)
		}
		head := strings.TrimSpace(shown(g.kind) + " " + strings.Join(list, ", "))
		out = append(out, fmt.Sprintf("could not tell %s%s: %s", head, more, shown(g.reason)))
	}
	return out
}

// Summary is the difference in one line: "3 differences: 1 package, 2 files".
func (d *Difference) Summary() string {
	text := "no differences"
	if len(d.Items) > 0 {
		var parts []string
		for _, kind := range Kinds() {
			n := 0
			for _, i := range d.Items {
				if i.Kind == kind {
					n++
				}
			}
			if n > 0 {
				parts = append(parts, counted(n, kind))
			}
		}
		text = counted(len(d.Items), "difference") + ": " + strings.Join(parts, ", ")
	}
	if n := len(d.Unknown); n > 0 {
		text += fmt.Sprintf("; %d could not be told", n)
	}
	return text
}

func counted(n int, what string) string {
	if k := catalogue.ByName(what); k != nil {
		return k.Counted(n)
	}
	return evidence.Count(n, what)
}

// FormatJSON writes one JSON object: {"version": 1, "before": SIDE, "after": SIDE,
// "differences": [ITEM...], "unknown": [ITEM...]}. SIDE has target, system and time;
// ITEM is Item.
func (d *Difference) FormatJSON(w io.Writer) error {
	type side struct {
		Target string    `json:"target"`
		System string    `json:"system"`
		Time   time.Time `json:"time"`
	}
	sideOf := func(s *Snapshot) side { return side{s.Target, s.System, s.Time} }
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(struct {
		Version int    `json:"version"`
		Before  side   `json:"before"`
		After   side   `json:"after"`
		Items   []Item `json:"differences"`
		Unknown []Item `json:"unknown"`
	}{1, sideOf(d.Before), sideOf(d.After), append([]Item{}, d.Items...), append([]Item{}, d.Unknown...)})
	if err == nil {
		_, err = w.Write(evidence.EscapeJSON(text.Bytes()))
	}
	return err
}

// Unknown are what could not be told when the snapshot was taken.
func (s *Snapshot) Unknown() []Item {
	var out []Item
	for _, kind := range Kinds() {
		for _, f := range s.Facts(kind) {
			if !f.Uncertain() {
				continue
			}
			for _, a := range f.Attrs() {
				if a.Unknown {
					out = append(out, Item{Kind: kind, Name: f.Name, Change: Unknown, Reason: a.Value})
				}
			}
		}
	}
	return out
}

// Format writes for people how much the snapshot holds, and what could not be told.
func (s *Snapshot) Format(w io.Writer) error {
	b := bufio.NewWriter(w)
	var parts []string
	for _, kind := range Kinds() {
		n := 0
		for _, f := range s.Facts(kind) {
			if f.Name != "" {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, counted(n, kind))
		}
	}
	for _, line := range untoldLines(s.Unknown()) {
		fmt.Fprintln(b, line)
	}
	fmt.Fprintf(b, "%s: %s\n", shown(s.Target), strings.Join(parts, ", "))
	return b.Flush()
}
