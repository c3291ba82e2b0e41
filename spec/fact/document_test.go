package fact_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/fact"
)

func TestDocumentsHaveOneSetOfTypes(t *testing.T) {
	g := NewWithT(t)
	json, err := fact.ParseJSON([]byte(`{"i": 8080, "neg": -1, "f": 1.5, "e": 1e3, "big": 12345678901234567890, "s": "1", "b": true, "n": null, "l": [1, {"x": 2}]}`))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(json).To(Equal(map[string]any{"i": 8080, "neg": -1, "f": 1.5, "e": 1000.0, "big": 12345678901234567890.0, "s": "1", "b": true, "n": nil, "l": []any{1, map[string]any{"x": 2}}}))
	yaml, err := fact.ParseYAML([]byte("i: 8080\nmode: 0644\nf: 1.5\ns: '1'\n1: one\nl:\n- 1\n- {x: 2}\nbase: &b {k: v}\nuse: *b\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(yaml).To(Equal(map[string]any{"i": 8080, "mode": 0o644, "f": 1.5, "s": "1", "1": "one", "l": []any{1, map[string]any{"x": 2}}, "base": map[string]any{"k": "v"}, "use": map[string]any{"k": "v"}}))
	toml, err := fact.ParseTOML([]byte("i = 8080\nf = 1.5\n[[t]]\nx = 2\n[a.b]\nc = ['d']\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(toml).To(Equal(map[string]any{"i": 8080, "f": 1.5, "t": []any{map[string]any{"x": 2}}, "a": map[string]any{"b": map[string]any{"c": []any{"d"}}}}))
	ini, err := fact.ParseINI([]byte("; comment\ntop=1\n[a.b]\nk = v ; comment\np = x#y;z\nq = \"quo ted\"\nflag\nr = 1\nr = 2\ni = %(k)s\n[empty]\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(ini).To(Equal(map[string]any{"top": "1", "a.b": map[string]any{"k": "v", "p": "x#y;z", "q": "quo ted", "flag": "true", "r": []any{"1", "2"}, "i": "%(k)s"}, "empty": map[string]any{}}))
	g.Expect(fact.ParseYAML(nil)).To(BeNil())
}

func TestDocumentErrorsSayWhere(t *testing.T) {
	for name, c := range map[string]struct {
		parse func([]byte) (any, error)
		text  string
		want  string
	}{
		"json":           {fact.ParseJSON, "{\n \"a\": 1,\n \"b\" 2\n}", "line 3"},
		"json cut":       {fact.ParseJSON, "{\n \"a\": 1,\n", "ends in the middle, in line 3"},
		"json two":       {fact.ParseJSON, "{}\n{}\n", "line 2: something follows"},
		"json empty":     {fact.ParseJSON, " \n", "it is empty"},
		"json rest":      {fact.ParseJSON, "1\nx", "line 2"},
		"yaml":           {fact.ParseYAML, "a: 1\nb: [\n", "line"},
		"yaml tab":       {fact.ParseYAML, "a:\n\tb: 1\n", "line 2"},
		"yaml documents": {fact.ParseYAML, "a: 1\n---\nb: 1\n", "several YAML documents"},
		"toml":           {fact.ParseTOML, "a = 1\nb = \n", "line 2"},
		"ini":            {fact.ParseINI, "[a\nb=1\n", "unclosed section"},
	} {
		_, err := c.parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWalk(t *testing.T) {
	document := map[string]any{
		"server": map[string]any{"ports": []any{80, 443}, "a.b": "dotted", "x[0]": "bracket", `q"`: "quote"},
		"list":   []any{[]any{"deep"}}, "null": nil, "": "empty",
	}
	g := NewWithT(t)
	for path, want := range map[string]any{
		"server.ports[0]": 80, "server.ports[1]": 443, `server["a.b"]`: "dotted", `["server"].ports[0]`: 80, `server['x[0]']`: "bracket",
		`server["q\""]`: "quote", "list[0][0]": "deep", "null": nil, `[""]`: "empty", `["server"]["ports"][1]`: 443,
	} {
		got, err := fact.Walk(document, path)
		g.Expect(err).NotTo(HaveOccurred(), path)
		if want == nil {
			g.Expect(got).To(BeNil())
		} else {
			g.Expect(got).To(Equal(want), path)
		}
	}
	g.Expect(fact.Walk(document, "")).To(Equal(document))
	for path, want := range map[string]string{
		"server.prots":      "there is no server.prots: it has the keys ports",
		"server.ports[2]":   "it is a list of 2",
		"server.ports.x":    "it is a list of 2",
		"server[0]":         "there is no server[0]: it has the keys",
		"server.ports[0].x": "server.ports[0] is 80",
		"null.x":            "null is null",
		"serve":             "server",
	} {
		_, err := fact.Walk(document, path)
		g.Expect(err).To(MatchError(ContainSubstring(want)), path)
	}
	for _, path := range []string{".a", "a.", "a..b", "a[", "a[x]", "a[-1]", "a[0", `a["x`, `a["x"`, "a]", "a[0]b", "[", "a[]", "a[99999999999999999999]"} {
		_, err := fact.Walk(document, path)
		g.Expect(err).To(MatchError(ContainSubstring("is wrong at character")), path)
	}
}

func FuzzWalk(f *testing.F) {
	f.Add("a[0].b", `{"a": [{"b": 1}]}`)
	f.Add(`["a.b"]['c']`, `{"a.b": {"c": null}}`)
	f.Fuzz(func(t *testing.T, path, text string) {
		for _, parse := range []func([]byte) (any, error){fact.ParseJSON, fact.ParseTOML, fact.ParseINI} {
			if document, err := parse([]byte(text)); err == nil {
				_, _ = fact.Walk(document, path)
			}
		}
	})
}

func FuzzParseYAML(f *testing.F) {
	f.Add("a: &x [1]\nb: *x\n")
	f.Fuzz(func(t *testing.T, text string) { _, _ = fact.ParseYAML([]byte(text)) })
}
