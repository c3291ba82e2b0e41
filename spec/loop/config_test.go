package loop_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	_ "github.com/hostspec/hostspec/backends/local"
	_ "github.com/hostspec/hostspec/backends/ssh"
	"github.com/hostspec/hostspec/spec/loop"
)

// repository makes a folder with all that the files of these tests name.
func repository(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"manifests", "spec/web", "spec/base"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"Dockerfile", "spec/web/web_test.go"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t testing.TB, dir, text string) (*loop.Config, error) {
	t.Helper()
	name := filepath.Join(dir, loop.ConfigName)
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return loop.Load(name)
}

func TestLoadReadsAllKeys(t *testing.T) {
	g := NewWithT(t)
	dir := repository(t)
	c, err := load(t, dir, `
suites:
  web:
    image: debian:bookworm
    boot: systemd
    mount: {./manifests: /manifests/, Dockerfile: /tmp/Dockerfile}
    env: {STAGE: test, VERSION: 1.10, DEBUG: yes, QUIET: true, EMPTY: ""}
    converge:
      - apt-get update
      - {run: puppet apply /manifests/site.pp, on: here, accept: [2, 0], timeout: 10m, passes: 2}
    specs: [./spec/web, ./spec/..., spec/web/web_test.go:12, spec/b.../x]
    ignore: [/var/lib/app/cache/**, "**/__pycache__/**"]
    promote: registry.example:5000/web:tested
  small: {dockerfile: ./Dockerfile, boot: plain, specs: ./spec/web}
  vm: {target: "ssh://root@vm1?timeout=5s", converge: {run: "true", on: target}, specs: ./spec/base}
`)
	g.Expect(err).NotTo(HaveOccurred())
	in := func(name string) string { return filepath.Join(dir, name) }
	g.Expect(c.Suites).To(HaveLen(3))
	g.Expect(*c.Suites[0]).To(Equal(loop.Suite{
		Name: "web", Image: "debian:bookworm", Systemd: true,
		Mounts: []loop.Mount{{Source: in("manifests"), Destination: "/manifests"}, {Source: in("Dockerfile"), Destination: "/tmp/Dockerfile"}},
		Env: []loop.Variable{{Name: "STAGE", Value: "test"}, {Name: "VERSION", Value: "1.10"}, {Name: "DEBUG", Value: "yes"},
			{Name: "QUIET", Value: "true"}, {Name: "EMPTY", Value: ""}},
		Converge: []loop.Converge{{Run: "apt-get update", Passes: 1},
			{Run: "puppet apply /manifests/site.pp", Here: true, Accept: []int{0, 2}, Timeout: 10 * time.Minute, Passes: 2}},
		Specs:  []string{in("spec/web"), in("spec/..."), in("spec/web/web_test.go:12"), in("spec/b.../x")},
		Ignore: []string{"/var/lib/app/cache/**", "**/__pycache__/**"}, Promote: "registry.example:5000/web:tested",
	}))
	g.Expect(*c.Suites[1]).To(Equal(loop.Suite{Name: "small", Dockerfile: in("Dockerfile"), Specs: []string{in("spec/web")}}))
	g.Expect(*c.Suites[2]).To(Equal(loop.Suite{Name: "vm", Target: "ssh://root@vm1?timeout=5s", Specs: []string{in("spec/base")},
		Converge: []loop.Converge{{Run: "true", Passes: 1}}}))
}

// What is wrong is told at its place, with what would be right.
func TestLoadTellsWhatIsWrong(t *testing.T) {
	dir := repository(t)
	suite := func(lines ...string) string {
		return "suites:\n  web:\n    image: debian\n    specs: ./spec/web\n    " + strings.Join(lines, "\n    ") + "\n"
	}
	base := func(line string) string { return "suites:\n  web:\n    specs: ./spec/web\n    " + line + "\n" }
	for name, test := range map[string]struct{ text, says string }{
		"empty":               {"", `:1:1: there is nothing in it; it begins with suites:`},
		"comments alone":      {"# web\n", `:1:1: there is nothing in it`},
		"no map":              {"web", `:1:1: the file is text; want a map such as suites: `},
		"no YAML":             {"suites:\n  web: [\n", `this is not YAML: `},
		"a tab":               {"suites:\n\tweb: {}\n", `:2: this is not YAML: found character that cannot start any token`},
		"not UTF-8":           {"suites: \xff\n", `this is not YAML: `},
		"no suites":           {"{}", `:1:1: there is no key suites`},
		"suites of nothing":   {"suites:\n", `:1:8: suites is nothing; want a map`},
		"no suite":            {"suites: {}\n", `:1:9: there is no suite in it`},
		"unknown at the top":  {"suite:\n  web: {}\n", `:1:1: unknown key "suite"; did you mean "suites"?`},
		"a suite's at top":    {"image: debian\n", `:1:1: "image" is a key of a suite; write it under suites: {NAME: ...}`},
		"two documents":       {suite() + "---\nsuites: {}\n", `this is a second document (---); write all suites into one`},
		"alias":               {"suites:\n  web: &w {image: debian, specs: ./spec/web}\n  db: *w\n", `:3:7: aliases (*w) are not supported; write it out`},
		"merge":               {suite("<<: {boot: systemd}"), `:5:5: merge keys (<<) are not supported; write it out`},
		"tag":                 {base("image: !!str debian"), `:4:12: tags (!!str) are not supported; leave it out`},
		"own tag":             {base("image: !env IMAGE"), `:4:12: tags (!env) are not supported`},
		"name":                {"suites: {web server: {}}\n", `:1:10: suite "web server": a name has letters`},
		"suite is text":       {"suites: {web: debian}\n", `:1:15: suite "web" is text; want a map such as {image: `},
		"no base":             {"suites: {web: {specs: ./spec/web}}\n", `:1:10: suite "web" has none of image, dockerfile, target; it needs one of them`},
		"suite twice":         {"suites:\n  web: {image: debian, specs: spec/web}\n  web: {}\n", `:3:3: key "web" stands in suites twice, at first in line 2`},
		"unknown key":         {suite("convrge: x"), `:5:5: unknown key "convrge" in suite "web"; did you mean "converge"?`},
		"unknown, far":        {suite("volumes: x"), `:5:5: unknown key "volumes" in suite "web"; known: image, dockerfile, target, boot, `},
		"key of converge":     {suite("timeout: 5m"), `:5:5: "timeout" is not a key of suite "web" but of converge; write converge: {run: ..., timeout: ...}`},
		"key twice":           {suite("boot: plain", "boot: systemd"), `:6:5: key "boot" stands in suite "web" twice, at first in line 5`},
		"key is a list":       {suite("[a]: b"), `suite "web" has a key that is a list; want a word`},
		"image and target":    {suite("target: local://"), `:5:5: suite "web" has image and target; one of image, dockerfile, target is all`},
		"no specs":            {"suites:\n  web: {image: debian}\n", `:2:3: suite "web" has no specs`},
		"image: list":         {base("image: [debian]"), `:4:12: image is a list; want a text`},
		"image: nothing":      {base("image:"), `image is nothing; want a text`},
		"image: empty":        {base(`image: ""`), `:4:12: image is empty`},
		"image: number":       {base("image: 12"), `:4:12: image is a number (12); if that is meant as a text, put it in quotes`},
		"image: reference":    {base("image: Debian:12"), `:4:12: image "Debian:12": `},
		"image: option":       {base("image: -v"), `:4:12: image "-v": `},
		"dockerfile":          {base("dockerfile: ./Dokerfile"), `:4:17: dockerfile: ./Dokerfile is not there (looked for ` + dir + `/Dokerfile)`},
		"dockerfile: folder":  {base("dockerfile: ./spec"), `:4:17: dockerfile: ./spec is a folder; want a file`},
		"target":              {base("target: vm1"), `:4:13: target "vm1": it has no scheme; did you mean ssh://vm1?`},
		"target and promote":  {base("target: local://\n    promote: web:1"), `:5:5: suite "web" has a target, which is there already; promote is for containers`},
		"target and mount":    {base("target: local://\n    mount: {./manifests: /m}"), `:5:5: suite "web" has a target, which is there already; mount is for containers`},
		"boot":                {suite("boot: init"), `:5:11: boot "init": want systemd, or plain`},
		"boot: true":          {suite("boot: true"), `:5:11: boot is true or false (true); if that is meant as a text`},
		"mount: text":         {suite("mount: ./manifests:/m"), `:5:12: mount is text; want a map such as {./manifests: /manifests}`},
		"mount: source":       {suite("mount: {./nosuch: /m}"), `:5:13: mount: ./nosuch is not there`},
		"mount: relative":     {suite("mount: {./manifests: m}"), `:5:26: the mount of ./manifests at "m": want an absolute path`},
		"mount: over all":     {suite("mount: {./manifests: /m/..}"), `want an absolute path in the container`},
		"mount: options":      {suite("mount: {./manifests: /m:ro}"), `at "/m:ro": want an absolute path`},
		"mount: same place":   {suite("mount: {./manifests: /m, ./spec: /m/}"), `./manifests and ./spec are both mounted at /m`},
		"env: list":           {suite("env: [A=b]"), `:5:10: env is a list; want a map such as {STAGE: test}`},
		"env: name":           {suite("env: {A-B: c}"), `:5:11: env "A-B": a variable's name has letters`},
		"env: nothing":        {suite("env: {A: }"), `env A is nothing; want a text, "" for an empty one`},
		"env: map":            {suite("env: {A: {b: c}}"), `env A is a map`},
		"env: NUL":            {suite(`env: {A: "b\0"}`), `env A has a NUL byte in it`},
		"converge: empty":     {suite("converge: []"), `:5:15: converge is an empty list`},
		"converge: true":      {suite("converge: true"), `:5:15: converge is true or false (true); if that is meant as a text, put it in quotes`},
		"converge: in list":   {suite("converge: [[a]]"), `:5:16: converge is a list; want a text`},
		"converge: no run":    {suite("converge: {on: here}"), `:5:15: converge has no run, which is the command`},
		"converge: unknown":   {suite("converge: {run: x, acept: [0]}"), `:5:24: unknown key "acept" in converge; did you mean "accept"?`},
		"converge: empty run": {suite(`converge: {run: " "}`), `:5:21: run is empty`},
		"on":                  {suite("converge: {run: x, on: there}"), `:5:28: on "there": want target (the default), or here`},
		"accept: number":      {suite("converge: {run: x, accept: 2}"), `:5:32: accept is a number; want a list such as [0, 2]`},
		"accept: empty":       {suite("converge: {run: x, accept: []}"), `:5:32: accept is an empty list`},
		"accept: 256":         {suite("converge: {run: x, accept: [0, 256]}"), `:5:36: an exit code is "256"; want a number from 0 to 255`},
		"accept: -1":          {suite("converge: {run: x, accept: [-1]}"), `an exit code is "-1"; want a number from 0 to 255`},
		"accept: text":        {suite(`converge: {run: x, accept: ["0"]}`), `an exit code is "0"; want a number`},
		"timeout: number":     {suite("converge: {run: x, timeout: 600}"), `:5:33: timeout is "600"; want a time above zero such as 30s or 10m`},
		"timeout: negative":   {suite("converge: {run: x, timeout: -5m}"), `timeout is "-5m"; want a time above zero`},
		"timeout: list":       {suite("converge: {run: x, timeout: []}"), `timeout is a list; want a time above zero`},
		"passes":              {suite("converge: {run: x, passes: 0}"), `:5:32: passes is "0"; want a number from 1 to 100`},
		"specs: map":          {"suites: {web: {image: debian, specs: {a: b}}}", `specs is a map; want a list such as`},
		"specs: folder":       {"suites: {web: {image: debian, specs: ./spec/wbe}}", `:1:38: specs: ./spec/wbe is not there (looked for ` + dir + `/spec/wbe)`},
		"specs: pattern":      {"suites: {web: {image: debian, specs: ./nosuch/...}}", `specs: ./nosuch/ is not there`},
		"specs: file":         {"suites: {web: {image: debian, specs: ./Dockerfile}}", `specs: ./Dockerfile is a file; want a folder, or a Go file of specs`},
		"ignore: relative":    {suite("ignore: [cache/**]"), `:5:14: ignore "cache/**": want a pattern of absolute paths`},
		"ignore: pattern":     {suite(`ignore: ["/var/["]`), `ignore "/var/[": want a pattern`},
		"promote: no tag":     {suite("promote: registry.example/web"), `:5:14: promote "registry.example/web": want a name with a tag, such as registry.example/web:tested`},
		"promote: wrong":      {suite("promote: registry.example/Web:1"), `promote "registry.example/Web:1": `},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			c, err := load(t, dir, test.text)
			g.Expect(err).To(MatchError(ContainSubstring(test.says)))
			g.Expect(c).To(BeNil())
			var at *loop.ConfigError
			g.Expect(errors.As(err, &at)).To(BeTrue())
			g.Expect(err.Error()).To(HavePrefix(filepath.Join(dir, "hostspec.yaml:")))
			g.Expect(at.Line).To(BeNumerically(">", 0))
			g.Expect(strings.Count(err.Error(), "\n")).To(BeZero(), "one mistake is told several times:\n%v", err)
		})
	}
}

func TestLoadTellsAllAtOnce(t *testing.T) {
	g := NewWithT(t)
	dir := repository(t)
	_, err := load(t, dir, "suites:\n  web:\n    specs: ./nosuch\n    image: debian\n    boot: no\n  db:\n    imgae: debian\n    specs: ./spec/web\n")
	g.Expect(strings.Split(strings.ReplaceAll(err.Error(), dir+"/", ""), "\n")).To(Equal([]string{
		"hostspec.yaml:3:12: specs: ./nosuch is not there (looked for nosuch)",
		`hostspec.yaml:5:11: boot "no": want systemd, or plain for a process that waits (the default)`,
		`hostspec.yaml:6:3: suite "db" has none of image, dockerfile, target; it needs one of them`,
		`hostspec.yaml:7:5: unknown key "imgae" in suite "db"; did you mean "image"?`,
	}))
	_, err = load(t, dir, "suites:\n  web:\n"+strings.Repeat("    ? [x]\n    : y\n", 100))
	g.Expect(err).To(MatchError(HaveSuffix("\nand 80 more")))
}

func TestLoadOfAPasswordInATarget(t *testing.T) {
	g := NewWithT(t)
	_, err := load(t, repository(t), "suites: {web: {target: 'ssh://deploy:h0rse@web1', specs: ./spec/web}}")
	g.Expect(err).To(MatchError(And(ContainSubstring("password"), Not(ContainSubstring("h0rse")))))
}

func TestLoadOfAFileThatIsNotThere(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	name := filepath.Join(dir, loop.ConfigName)
	_, err := loop.Load(name)
	g.Expect(err).To(MatchError(fs.ErrNotExist))
	g.Expect(err).To(MatchError(ContainSubstring("`hostspec init --suite NAME` writes one")))
	g.Expect(os.WriteFile(filepath.Join(dir, "hostspec.yml"), nil, 0o666)).To(Succeed())
	_, err = loop.Load(name)
	g.Expect(err).To(MatchError(ContainSubstring("hostspec.yml is; rename it")))
	_, err = loop.Load(dir)
	g.Expect(err).To(MatchError(ContainSubstring("is a directory")))
}

// Texts that are made to keep a reader busy end at once.
func TestLoadOfHostileTexts(t *testing.T) {
	laughs := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		laughs += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "]\n"
	}
	for name, text := range map[string]string{
		"billion laughs": laughs,
		"deep":           "suites: " + strings.Repeat("[", 500_000),
		"deep maps":      "suites: " + strings.Repeat("{a: ", 200_000),
		"huge":           "suites: " + strings.Repeat("x", 1<<20),
		"many suites":    "suites:\n" + strings.Repeat("  web: {}\n", 90_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, t.TempDir(), text)
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
}

func TestSelect(t *testing.T) {
	g := NewWithT(t)
	c, err := load(t, repository(t), "suites:\n  web: {image: debian, specs: ./spec/web}\n  base: {image: debian, specs: ./spec/base}\n")
	g.Expect(err).NotTo(HaveOccurred())
	names := func(s []*loop.Suite) (all []string) {
		for _, s := range s {
			all = append(all, s.Name)
		}
		return all
	}
	all, err := c.Select()
	g.Expect(names(all), err).To(Equal([]string{"web", "base"}))
	some, err := c.Select("base", "web")
	g.Expect(names(some), err).To(Equal([]string{"base", "web"}))
	_, err = c.Select("wbe")
	g.Expect(err).To(MatchError(HaveSuffix(`hostspec.yaml has no suite "wbe"; did you mean "web"?`)))
	_, err = c.Select("cache")
	g.Expect(err).To(MatchError(HaveSuffix(`has no suite "cache"; known: web, base`)))
	_, err = c.Select("web", "web")
	g.Expect(err).To(MatchError(`suite "web" is named twice`))
}

// Whatever is written, reading it ends, and ends in suites that are whole or in
// an error that has a place.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("suites:\n  web: {image: debian, specs: ./spec/web, converge: [a, {run: b, accept: [0, 2], timeout: 1m}]}\n"))
	f.Add([]byte("suites: {web: &a {image: debian, specs: *a, <<: *a}}\n---\n"))
	f.Add([]byte("suites:\n  ? [x]\n  : !t y\n"))
	f.Add([]byte("\xef\xbb\xbfsuites: {web: {mount: {./manifests: /m}, env: {A: ~}, ignore: [/x/**], promote: a:b}}"))
	dir := repository(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := load(t, dir, string(text))
		if err != nil {
			var at *loop.ConfigError
			if c != nil || !errors.As(err, &at) && len(text) <= 1<<20 || at != nil && at.Line < 1 {
				t.Fatalf("%v: %+v", err, at)
			}
			return
		}
		if len(c.Suites) == 0 {
			t.Fatal("no suite, and no error")
		}
		for _, s := range c.Suites {
			bases := 0
			for _, base := range []string{s.Image, s.Dockerfile, s.Target} {
				if base != "" {
					bases++
				}
			}
			if bases != 1 || len(s.Specs) == 0 {
				t.Fatalf("%+v", s)
			}
			for _, c := range s.Converge {
				if c.Run == "" || c.Passes < 1 || c.Timeout < 0 {
					t.Fatalf("%+v", c)
				}
			}
		}
	})
}
