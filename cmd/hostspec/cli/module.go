package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// needs is what a module has to say before specs compile in it.
type needs struct {
	// version of our module; source is the folder that stands in for it when
	// this program is a development build, which nobody could fetch.
	version, source string
	// met says that the module has all of it.
	met bool
}

// develVersion stands where a replace says what is meant.
const develVersion = "v0.0.0-00010101000000-000000000000"

// needs says what is to be added to the module of the site.
func (s *site) needs() (*needs, error) {
	n := &needs{version: develVersion}
	if b := readBuild(); b.released {
		n.version = b.version
	} else {
		var err error
		if n.source, err = sourceFolder(); err != nil {
			return nil, err
		}
	}
	if s.goMod == "" {
		return n, nil
	}
	out, err := exec.Command("go", "mod", "edit", "-json", s.goMod).Output()
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %s", s.goMod, goWords(err))
	}
	var mod struct{ Require, Tool []struct{ Path string } }
	if err := json.Unmarshal(out, &mod); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", s.goMod, err)
	}
	has := func(list []struct{ Path string }, path string) bool {
		return slices.ContainsFunc(list, func(e struct{ Path string }) bool { return e.Path == path })
	}
	n.met = has(mod.Require, modulePath) && has(mod.Tool, toolPath)
	return n, nil
}

// toolPath is this program, as `go tool hostspec` finds it.
const toolPath = modulePath + "/cmd/hostspec"

// text is what is to be added, in the words of go.mod.
func (n *needs) text() string {
	text := fmt.Sprintf("go %s, unless it says a later one\nrequire %s %s\nrequire github.com/onsi/ginkgo/v2\nrequire github.com/onsi/gomega\ntool %s\n",
		goVersion, modulePath, n.version, toolPath)
	if n.source != "" {
		text += fmt.Sprintf("replace %s => %s\n", modulePath, n.source)
	}
	return text
}

// meet adds to the site's module what specs need. It takes `go get` for that and
// not `go mod tidy`: the former touches nothing else in a module of somebody's,
// and needs no network where the modules were fetched before.
func (n *needs) meet(c *console, s *site) error {
	if n.met && s.goMod != "" {
		return nil
	}
	edit := []string{"mod", "edit", "-require=" + modulePath + "@" + n.version, "-tool=" + toolPath}
	if n.source != "" {
		edit = append(edit, "-replace="+modulePath+"="+n.source)
	}
	get := []string{"get", "-t", "./" + relative(s.module, s.spec) + "/..."}
	// The sums that the tool needs, at the versions that are settled by now.
	sums := []string{"list", "-mod=mod", "-deps", "tool"}
	for _, args := range [][]string{edit, get, sums} {
		// A go.work that does not know the module yet must not be in the way.
		cmd := goCommand(c.ctx, s.module, []string{"GOWORK=off"}, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("the files are written, but their module is not complete: go %s in %s failed: %w\n%s",
				strings.Join(args, " "), s.module, err, bytes.TrimSpace(out))
		}
	}
	if n.source != "" {
		fmt.Fprintf(c.stdout, "note: this hostspec is a development build, so %s has a replace to its source folder %s\n",
			s.short(filepath.Join(s.module, "go.mod")), n.source)
	}
	if work, err := exec.Command("go", "env", "-C", s.module, "GOWORK").Output(); err == nil {
		if file := strings.TrimSpace(string(work)); file != "" && file != "off" && s.goMod == "" {
			fmt.Fprintf(c.stdout, "note: for plain go test, add the new module to %s: go work use %s\n", file, s.module)
		}
	}
	return nil
}

// sourceFolder is where this program was compiled from.
func sourceFolder() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	folder := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(file))))
	text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if !ok || !filepath.IsAbs(file) || err != nil || !bytes.Contains(text, []byte("module "+modulePath+"\n")) {
		return "", fmt.Errorf("this hostspec is a development build whose source folder is not to be found (it was at %s), so no go.mod could refer to it; build it again with go build, without -trimpath", folder)
	}
	return folder, nil
}

// moduleText is a new go.mod, before `go get` has filled it.
func moduleText(name string) string { return fmt.Sprintf("module %s\n\ngo %s\n", name, goVersion) }

// goVersion is the oldest Go that our module compiles with, as its go.mod says.
const goVersion = "1.26.0"

// moduleName finds a name for the site's new module: that of its place on the
// web where it has one, else one below "test", which Go keeps free for such use.
func (s *site) moduleName() string {
	name := "test/" + plainName(filepath.Base(s.top))
	if out, err := exec.Command("git", "-C", s.top, "config", "--get", "remote.origin.url").Output(); err == nil && s.inGit() {
		if path := importPath(strings.TrimSpace(string(out))); path != "" {
			name = path
		}
	}
	if s.module != s.top {
		name += "/" + relative(s.top, s.module)
	}
	return name
}

// inGit reports whether the top of the site is that of a Git repository; Git would
// also look further up.
func (s *site) inGit() bool { return exists(filepath.Join(s.top, ".git")) }

var remoteURL = regexp.MustCompile(`^(?:(?:https?|ssh|git)://)?(?:[^@/]*@)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::[0-9]+)?[/:]([A-Za-z0-9._~/-]+?)(?:\.git)?/?$`)

// importPath makes a module's name of a remote's URL, without what somebody may
// have put before the host; empty when it cannot.
func importPath(url string) string {
	m := remoteURL.FindStringSubmatch(url)
	if m == nil || strings.Contains(m[2], "..") || strings.Contains(m[2], "//") {
		return ""
	}
	return m[1] + "/" + m[2]
}

// plainName keeps of a folder's name what may stand in a module's.
func plainName(folder string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '-'
	}, folder), "-.")
	if name == "" {
		return "specs"
	}
	return name
}

// goWords is what the Go command had to say about its failure.
func goWords(err error) string {
	var e *exec.ExitError
	if errors.As(err, &e) && len(bytes.TrimSpace(e.Stderr)) > 0 {
		return string(bytes.TrimSpace(e.Stderr))
	}
	return err.Error()
}
