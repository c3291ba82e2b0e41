package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/hostspec/hostspec/spec/catalogue"
)

// A file begins with a line in the clear, "hostspec snapshot 1". The rest is
// compressed (zstd, RFC 8878): lines of fields parted by tabs, in which \t, \n and \\
// stand for a tab, a newline and a backslash. First come what the snapshot is of and
// when it was taken, then the number of facts, then these, sorted: kind, name,
// KEY=VALUE... A value that begins with a question mark is a reason why it could not
// be told.
const (
	magic   = "hostspec snapshot "
	version = 1
	// maxFile bounds what a file may hold, compressed or not, and maxRatio how much of it
	// may come of one byte, so that a foreign one takes little memory and time. The
	// hundred thousand files of a machine are 4 MB, of which a byte makes six.
	maxFile  = 256 << 20
	maxRatio = 64
	// maxFacts bounds the facts, and maxHead the length of a line before them.
	maxFacts = 2_000_000
	maxHead  = 1 << 20
)

var (
	// ErrForeign is the error of reading what is not a snapshot.
	ErrForeign = errors.New("it is not a snapshot of hostspec")
	// ErrNewer is the error of reading a snapshot of a later hostspec.
	ErrNewer = errors.New("it was written by a newer hostspec")
	// ErrDamaged is the error of reading a snapshot that is not whole.
	ErrDamaged = errors.New("it is damaged or not whole")
)

// Encode writes the snapshot as a file holds it. A snapshot whose files were only
// listed cannot be kept.
func (s *Snapshot) Encode(w io.Writer) error {
	if s.stamps != nil {
		return errors.New("a snapshot whose files were listed and not hashed cannot be kept")
	}
	if len(s.facts) > maxFacts {
		return fmt.Errorf("it has %d facts, and no file holds more than %d; leave some out", len(s.facts), maxFacts)
	}
	var b bytes.Buffer
	line := func(fields ...string) {
		for i, f := range fields {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(catalogue.Escape(f))
		}
		b.WriteByte('\n')
	}
	line("target", s.Target)
	line("system", s.System)
	line("time", s.Time.UTC().Format(time.RFC3339))
	line(append([]string{"watched"}, s.Watched...)...)
	line(append([]string{"asked"}, s.asked...)...)
	line(append([]string{"ignored"}, s.Ignored...)...)
	line("container", strconv.FormatBool(s.Container))
	line("facts", strconv.Itoa(len(s.facts)))
	for _, f := range s.facts {
		b.WriteString(f.Kind)
		b.WriteByte('\t')
		b.WriteString(catalogue.Escape(f.Name))
		if f.Text() != "" {
			b.WriteByte('\t')
			b.WriteString(f.Text())
		}
		b.WriteByte('\n')
	}
	if b.Len() > maxFile {
		return fmt.Errorf("it has %d MiB, and no file holds more than %d; leave something out", b.Len()>>20, maxFile>>20)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	out := z.EncodeAll(b.Bytes(), fmt.Appendf(nil, "%s%d\n", magic, version))
	_, err = w.Write(out)
	return err
}

// WriteFile writes the snapshot into a file for its owner alone, which is there
// whole or not at all: it takes the place of one that is there when it is complete.
func (s *Snapshot) WriteFile(name string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	err = s.Encode(f)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// ReadFile reads a snapshot from a file. The error is ErrForeign, ErrNewer or
// ErrDamaged, or that of reading the file.
func ReadFile(name string) (*Snapshot, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// Decode reads what Encode wrote.
func Decode(r io.Reader) (*Snapshot, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, err
	}
	first, body, whole := bytes.Cut(data, []byte("\n"))
	number, ours := strings.CutPrefix(string(first[:min(len(first), 100)]), magic)
	v, err := strconv.ParseUint(number, 10, 31)
	switch {
	case strings.HasPrefix(magic, string(data)):
		return nil, fmt.Errorf("%w: it ends after %d bytes", ErrDamaged, len(data))
	case !ours || err != nil:
		return nil, ErrForeign
	case !whole:
		return nil, fmt.Errorf("%w: it ends after %d bytes", ErrDamaged, len(data))
	case v > version:
		return nil, fmt.Errorf("%w: its version is %d, and this one knows versions up to %d", ErrNewer, v, version)
	case v == 0:
		return nil, ErrForeign
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(uint64(min(maxFile, 1<<20+maxRatio*len(body)))), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	text, err := z.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	s, err := decodeText(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return s, nil
}

// decodeText reads the lines. The facts keep pieces of the text, which is not copied.
func decodeText(text string) (*Snapshot, error) {
	s := &Snapshot{}
	count, text, err := s.decodeHead(text)
	if err != nil {
		return nil, err
	}
	s.facts = make([]Fact, 0, min(count, strings.Count(text, "\n")))
	kinds := Kinds()
	for text != "" {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			return nil, errors.New("its last line is not whole")
		}
		text = rest
		kind, line, ok := strings.Cut(line, "\t")
		if !ok || !slices.Contains(kinds, kind) {
			return nil, fmt.Errorf("a fact of the unknown kind %.40q", kind)
		}
		name, attrs, _ := strings.Cut(line, "\t")
		f := catalogue.Parse(kind, catalogue.Unescape(name), attrs)
		if n := len(s.facts); n > 0 && compareFacts(s.facts[n-1], f) >= 0 {
			return nil, fmt.Errorf("%s %.80q is out of order", f.Kind, f.Name)
		}
		if attrs != "" && strings.Count(attrs, "\t") >= strings.Count(attrs, "=") {
			return nil, fmt.Errorf("%s %.80q has an attribute without a value", f.Kind, f.Name)
		}
		s.facts = append(s.facts, f)
	}
	if len(s.facts) != count {
		return nil, fmt.Errorf("it should have %d facts, and has %d", count, len(s.facts))
	}
	return s, nil
}

// decodeHead reads the lines before the facts.
func (s *Snapshot) decodeHead(text string) (count int, rest string, err error) {
	for _, want := range []string{"target", "system", "time", "watched", "asked", "ignored", "container", "facts"} {
		line, after, ok := strings.Cut(text, "\n")
		if len(line) > maxHead {
			return 0, "", fmt.Errorf("its line %q is longer than %d bytes", want, maxHead)
		}
		fields := strings.Split(line, "\t")
		if !ok || fields[0] != want {
			return 0, "", fmt.Errorf("want the line %q, got %.80q", want, line)
		}
		text = after
		for i := range fields {
			fields[i] = catalogue.Unescape(fields[i])
		}
		list, value := fields[1:], strings.Join(fields[1:], "")
		switch want {
		case "target":
			s.Target = value
		case "system":
			s.System = value
		case "time":
			s.Time, err = time.Parse(time.RFC3339, value)
		case "watched":
			s.Watched = list
		case "asked":
			s.asked = list
		case "ignored":
			s.Ignored = list
			for _, p := range list {
				err = errors.Join(err, CheckIgnore(p))
			}
		case "container":
			s.Container, err = strconv.ParseBool(value)
		case "facts":
			if count, err = strconv.Atoi(value); count > maxFacts {
				err = fmt.Errorf("it has %d facts, and no file holds more than %d", count, maxFacts)
			}
		}
		if err != nil {
			return 0, "", err
		}
	}
	return count, text, nil
}
