package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// sinks are secrets of every shape, none of whose parts stands in anything else, and
// bytes that a terminal obeys.
var sinks = struct {
	Secrets map[string]string
	Hostile string
}{
	Secrets: map[string]string{
		"plain":        "qj7-plain-wv3k-hunter-zx9",
		"quotes":       `it's "k8q-quo'ted-7vz" $k8q` + "`k8q`" + `\k8q-end`,
		"token-file":   "gho_tokenOfAFile7Qz\n",
		"carriage":     "crA7-before\rcrB7-after",
		"crlf":         "crC7-first-line\r\ncrD7-second-line\r\n",
		"PEM":          "-----BEGIN QJ7 PRIVATE KEY-----\nMIIqj7vQIBADANBgkqh\nkiG9w0Bqj7AQEFAASCBK\n-----END QJ7 PRIVATE KEY-----\n",
		"long":         chunks("Lq", 150),
		"special":      "<p&q>=r s/t?u%v.w*x(y)|k8z",
		"not-in-ASCII": "gëhëim-ключ-7qz-秘密",
	},
	Hostile: "qjH\x1b[31m\x1b]0;owned\x07\x1b]52;c;cm0=\x07\u009b2J\u202eback\u2066x\u2069\u200e\rover\b\x7f qjH",
}

// chunks is a long text without any repetition.
func chunks(prefix string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%04d", prefix, i*7)
	}
	return b.String()
}

// TestNoSinkShowsASecretOrObeysTheTarget looks through all that one run prints and
// writes, and through what `go test` prints of the same specs.
func TestNoSinkShowsASecretOrObeysTheTarget(t *testing.T) {
	folder := t.TempDir()
	text, err := json.Marshal(sinks)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(in("sinks.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"SINKS=" + in("sinks.json"), "SINKS_FOLDER=" + folder}
	a := hostspec(t, "run", "-v", "-f", "documentation", "-f", "progress:"+in("progress"), "-f", "json:"+in("json"), "-f", "junit:"+in("junit"),
		"./testdata/sinks", "--", "-test.run=Test$").with(env...).run()
	a.wants(t, 1, "***")
	outputs := map[string]string{"documentation": a.stdout, "run -v": a.stderr}
	for _, name := range []string{"progress", "json", "junit"} {
		outputs[name] = read(t, in(name))
	}
	c := (&call{t: t}).with(env...).command(t.Context())
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "./testdata/sinks",
		"-args", "-ginkgo.v", "-ginkgo.json-report="+in("ginkgo.json"), "-ginkgo.junit-report="+in("ginkgo.xml"))
	cmd.Env = c.Env
	out, _ := cmd.CombinedOutput() // its tests fail
	outputs["go test"] = string(out)
	outputs["Ginkgo's JSON"], outputs["Ginkgo's JUnit"] = read(t, in("ginkgo.json")), read(t, in("ginkgo.xml"))
	for sink, text := range outputs {
		if !strings.Contains(text, "***") || !strings.Contains(text, "qjH") {
			t.Errorf("%s: nothing of it is there:\n%.2000s", sink, text)
		}
		for shape, secret := range sinks.Secrets {
			if found := shows(text, secret); found != "" {
				t.Errorf("%s shows %q of the secret %q:\n%s", sink, found, shape, near(text, found))
			}
		}
		if i := strings.IndexFunc(text, obeyed); i >= 0 || !utf8.ValidString(text) {
			t.Errorf("%s has what a terminal obeys: %q", sink, text[max(0, i-200):min(len(text), max(0, i)+100)])
		}
	}
}

// shows returns a part of a secret that stands in the text: eight bytes of one of its
// lines.
func shows(text, secret string) string {
	const part = 8
	for _, line := range strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' }) {
		for _, form := range []string{line, fmt.Sprintf("%q", line)} {
			for i := 1; i+part < len(form); i++ {
				if strings.Contains(text, form[i:i+part]) && !strings.HasPrefix(form[i:], "PRIVATE") && !strings.Contains(form[i:i+part], "-----") {
					return form[i : i+part]
				}
			}
		}
	}
	return ""
}

func near(text, part string) string {
	i := strings.Index(text, part)
	return fmt.Sprintf("%q", text[max(0, i-300):min(len(text), i+100)])
}

// obeyed reports whether a terminal shows something else in place of the character.
func obeyed(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}
