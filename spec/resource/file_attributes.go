package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// fileText is one line of text that a tool says about a file.
type fileText struct {
	fileStat
	text string
}

func (t fileText) say() (found, near string) {
	if t.text == "" {
		return t.fileStat.say()
	}
	return t.text, ""
}

// linkTargets holds where symbolic links point to, as it is written in them.
var linkTargets = &target.Kind[fileText]{
	Name:  "target of link",
	Check: checkPath,
	Ask: eachPath("readlink", func(path string) string {
		return guarded("-h", "stat", path, "readlink "+backends.Quote(path))
	}),
	Parse: guardedAnswer(func(_, _ string, o target.Output, s fileStat) (fileText, error) {
		return fileText{s, strings.TrimSuffix(string(o.Stdout), "\n")}, nil
	}, fact.Stat{Mode: 0o120000}),
	Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, path string) (fileText, error) {
		s, err := readStat(ctx, r, path, false)
		if err != nil || !s.exists || !s.IsLink() {
			return fileText{fileStat: s}, err
		}
		text, err := r.ReadLink(ctx, path)
		return fileText{s, text}, err
	}),
	Files: filesThemselves,
	Reads: func(path string) string { return "readlink " + path },
}

func (f *File) link(l *Look) (fileText, error) {
	t, err := Fact(l, linkTargets, f.Name(), func(t fileText) (found, near string) {
		if t.IsLink() {
			return "linked to " + t.text, ""
		}
		return t.say()
	})
	if err == nil && !t.exists {
		err = l.Missing()
	}
	return t, err
}

// LinkTarget is where a symbolic link points to, as it is written in the link,
// whether or not anything is there.
func (f *File) LinkTarget() (string, error) {
	l := NewLook(&f.Base, "LinkTarget")
	t, err := f.link(l)
	if err == nil {
		err = t.expect(l, fact.Stat.IsLink, "a symbolic link")
	}
	return t.text, err
}

// LinkedTo reports whether the path is a symbolic link that points to target, as it
// is written in the link.
func (f *File) LinkedTo(target string) (bool, error) {
	if target == "" {
		return false, Refuse(&f.Base, errors.New("no link points to an empty path"))
	}
	t, err := f.link(NewLook(&f.Base, "LinkedTo"))
	return err == nil && t.IsLink() && t.text == target, err
}

// following is a script that does action with a path that leads to no link, in $1.
// Some tools look at the links themselves.
func following(p, action string) string {
	return fmt.Sprintf(`set -- %s; if [ -h "$1" ]; then set -- "$(readlink -f "$1")"; fi; %s`, backends.Quote(p), action)
}

// fileFlags are the attributes that lsattr(1) shows.
var fileFlags = &target.Kind[fileText]{
	Name:  "attributes of file",
	Check: checkPath,
	Ask: eachPath("lsattr -d", func(path string) string {
		return guarded("-e", "stat -L", path, following(path, `lsattr -d "$1"`))
	}),
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[fileText], error) {
		// Some versions exit 0 when they could not read a thing.
		if bytes.HasPrefix(o.Stdout, []byte(asAsked+"\n")) && len(o.Stderr) > 0 {
			return nil, fact.ParseLsattrError(o.Stderr)
		}
		return readFlags(sys, q, o)
	},
}

var readFlags = guardedAnswer(func(_, _ string, o target.Output, s fileStat) (fileText, error) {
	if !s.exists {
		return fileText{}, nil
	}
	flags, err := fact.ParseLsattr(o.Stdout)
	return fileText{s, flags}, err
}, fact.Stat{})

// Immutable reports whether the file has the attribute i of chattr(1): nobody can
// change, rename, link or remove it. File systems without attributes cannot tell.
func (f *File) Immutable() (bool, error) {
	l := NewLook(&f.Base, "Immutable")
	t, err := Fact(l, fileFlags, f.Name(), func(t fileText) (found, near string) {
		if t.text == "" {
			return t.say()
		}
		return "attributes " + t.text, ""
	})
	if err == nil && !t.exists {
		err = l.Missing()
	}
	return strings.Contains(t.text, "i"), err
}

var securityContexts = &target.Kind[fileText]{
	Name:  "SELinux label of file",
	Check: checkPath,
	Ask: eachPath("stat -L -c %C", func(path string) string {
		return guarded("-e", "stat -L", path, "stat -L -c %C "+backends.Quote(path))
	}),
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[fileText], error) {
		// "?" stands for no label, with a complaint and exit 1.
		if o.Status.Code == 1 && string(o.Stdout) == asAsked+"\n?\n" {
			return nil, noLabel(fact.ParseErrno(o.Stderr))
		}
		return guardedAnswer(func(_, _ string, o target.Output, s fileStat) (fileText, error) {
			label := strings.TrimSuffix(string(o.Stdout), "\n")
			// user:role:type, and a level where the policy has these.
			if s.exists && strings.Count(label, ":") < 2 {
				return fileText{}, noLabel(fmt.Errorf("stat answered %q", label))
			}
			return fileText{s, label}, nil
		}, fact.Stat{})(sys, q, o)
	},
}

func noLabel(err error) error {
	return fmt.Errorf("it has no SELinux label that could be read (%w); is SELinux on there?", err)
}

// SELinuxLabel is the file's security context:
// system_u:object_r:httpd_config_t:s0.
func (f *File) SELinuxLabel() (string, error) {
	l := NewLook(&f.Base, "SELinuxLabel")
	t, err := Fact(l, securityContexts, f.Name(), fileText.say)
	if err == nil && !t.exists {
		err = l.Missing()
	}
	return t.text, err
}

// realPaths holds paths without symbolic links in them.
var realPaths = &target.Kind[fileText]{
	Name:  "real path",
	Check: checkPath,
	Ask: eachPath("readlink -f", func(path string) string {
		return guarded("-e", "stat -L", path, "readlink -f "+backends.Quote(path))
	}),
	Parse: guardedAnswer(func(_, _ string, o target.Output, s fileStat) (fileText, error) {
		return fileText{s, strings.TrimSuffix(string(o.Stdout), "\n")}, nil
	}, fact.Stat{}),
}

const mountinfo = "/proc/self/mountinfo"

// Mounted reports whether a file system is mounted at the path.
func (f *File) Mounted() (bool, error) {
	if err := checkPath(f.Name()); err != nil {
		return false, Refuse(&f.Base, err)
	}
	l := NewLook(&f.Base, "Mounted", fileContents.Of(mountinfo), realPaths.Of(f.Name()))
	if l.Err() != nil {
		return false, l.Err()
	}
	table, e, err := Peek(l, fileContents, mountinfo)
	if err != nil {
		return false, l.Answer(e, err)
	}
	if !table.exists || table.big {
		return false, l.Answer(e, errors.New("there is no "+mountinfo+" that could be read"))
	}
	mounts, err := fact.ParseMountinfo(strings.NewReader(string(table.data)))
	if err != nil {
		return false, l.Answer(e, err)
	}
	at := path.Clean(f.Name())
	m, ok := mountAt(mounts, at)
	if !ok {
		real, realEvidence, err := Peek(l, realPaths, f.Name())
		if err != nil {
			return false, l.Answer(realEvidence, err)
		}
		if real.exists {
			m, ok = mountAt(mounts, real.text)
		}
	}
	if ok {
		e.Found = fmt.Sprintf("%s (%s) is mounted there", m.Device, m.Type)
	} else {
		e.Found, e.Near = "nothing is mounted there", mountsAround(mounts, at)
	}
	return ok, l.Answer(e, nil)
}

// mountAt finds what is mounted on a path; the last mount hides those before.
func mountAt(mounts []fact.MountPoint, at string) (m fact.MountPoint, ok bool) {
	for _, c := range mounts {
		if c.Path == at {
			m, ok = c, true
		}
	}
	return m, ok
}

// mountsAround names the mount that holds a path, and those below it.
func mountsAround(mounts []fact.MountPoint, at string) string {
	holder := ""
	var below []string
	for _, m := range mounts {
		switch {
		case m.Path == "/" || strings.HasPrefix(at, m.Path+"/"):
			if len(m.Path) >= len(holder) {
				holder = m.Path
			}
		case strings.HasPrefix(m.Path, strings.TrimSuffix(at, "/")+"/"):
			below = append(below, m.Path)
		}
	}
	near := "it lies in the file system mounted at " + holder
	if len(below) > 0 {
		near += "; mounted below it: " + shorten(below, 5)
	}
	return near
}
