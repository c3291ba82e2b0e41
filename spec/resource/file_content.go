package resource

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/excerpt"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// maxContent bounds what is fetched of one file. Larger ones are searched while
// they stream by.
const maxContent = 16 << 20

// fileContent is a file with its content; of what is not a regular file only what
// it is.
type fileContent struct {
	fileStat
	data []byte
	// big says that there is more than maxContent, and no data.
	big bool
}

var regular = fact.Stat{Mode: 0o100000}

// What is noted about reading a file: others are read with it, or it is too big to be.
const together, big = "together", "big"

var fileContents = &target.Kind[fileContent]{
	Name:  "content of file",
	Check: checkPath,
	Size:  func(c fileContent) int { return len(c.data) },
	Ask: func(sys target.System, paths []string) ([]target.Question, error) {
		return eachPath("cat", func(path string) string {
			p := backends.Quote(path)
			if len(paths) > 1 {
				return guardedNoting("-f", "stat -L", path, fmt.Sprintf("echo %s %s; head -c %d %s", asAsked, together, target.MaxTogether+1, p))
			}
			// Files of /proc say they are of size 0, so what is read is bounded too.
			return guardedNoting("-f", "stat -L", path, fmt.Sprintf(`if [ "$(stat -L -c %%s %[1]s)" -gt %[2]d ]; then echo %[3]s %[4]s; else echo %[3]s; head -c %[5]d %[1]s; fi`,
				p, maxContent, asAsked, big, maxContent+1))
		})(sys, paths)
	},
	Parse: guardedAnswer(func(_, note string, o target.Output, s fileStat) (fileContent, error) {
		c := fileContent{fileStat: s, data: o.Stdout}
		if note == together && len(o.Stdout) > target.MaxTogether {
			return fileContent{}, target.ErrLater
		}
		if note == big || len(o.Stdout) > maxContent {
			c.data, c.big = nil, true
		}
		return c, nil
	}, regular),
	Read: func(ctx context.Context, r backends.FileReader, sys target.System, paths []string) (map[string]target.Answer[fileContent], error) {
		if len(paths) == 1 {
			return target.OneByOne(readContent)(ctx, r, sys, paths)
		}
		return target.OneByOne(readSmallContent)(ctx, r, sys, paths)
	},
	Files: filesThemselves,
	Reads: func(path string) string { return "read " + path },
}

func readContent(ctx context.Context, r backends.FileReader, path string) (fileContent, error) {
	return readUpTo(ctx, r, path, maxContent)
}

// readSmallContent is readContent for one file of many, whose contents are all kept at once.
func readSmallContent(ctx context.Context, r backends.FileReader, path string) (fileContent, error) {
	c, err := readUpTo(ctx, r, path, target.MaxTogether)
	if err == nil && c.big {
		err = target.ErrLater
	}
	return c, err
}

func readUpTo(ctx context.Context, r backends.FileReader, path string, limit int64) (fileContent, error) {
	var b bytes.Buffer
	s, err := readRegular(ctx, r, path, limit+1, &b)
	c := fileContent{fileStat: s, data: b.Bytes()}
	if s.IsRegular() && (s.Size > limit || int64(b.Len()) > limit) {
		c.data, c.big = nil, true
	}
	return c, err
}

// content fetches a file's content.
func (f *File) content(l *Look) (fileContent, error) {
	c, err := Fact(l, fileContents, f.Name(), func(c fileContent) (found, near string) {
		switch {
		case !c.exists || !c.IsRegular():
			return c.say()
		case c.big:
			return fmt.Sprintf("a file of more than %d MiB", maxContent>>20), ""
		}
		return excerpt.Measure(c.data) + excerpt.Beginning(c.data), ""
	})
	if err == nil {
		err = c.expect(l, fact.Stat.IsRegular, "a regular file")
	}
	return c, err
}

// whole is content for questions that need all of it.
func (f *File) whole(l *Look) ([]byte, error) {
	c, err := f.content(l)
	if err == nil && c.big {
		err = l.Unknown(fmt.Sprintf("it has more than %d MiB, which is not fetched as a whole", maxContent>>20),
			"HaveContent with a string, HaveSHA256 and HaveSize take files of any size; for the rest ask with a Command")
	}
	return c.data, err
}

// Content is the content of a regular file of at most 16 MiB, byte for byte.
func (f *File) Content() (string, error) {
	b, err := f.whole(NewLook(&f.Base, "Content"))
	return string(b), err
}

// Lines are the lines of a regular file of at most 16 MiB, without the newlines
// that end them. An empty file has none.
func (f *File) Lines() ([]string, error) {
	b, err := f.whole(NewLook(&f.Base, "Lines"))
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return []string{}, nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"), nil
}

// Contains reports whether the content of a regular file holds a text, byte for
// byte. The file may be of any size.
func (f *File) Contains(text string) (bool, error) {
	if text == "" {
		return false, Refuse(&f.Base, errors.New("every file contains an empty text; to ask for an empty file, ask for its size"))
	}
	l := NewLook(&f.Base, "Contains")
	c, err := f.content(l)
	if err != nil {
		return false, err
	}
	e := l.Explain()
	if c.big {
		s := &search{text: []byte(text)}
		e, err = l.View().StreamFile(l.Context(), f.Name(), s)
		e.Found = s.say()
		return s.found, l.Answer(e, err)
	}
	at := bytes.Index(c.data, []byte(text))
	if at >= 0 {
		e.Found, e.Near = excerpt.Around(c.data, at, text), ""
	} else {
		e.Found, e.Near = "nothing of it in "+excerpt.Measure(c.data), excerpt.Nearest(c.data, text)
	}
	return at >= 0, l.Answer(e, nil)
}

// search looks for a text in what is written to it, and keeps no more of that
// than the text is long.
type search struct {
	text  []byte
	tail  []byte // what came last, too short to hold the text
	bytes int64
	lines int
	found bool
}

// Write implements io.Writer. It has had enough when it has found the text.
func (s *search) Write(p []byte) (int, error) {
	if s.found {
		return 0, target.ErrEnough
	}
	// The text may have begun in what came before.
	seam := append(s.tail, p[:min(len(p), len(s.text)-1)]...)
	if bytes.Contains(seam, s.text) {
		s.found = true
	} else if i := bytes.Index(p, s.text); i >= 0 {
		s.found = true
		s.lines += bytes.Count(p[:i], []byte{'\n'})
	}
	if s.found {
		return len(p), target.ErrEnough
	}
	s.bytes += int64(len(p))
	s.lines += bytes.Count(p, []byte{'\n'})
	keep := len(s.text) - 1
	if len(p) >= keep {
		s.tail = append(s.tail[:0], p[len(p)-keep:]...)
	} else {
		s.tail = append(s.tail[:0], seam[max(0, len(seam)-keep):]...)
	}
	return len(p), nil
}

func (s *search) say() string {
	if s.found {
		return fmt.Sprintf("it stands about line %d", s.lines+1)
	}
	return "nothing of it in " + excerpt.Size(s.lines, s.bytes)
}

// fileHash is the checksum of a regular file.
type fileHash struct {
	fileStat
	sum string
}

func (h fileHash) say() (found, near string) {
	if h.sum == "" {
		return h.fileStat.say()
	}
	return h.sum, ""
}

var (
	sha256Sums = hashKind("SHA256", "sha256sum", sha256.New)
	md5Sums    = hashKind("MD5", "md5sum", md5.New)
)

func hashKind(name, tool string, algorithm func() hash.Hash) *target.Kind[fileHash] {
	return &target.Kind[fileHash]{
		Name:  name + " of file",
		Check: checkPath,
		Ask: eachPath(tool, func(path string) string {
			return guarded("-f", "stat -L", path, tool+" "+backends.Quote(path))
		}),
		Parse: guardedAnswer(func(_, _ string, o target.Output, s fileStat) (fileHash, error) {
			if !s.exists || !s.IsRegular() {
				return fileHash{fileStat: s}, nil
			}
			sum, err := fact.ParseChecksum(o.Stdout, algorithm().Size())
			return fileHash{fileStat: s, sum: sum}, err
		}, regular),
		Read: target.OneByOne(func(ctx context.Context, r backends.FileReader, path string) (fileHash, error) {
			h := algorithm()
			s, err := readRegular(ctx, r, path, math.MaxInt64, h)
			if err != nil || !s.exists || !s.IsRegular() {
				return fileHash{fileStat: s}, err
			}
			return fileHash{fileStat: s, sum: hex.EncodeToString(h.Sum(nil))}, nil
		}),
		Files: filesThemselves,
		Reads: func(path string) string { return tool + " " + path },
	}
}

func (f *File) hash(question string, k *target.Kind[fileHash]) (string, error) {
	l := NewLook(&f.Base, question)
	h, err := Fact(l, k, f.Name(), fileHash.say)
	if err == nil {
		err = h.expect(l, fact.Stat.IsRegular, "a regular file")
	}
	return h.sum, err
}

// SHA256 is the SHA-256 checksum of a regular file, in lower-case hexadecimal
// digits, computed on the target.
func (f *File) SHA256() (string, error) { return f.hash("SHA256", sha256Sums) }

// MD5 is the MD5 checksum of a regular file, in lower-case hexadecimal digits,
// computed on the target.
func (f *File) MD5() (string, error) { return f.hash("MD5", md5Sums) }
