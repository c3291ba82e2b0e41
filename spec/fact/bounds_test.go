package fact

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// failing makes a function of what any of the parsers says about a text.
func failing[T any](parse func(io.Reader) (T, error)) func(string) error {
	return func(text string) error {
		_, err := parse(strings.NewReader(text))
		return err
	}
}

func TestErrorsSayTheLine(t *testing.T) {
	for name, c := range map[string]struct {
		parse func(string) error
		text  string
	}{
		"login.defs":    {failing(ParseLoginDefs), "UID_MIN 1000\nGID_MIN 1000\nUID_MIN many\n"},
		"apk":           {failing(ParseApkInstalled), "P:a\nV:1\nnonsense\n"},
		"dpkg-query":    {failing(ParseDpkgQuery), strings.Repeat("a\t1\tamd64\tinstall ok installed\n", 2) + "a\n"},
		"rpm":           {failing(ParseRPMQuery), strings.Repeat("a\t0\t1\t2\tx86_64\n", 2) + "a\n"},
		"pacman":        {failing(ParsePacmanQuery), "a 1\nb 2\nc\n"},
		"mountinfo":     {failing(ParseMountinfo), strings.Repeat("1 2 0:1 / / rw - ext4 /dev/vda rw\n", 2) + "x\n"},
		"perl":          {failing(ParsePerlModules), "A\t1\nB\t2\nC\n"},
		"gem":           {failing(ParseGemList), "a (1)\nb (2)\nc\n"},
		"units":         {failing(ParseUnits), "Id=a.service\nLoadState=loaded\nnonsense\n"},
		"unit files":    {failing(ParseUnitFiles), "a.service enabled\nb.service enabled\nc.service\n"},
		"services":      {func(text string) error { _, _, err := ParseServiceRecords(strings.NewReader(text)); return err }, "service a\nout x\nnonsense\n"},
		"TOML":          {parseTOML, "a = \"x\"\n# [\nb = " + strings.Repeat("[", 200)},
		"TOML strings":  {parseTOML, "a = '''\n'''\nb = " + strings.Repeat("[", 200)},
		"sockets":       {func(text string) error { _, err := ParseProcNet([]byte(text), "tcp", binary.LittleEndian); return err }, "sl\n0: 0100007F:0016 0:0 0A 0:0 0:0 0 0 0 5 1\nx\n"},
		"key of a TOML": {parseTOML, "a = 1\nb = 2\n" + strings.Repeat("a.", 40) + "a = 1\n"},
	} {
		if err := c.parse(c.text); err == nil || !strings.Contains(err.Error(), "line 3") {
			t.Errorf("%s: %v, where line 3 is wrong", name, err)
		}
	}
}

func parseTOML(text string) error {
	_, err := ParseTOML([]byte(text))
	return err
}

// TestTOMLStringsAreNotRead has brackets within strings, where they open nothing, and
// behind them, where they do.
func TestTOMLStringsAreNotRead(t *testing.T) {
	deep := strings.Repeat("[", 101) + strings.Repeat("]", 101)
	for _, text := range []string{
		`a = "` + deep + `"`, `a = '` + deep + `'`, `a = "x\"` + deep + `"`, `a = "x` + deep + `"`, `a = """x"` + deep + `"""`, `a = '''x'` + deep + `'''`, "a = 1 # " + deep,
		"a = " + strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("a.", 31) + "a = 1",
	} {
		if err := parseTOML(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		`a = ["xy", ` + deep + `]`, `a = ['xy', ` + deep + `]`, `a = ['x\', ` + deep + `]`, `a = ["x\"y", ` + deep + `]`, `a = ["""xyz""", ` + deep + `]`, `a = ['''xyz''', ` + deep + `]`,
		"# c\na = " + deep, strings.Repeat("a.", 32) + "a = 1", `a = "x`, `a = "x\`, `a = '''x`,
	} {
		if err := parseTOML(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// Each test of characters has the first and last of a range, and those beside them.
func TestCharacters(t *testing.T) {
	const inside, outside = "09AZaz", "/:@[`{"
	for _, c := range strings.Split(inside, "") {
		if got, err := UnitName(c); err != nil || got != c+".service" {
			t.Errorf("unit %q: %q, %v", c, got, err)
		}
		if !IsProperty("A" + c) {
			t.Errorf("A%s is not a property", c)
		}
		if holdsWord("x/"+c+"word", "word") || holdsWord("word"+c, "word") {
			t.Errorf("beside %q stands no word of its own", c)
		}
		if v := iniValue(c + "'s thing # isn't it"); v != c+"'s thing" {
			t.Errorf("an apostrophe behind %q begins a quotation: %q", c, v)
		}
		if _, _, _, err := (DpkgVersions{}).Split("1" + c); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []string{".", "_", "-", "+"} {
		if holdsWord(c+"word", "word") || holdsWord("word"+c, "word") {
			t.Errorf("beside %q stands no word of its own", c)
		}
	}
	for _, c := range strings.Split(outside, "") {
		if _, err := UnitName("x" + c); err == nil && c != ":" && c != "@" {
			t.Errorf("x%s is a unit", c)
		}
		if IsProperty("A" + c) {
			t.Errorf("A%s is a property", c)
		}
		if !holdsWord(c+"word", "word") || !holdsWord("word"+c, "word") {
			t.Errorf("beside %q stands no word", c)
		}
		if v := iniValue(c + "'a # b' # c"); v != c+"'a # b'" {
			t.Errorf("an apostrophe behind %q begins no quotation: %q", c, v)
		}
		if _, err := ParseLsattr([]byte(c + " /a")); err == nil {
			t.Errorf("%q is an attribute", c)
		}
	}
	for name, want := range map[string]bool{"A": true, "Z": true, "a": true, "z": true, "A9": true, "": false, "0": false, "9a": false, "_": false} {
		if IsProperty(name) != want {
			t.Errorf("property %q: %v", name, !want)
		}
	}
	for name, want := range map[string]bool{"/etc/hosts": false, " ": false, "~": false, "a\nb": true, "a\x1fb": true, "\x7f": true, "it's": true, `a\b`: true, "ü": true} {
		if Odd(name) != want {
			t.Errorf("odd %q: %v", name, !want)
		}
	}
	if got, err := ParseLsattr([]byte("AZaz- /a")); err != nil || got != "AZaz" {
		t.Errorf("%q, %v", got, err)
	}
	if v := iniValue("À's thing # isn't it"); v != "À's thing" {
		t.Errorf("%q", v)
	}
}

func TestUnitNameSaysWhatIsWrong(t *testing.T) {
	for name, path := range map[string]bool{"a/b": true, "a b": false} {
		if _, err := UnitName(name); err == nil || strings.Contains(err.Error(), "systemd-escape") != path {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := UnitName(strings.Repeat("a", 255-len(".service"))); err != nil {
		t.Error(err)
	}
}

func TestOctalEscapes(t *testing.T) {
	for text, want := range map[string]string{
		`a\040b`: "a b", `\011`: "\t", `\134`: `\`, `\177`: "\x7f", `\377`: "\xff", `\012\043`: "\n#",
		`\400`: `\400`, `\778`: `\778`, `\08`: `\08`, `x\04`: `x\04`, `x\`: `x\`, `\18 `: `\18 `, `\1/0`: `\1/0`,
	} {
		if got := unescapeOctal(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestLinksOfProcesses(t *testing.T) {
	const link = `lrwx------ 1 root root 64 Jan 1 00:00 "/proc/1/exe"`
	for line, want := range map[string]string{link + ` -> "/bin/x"`: "/bin/x", link + ` -> "/bin/a b"`: "/bin/a b", link: "", link + ` -> "/bin/x" more`: "error", link + ` => "/bin/x"`: "error"} {
		_, target, err := cutLink([]byte(line))
		if err != nil {
			target = "error"
		}
		if target != want {
			t.Errorf("%s: %q, %v", line, target, err)
		}
	}
	for content, want := range map[string][]string{"": nil, "a": {"a"}, "a\x00b c\x00": {"a", "b c"}, "\x00": {""}} {
		if got := SplitCmdline(content); !slices.Equal(got, want) {
			t.Errorf("%q: %q", content, got)
		}
	}
	if (ProcessTable{}).Complete() {
		t.Error("a table of no processes is complete")
	}
}

func TestKernelThreadsSaySo(t *testing.T) {
	for value, want := range map[string]bool{"1": true, "0": false} {
		p := &Process{PID: 7}
		if err := p.SetStatus([]byte("Kthread:\t" + value)); err != nil || p.kernel != want {
			t.Errorf("Kthread %s: %v, %v", value, p.kernel, err)
		}
	}
}

func TestPIDs(t *testing.T) {
	for text, want := range map[string]int{"(pid 72) 5s": 72, "(pid 1 pgid 1) 5": 1, "(pid 0) 5s": 0, "(pid ) 5s": 0, "pid 7": 0} {
		if got, err := pidIn(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	records, _, err := ParseServiceRecords(strings.NewReader("service a\nexit 0\nservice b\n"))
	if err != nil || records[0].Exit != 0 || records[1].Exit == 0 {
		t.Errorf("%+v, %v", records, err)
	}
	if _, _, err := ParseServiceRecords(strings.NewReader("service a\nexit -1\n")); err == nil {
		t.Error("an exit code is negative")
	}
}

func TestNearKeys(t *testing.T) {
	keys := func(n int, name string) map[string]any {
		m := map[string]any{}
		for i := range n {
			m[fmt.Sprintf("%s%d", name, i)] = i
		}
		return m
	}
	sixty := strings.Repeat("k", 60)
	for _, c := range []struct {
		key  string
		m    map[string]any
		want string
	}{
		{"x", nil, "no keys"},
		{"port", map[string]any{"pppppppp": 1, "prot": 1}, "the keys prot, pppppppp"},
		{"abc", map[string]any{"abdxxxxxx": 1, "abd": 1}, "the keys abd, abdxxxxxx"},
		{"aa", map[string]any{"a": 1, "aa": 1}, "the keys aa, a"}, // a letter counts once for each
		{"k", keys(8, "k"), "the keys k0, k1, k2, k3, k4, k5, k6, k7"},
		{"k", keys(9, "k"), "the keys k0, k1, k2, k3, k4, k5, k6, k7 and 1 more"},
		{"x", map[string]any{sixty: 1, "a b": 1}, "the keys a b, " + sixty},
		{"x", map[string]any{sixty + "l": 1}, `the keys "` + sixty + `..."`},
		{"x", map[string]any{"\n" + sixty[1:]: 1}, `the keys "\n` + sixty[1:] + `"`},
	} {
		if got := nearKeys(c.key, c.m); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.key, got, c.want)
		}
	}
}

func TestWalkSaysWhichCharacter(t *testing.T) {
	g := NewWithT(t)
	for path, at := range map[string]string{".a": "character 1:", "ab.c]": "character 5:", "]": "character 1:", "a]": "character 2:", "ab[x]": "character 3:"} {
		_, err := Walk(map[string]any{}, path)
		g.Expect(err).To(MatchError(ContainSubstring("is wrong at "+at)), path)
	}
	_, err := Walk(map[string]any{"": 1}, "[0]")
	g.Expect(err).To(MatchError(ContainSubstring("there is no [0]")))
}

func TestAuthorizedKeysThatAreCut(t *testing.T) {
	for _, bad := range []string{"ssh-ed25519 AAAAC3NzaA==", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "ssh-ed25519 AAAA", "ssh-ed25519 AAAACw==", `command="x\`, `no-pty,command="x\"`} {
		if k, err := ParseAuthorizedKey(bad); err == nil {
			t.Errorf("%s: %+v", bad, k)
		}
	}
}

func TestNumbersAndSizesAtTheirBounds(t *testing.T) {
	g := NewWithT(t)
	for epoch, ok := range map[string]bool{"123456789": true, "1234567890": false, "": false, "x": false} {
		for _, rules := range []Versions{DpkgVersions{}, RPMVersions{}} {
			_, _, _, err := rules.Split(epoch + ":1.0")
			g.Expect(err == nil).To(Equal(ok), "%T, epoch %q", rules, epoch)
		}
	}
	for _, c := range "._+~^@" {
		_, _, _, err := (RPMVersions{}).Split(string(c) + "5-1")
		g.Expect(err).To(MatchError(ContainSubstring("it begins with %q", c)))
	}
	g.Expect(APKVersions{}.Compare("01.1", "1.1")).To(Equal(0))
	g.Expect(APKVersions{}.Compare("1.05", "1.1")).To(Equal(-1))
	g.Expect(ParseYAML([]byte("big: 12345678901234567890"))).To(Equal(map[string]any{"big": 12345678901234567890.0}))
	whole := `"` + strings.Repeat("a", maxDocument-2) + `"`
	for name, parse := range map[string]func([]byte) (any, error){"JSON": ParseJSON, "YAML": ParseYAML} {
		_, err := parse([]byte(whole))
		g.Expect(err).NotTo(HaveOccurred(), name)
		_, err = parse([]byte(whole + " "))
		g.Expect(err).To(MatchError(ContainSubstring("more than 4 MiB")), name)
	}
	_, err := ParseJSON([]byte("\x00"))
	g.Expect(err).To(MatchError(ContainSubstring("line 1: it holds a NUL byte")))
	g.Expect(ParseSHA256(sum + "  x\n")).To(Equal(map[string]string{"x": sum}))
	g.Expect(ParseApkInstalled(strings.NewReader("P:a\nV:1\nA:\n\n"))).To(HaveLen(1))
	for _, empty := range []string{`""`, `''`} {
		g.Expect(ParseOSRelease(strings.NewReader("ID=" + empty + "\nVERSION_ID=1\n"))).To(Equal(OSRelease{VersionID: "1"}))
	}
}

func TestINIKeysAndValuesInQuotes(t *testing.T) {
	g := NewWithT(t)
	for _, text := range []string{`"a b": v`, `"a b" : v`, `"a b" = v`, `"a b"=v`} {
		g.Expect(ParseINI([]byte(text))).To(Equal(map[string]any{"a b": "v"}), text)
	}
	// Where a backslash would leave a quote open, quotes close at the next one.
	g.Expect(iniValue(`"\" ''a # b'`)).To(Equal(`"\" ''a`))
}

func TestReasonsOfLsattr(t *testing.T) {
	g := NewWithT(t)
	g.Expect(ParseLsattrError([]byte("\n"))).To(MatchError("lsattr failed and did not say why"))
	g.Expect(ParseLsattrError([]byte("lsattr: out of memory\n"))).To(MatchError("out of memory"))
}

func TestListenersInWords(t *testing.T) {
	g := NewWithT(t)
	l := Listener{Protocol: "tcp", Address: "0.0.0.0", Port: 80}
	g.Expect(l.String()).To(Equal("tcp 0.0.0.0:80"))
	l.Process = "nginx"
	g.Expect(l.String()).To(Equal("tcp 0.0.0.0:80 nginx"))
}

// A tool complains of a file with its name before the reason, and some without one.
func TestParseErrnoTakesTheLastReason(t *testing.T) {
	for text, want := range map[string]error{
		"cat: a: b: Permission denied\n": fs.ErrPermission, ": Permission denied": fs.ErrPermission,
		"cat: x: Is a directory\ncat: y: No such file or directory\n\n": fs.ErrNotExist,
	} {
		if err := ParseErrno([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestLastLineIsShortened(t *testing.T) {
	words := strings.Repeat("ü", 200)
	for text, want := range map[string]string{"a\n" + words: words, words + "ü": words + "..."} {
		if got := lastLine([]byte(text)); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// One that was not told of has no account, and no place but that of its PID.
func TestProcessesAreSorted(t *testing.T) {
	table := ProcessTable{}
	for pid := 40; pid > 0; pid-- {
		if p := table.Add(pid); p.UID != -1 {
			t.Errorf("process %d is of UID %d, of which nothing is known", pid, p.UID)
		}
	}
	for i, p := range table.Sorted() {
		if p.PID != i+1 {
			t.Errorf("at place %d is process %d", i, p.PID)
		}
	}
}
