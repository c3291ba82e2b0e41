package ssh

import (
	"slices"
	"strings"
	"testing"
)

func FuzzSplitWords(f *testing.F) {
	for _, seed := range []string{`a b`, `"a b" 'c d'`, `a\ b\"c # d`, `"open`, `a""b`, `\`, " \t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, err := splitWords(text)
		if err != nil {
			return
		}
		var quoted []string
		for _, w := range words {
			quoted = append(quoted, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w)+`"`)
		}
		again, err := splitWords(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(words, again) {
			t.Errorf("%q: %q, and quoted again %q, %v", text, words, again, err)
		}
	})
}

// FuzzSettings reads what ssh -G might print, and what the configuration behind it
// might say: a list of files is never another than the one that a line says.
func FuzzSettings(f *testing.F) {
	f.Add("userknownhostsfile /a b /c\nport 22\n", `UserKnownHostsFile "/a b" /c`)
	f.Add("userknownhostsfile /a b\n", "UserKnownHostsFile /a b\nuserknownhostsfile='/a b'")
	f.Add("\n \nuserknownhostsfile", "UserKnownHostsFile")
	f.Fuzz(func(t *testing.T, printed, config string) {
		value := parseSettings(printed).get("userknownhostsfile")
		lists := listsIn(config, "userknownhostsfile", verbatim)
		files, err := chooseFiles(value, lists)
		if err != nil {
			return
		}
		spaced := slices.ContainsFunc(files, func(name string) bool { return strings.ContainsAny(name, blank) })
		said := slices.ContainsFunc(lists, func(l fileList) bool { return slices.Equal(l.words, files) })
		if spaced && !said {
			t.Errorf("%q of %q is read as %q", value, config, files)
		}
	})
}
