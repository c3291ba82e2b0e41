package fact_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/fact"
)

func TestParseINI_Values(t *testing.T) {
	for line, want := range map[string]any{
		`k = v`: "v", `k=v`: "v", `k: v`: "v", `k =`: "", `k`: "true", `k # c`: "true", `k = v ; c`: "v", "k = v\t# c": "v", `k = x#y;z`: "x#y;z",
		`k = http://h/#a`: "http://h/#a", `k = #fff`: "#fff", `"k" = v`: "v", `k = a = b`: "a = b",
		// Never within quotes.
		`k = /bin/sh -c "echo a; echo b # c"`:    `/bin/sh -c "echo a; echo b # c"`,
		`k = /bin/sh -c "echo a" # c`:            `/bin/sh -c "echo a"`,
		`k = /bin/sh -c 'echo a ; b' "x # y" ;z`: `/bin/sh -c 'echo a ; b' "x # y"`,
		`k = "a \" # b"`:                         `a \" # b`,
		`k = "a # b" # c`:                        `a # b`,
		`k = a"b # c"d # e`:                      `a"b # c"d`,
		`k = Bob's thing # isn't it`:             `Bob's thing`,
		`k = 'quoted'`:                           "quoted", `k = "quoted"`: "quoted", `k = "a" "b"`: `"a" "b"`, `k = "open # c`: `"open`,
		`k = "C:\dir\"`: `C:\dir\`, `k = "C:\dir\" # c`: `C:\dir\`, `k = C:\new`: `C:\new`, `k = "`: `"`, `k = ""`: "", `k = ''`: "",
		"k = a \\\n  b \\\n  c": "a b c", "k = a \\": `a \`, "\ufeffk = v": "v", "k = v\r\n": "v", "k = 1\nk = 2\nk=3": []any{"1", "2", "3"},
	} {
		got, err := fact.ParseINI([]byte(line))
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		NewWithT(t).Expect(got).To(Equal(map[string]any{"k": want}), "%q", line)
	}
}

func TestParseINI_Sections(t *testing.T) {
	g := NewWithT(t)
	g.Expect(fact.ParseINI([]byte("a=1\n[x] # c\nb=2\n[ \"y ]\" ]\nc=3\n[x]\nd=4\n[DEFAULT]\ne=5\n"))).To(Equal(map[string]any{
		"a": "1", "e": "5", "x": map[string]any{"b": "2", "d": "4"}, ` "y ]" `: map[string]any{"c": "3"},
	}))
	for text, want := range map[string]string{
		"[a\nb=1\n": "line 1: unclosed section", "a=1\n[a]\n": "line 2: \"a\" is a section and a key", "[a]\n[DEFAULT]\na=1\n": "line 3: \"a\" is a section and a key",
		"\n= v\n": "line 2: a value without a key", "[a] b\n": "something follows", "\xff\xfea\x00": "UTF-16", "a=\x00\n": "NUL byte",
	} {
		_, err := fact.ParseINI([]byte(text))
		g.Expect(err).To(MatchError(ContainSubstring(want)), text)
	}
}

func TestDocumentsOfEditors(t *testing.T) {
	g := NewWithT(t)
	want := map[string]any{"a": "ü"}
	g.Expect(fact.ParseJSON([]byte("\ufeff{\"a\": \"ü\"}"))).To(Equal(want))
	g.Expect(fact.ParseTOML([]byte("\ufeffa = \"ü\"\r\n"))).To(Equal(want))
	g.Expect(fact.ParseYAML([]byte("\ufeffa: ü\r\n"))).To(Equal(want))
	g.Expect(fact.ParseINI([]byte("\ufeffa = ü\r\n"))).To(Equal(want))
	for name, parse := range map[string]func([]byte) (any, error){"JSON": fact.ParseJSON, "TOML": fact.ParseTOML, "INI": fact.ParseINI} {
		_, err := parse([]byte("\xff\xfe{\x00}\x00"))
		g.Expect(err).To(MatchError(ContainSubstring("it is written in UTF-16, and "+name)), name)
	}
	_, err := fact.ParseJSON([]byte("{\"a\": \"\xfc\"}"))
	g.Expect(err).To(MatchError(ContainSubstring("not written in UTF-8")))
	_, err = fact.ParseJSON([]byte("{\"a\": {\n\"b\": 1,\n\"b\": 2}}"))
	g.Expect(err).To(MatchError(ContainSubstring(`line 3: the key "b" stands there twice`)))
	for _, text := range []string{`{"a" 1}`, `{"a": 1,}`, `[1,]`, `{1: 2}`, `[}`, `{]`, `[1 2]`, `nul`, `"a`, `[`, `{"a":`, `{"a"`, `{`, "]"} {
		_, err := fact.ParseJSON([]byte(text))
		g.Expect(err).To(HaveOccurred(), text)
	}
}

// TestDocumentsThatAskForTooMuchAreRefused reads what would take minutes and hundreds of megabytes.
// Were it not refused at once the test would run into the limit of the whole run.
func TestDocumentsThatAskForTooMuchAreRefused(t *testing.T) {
	deep := func(open, close string, n int) string {
		return strings.Repeat(open, n) + "1" + strings.Repeat(close, n)
	}
	lines := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		parse func([]byte) (any, error)
		text  string
	}{
		"TOML lists":          {fact.ParseTOML, "a = " + deep("[", "]", 200000)},
		"TOML open lists":     {fact.ParseTOML, "a = " + strings.Repeat("[", 400000)},
		"TOML tables":         {fact.ParseTOML, "a = " + deep("{a = ", "}", 3000)},
		"TOML key":            {fact.ParseTOML, strings.Repeat("a.", 200000) + "a = 1\n"},
		"TOML table":          {fact.ParseTOML, "[" + strings.Repeat("a . ", 200000) + "a]\n"},
		"TOML keys":           {fact.ParseTOML, lines(strings.Repeat("a.", 100)+"k%d = 1\n", 4000)},
		"TOML after a string": {fact.ParseTOML, "s = '''\n\"'''\na = " + deep("[", "]", 200000)},
		"JSON":                {fact.ParseJSON, deep("[", "]", 200000)},
		"JSON objects":        {fact.ParseJSON, deep(`{"a":`, "}", 200000)},
		"YAML":                {fact.ParseYAML, deep("[", "]", 200000)},
		"YAML maps":           {fact.ParseYAML, deep("{a: ", "}", 200000)},
		"YAML blocks":         {fact.ParseYAML, strings.Repeat("- ", 200000) + "1"},
		"YAML questions":      {fact.ParseYAML, strings.Repeat("? ", 200000) + "1"},
		"YAML aliases":        {fact.ParseYAML, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + lines("b%[1]d: &b%[1]d [*a0,*a0,*a0,*a0]\n", 1) + bomb(9)},
		"large JSON":          {fact.ParseJSON, "[" + strings.Repeat("1,", 3<<20) + "1]"},
		"large YAML":          {fact.ParseYAML, strings.Repeat("# x\n", 2<<20)},
		"large TOML":          {fact.ParseTOML, strings.Repeat("# x\n", 2<<20)},
		"large INI":           {fact.ParseINI, strings.Repeat("# x\n", 2<<20)},
	} {
		if _, err := c.parse([]byte(c.text)); err == nil {
			t.Errorf("%s: no error", name)
		} else if len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
	// What takes its time with other parsers is read.
	for name, c := range map[string]struct {
		parse func([]byte) (any, error)
		text  string
	}{
		"TOML": {fact.ParseTOML, "a.'b.c'.\"d]\" = [[1], {x = '['}] # [[[\n"}, "TOML depth": {fact.ParseTOML, "a = " + deep("[", "]", 90)},
		"JSON depth": {fact.ParseJSON, deep("[", "]", 90)}, "YAML depth": {fact.ParseYAML, deep("[", "]", 90)},
		"INI keys": {fact.ParseINI, lines("key%d = 1\n", 100000)}, "INI sections": {fact.ParseINI, lines("[s%d]\n", 100000)},
		"INI one key": {fact.ParseINI, lines("k = %d\n", 100000)}, "INI quotes": {fact.ParseINI, "k = " + strings.Repeat(`"\`, 500000)},
		"INI apostrophes": {fact.ParseINI, "k = " + strings.Repeat(`\' `, 500000)}, "INI lines": {fact.ParseINI, strings.Repeat("a\\\n", 300000)},
	} {
		if _, err := c.parse([]byte(c.text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bomb is YAML in which each line holds the one before nine times.
func bomb(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 9), ","))
	}
	return b.String()
}

func FuzzDocuments(f *testing.F) {
	for _, text := range []string{
		"a = [{b = 1}]\n[t.'x.y']\n[[u]]\n", "[a]\nk = \"v # c\" ; d\nk: 2 \\\n 3\n", `{"a": [1.5, null, {"b": "\u00fc"}]}`, "a: &x [1]\nb: *x\n? c\n: |\n  d\n", "a = '''\n'''\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (any, error){fact.ParseJSON, fact.ParseTOML, fact.ParseINI, fact.ParseYAML} {
			document, err := parse(data)
			if err != nil && document != nil {
				t.Errorf("%v and %v", document, err)
			}
			if err == nil {
				_, _ = fact.Walk(document, "a[0].b")
			}
		}
	})
}
