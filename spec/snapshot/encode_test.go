package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/catalogue"
)

// sample is a snapshot in which all that a file can hold is found.
func sample(more ...Fact) *Snapshot {
	s := &Snapshot{
		Target: "ssh://web1", System: "Debian GNU/Linux 12", Time: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
		Watched: []string{"/etc", "/odd\tfolder\n"}, Ignored: []string{"/etc/a/**"}, asked: []string{"/odd\tfolder\n"},
	}
	s.facts = sortFacts(append([]Fact{
		catalogue.New(KindPackage, "nginx", "version", "1.22.1-9"),
		{Kind: KindPort, Name: "tcp 0.0.0.0:80"},
		catalogue.New(KindService, "", catalogue.KeyNone, "no init system"),
		catalogue.CannotTell(KindPassword, "Permission denied"),
		catalogue.New(KindParameter, "kernel.x", "value", "?a=?b\tc\\d\ne"),
		catalogue.New(KindFile, "/etc", "type", "directory", "mode", "0755", "uid", "0", "gid", "0"),
		catalogue.New(KindFile, "/etc/a\tb\nc\\", "type", "link", "mode", "0777", "uid", "0", "gid", "0", "link", "x\ty"),
		catalogue.New(KindFile, "/etc/secret", "type", "file", "mode", "0600", "uid", "0", "gid", "0", "size", "3").Unknown("sha256", "Permission denied"),
	}, more...))
	return s
}

func encoded(t testing.TB, s *Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFile_HoldsAllThatASnapshotHas(t *testing.T) {
	g := NewWithT(t)
	s, name := sample(), filepath.Join(t.TempDir(), "a.snapshot")
	g.Expect(os.WriteFile(name, []byte("what was there"), 0o644)).To(Succeed())
	g.Expect(s.WriteFile(name)).To(Succeed())
	info, err := os.Stat(name)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o600)))
	back, err := ReadFile(name)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(back).To(Equal(s))
	g.Expect(encoded(t, back)).To(Equal(encoded(t, s)), "the same snapshot is the same file")
	f, _ := back.Fact(KindParameter, "kernel.x")
	g.Expect(f.Attrs()).To(Equal(Attrs{{Key: "value", Value: "?a=?b\tc\\d\ne"}}), "known, whatever it looks like")
	f, _ = back.Fact(KindFile, "/etc/secret")
	g.Expect(f.Attrs()[5]).To(Equal(Attr{Key: "sha256", Value: "Permission denied", Unknown: true}))
	left, err := os.ReadDir(filepath.Dir(name))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(HaveLen(1), "nothing else is left there")
}

func TestFile_ThatCannotBeWrittenLeavesWhatWasThere(t *testing.T) {
	g := NewWithT(t)
	dir := filepath.Join(t.TempDir(), "folder")
	g.Expect(os.MkdirAll(filepath.Join(dir, "in the way"), 0o755)).To(Succeed())
	g.Expect(sample().WriteFile(dir)).NotTo(Succeed())
	left, err := os.ReadDir(filepath.Dir(dir))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(HaveLen(1))
	g.Expect(sample().WriteFile("/dev/full/x")).NotTo(Succeed())
}

// Wherever a file breaks off, that is what is said.
func TestFile_BrokenOff(t *testing.T) {
	g := NewWithT(t)
	whole := encoded(t, sample())
	for n := range len(whole) {
		_, err := Decode(bytes.NewReader(whole[:n]))
		g.Expect(errors.Is(err, ErrDamaged)).To(BeTrue(), "after %d of %d bytes: %v", n, len(whole), err)
	}
	_, err := Decode(bytes.NewReader(append(whole, "more"...)))
	g.Expect(errors.Is(err, ErrDamaged)).To(BeTrue(), "%v", err)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	_, err = Decode(bytes.NewReader(flipped))
	g.Expect(errors.Is(err, ErrDamaged)).To(BeTrue(), "%v", err)
}

func TestFile_ForeignOrNewer(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]error{
		"\x1f\x8b\x08gzip":               ErrForeign,
		"{}\n":                           ErrForeign,
		"hostspec report 1\n":            ErrForeign,
		"hostspec snapshot one\n":        ErrForeign,
		"hostspec snapshot 0\n":          ErrForeign,
		"hostspec snapshot 2\nwhat ever": ErrNewer,
		"hostspec snapshot 1\nno zstd":   ErrDamaged,
		strings.Repeat("x", 1<<20):       ErrForeign,
	} {
		_, err := Decode(strings.NewReader(text))
		g.Expect(errors.Is(err, want)).To(BeTrue(), "%.40q: %v", text, err)
	}
	_, err := Decode(strings.NewReader("hostspec snapshot 7\n"))
	g.Expect(err).To(MatchError("it was written by a newer hostspec: its version is 7, and this one knows versions up to 1"))
}

// What a foreign file makes us keep is bounded, whatever it says that it holds.
func TestFile_HoldsNoMoreThanItMay(t *testing.T) {
	g := NewWithT(t)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	g.Expect(err).NotTo(HaveOccurred())
	const head = "target\t\nsystem\t\ntime\t2026-11-21T09:00:00Z\nwatched\nasked\nignored%s\ncontainer\tfalse\nfacts\t%d\n"
	for what, text := range map[string]string{
		"facts":       fmt.Sprintf(head, "", 9_000_000),
		"compression": fmt.Sprintf(head, "", 1_000_000) + strings.Repeat("port\t1\n", 1_000_000),
		"patterns":    fmt.Sprintf(head, strings.Repeat("\t/a", 1_000_000), 0),
	} {
		file := z.EncodeAll([]byte(text), []byte("hostspec snapshot 1\n"))
		_, err := Decode(bytes.NewReader(file))
		g.Expect(errors.Is(err, ErrDamaged)).To(BeTrue(), "%s: %v", what, err)
		g.Expect(err).NotTo(MatchError(ContainSubstring("out of order")), what)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("hostspec snapshot 1\n"))
	f.Add(encoded(f, sample()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := Decode(bytes.NewReader(data)); err == nil {
			_ = Diff(s, sample(), DiffOptions{}).FormatJSON(&bytes.Buffer{})
		}
	})
}

func FuzzDecodeText(f *testing.F) {
	head := "target\tlocal://\nsystem\t\ntime\t2026-11-21T09:00:00Z\nwatched\t/etc\nasked\nignored\ncontainer\tfalse\n"
	f.Add(head + "facts\t2\nfile\t/etc\ttype=directory\nfile\t/etc/a\\tb\ttype=file\tsha256=?no\n")
	f.Add(head + "facts\t0\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := decodeText(text)
		if err != nil {
			return
		}
		again, err := Decode(bytes.NewReader(encoded(t, s)))
		if err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		if d := Diff(s, again, DiffOptions{}); len(d.Items) > 0 {
			t.Fatalf("it differs from itself: %v", d.Items)
		}
		for _, fact := range s.facts {
			_ = fact.Attrs()
		}
	})
}

func TestDiff_JSON(t *testing.T) {
	g := NewWithT(t)
	after := sample(catalogue.New(KindPackage, "curl", "version", "8"), catalogue.New(KindFile, "/etc", "type", "directory", "mode", "0700", "uid", "0", "gid", "0"))
	var b bytes.Buffer
	g.Expect(Diff(sample(), after, DiffOptions{}).FormatJSON(&b)).To(Succeed())
	var got struct {
		Version     int
		Before      struct{ Target, System, Time string }
		Differences []struct {
			Kind, Name, Change string
			Before, After      map[string]string
		}
		Unknown []struct{ Kind, Name, Change, Reason string }
	}
	g.Expect(json.Unmarshal(b.Bytes(), &got)).To(Succeed(), b.String())
	g.Expect(got.Before.Target).To(Equal("ssh://web1"))
	g.Expect(got.Differences).To(HaveLen(2))
	g.Expect(got.Differences[0].After).To(Equal(map[string]string{"version": "8"}))
	g.Expect(got.Differences[0].Before).To(BeNil())
	g.Expect(got.Differences[1].Before).To(Equal(map[string]string{"mode": "0755"}))
	g.Expect(got.Unknown).To(HaveLen(2))
	b.Reset()
	same := &Snapshot{}
	g.Expect(Diff(same, same, DiffOptions{}).FormatJSON(&b)).To(Succeed())
	g.Expect(b.String()).To(ContainSubstring(`"differences": []`))
}

func TestDiff_Readable(t *testing.T) {
	g := NewWithT(t)
	after := sample(catalogue.New(KindPackage, "nginx", "version", "1.24\x1b[31m"), catalogue.New(KindFile, "/etc/new", "type", "file", "mode", "0644", "uid", "0", "gid", "0", "size", "1", "sha256", "ab"),
		catalogue.New(KindUser, "deploy", "uid", "1", "min_days", "3"))
	var b bytes.Buffer
	g.Expect(Diff(sample(), after, DiffOptions{}).Format(&b)).To(Succeed())
	g.Expect(b.String()).To(Equal(`package nginx  1.22.1-9 -> 1.24\x1b[31m
user deploy  (absent) -> uid 1, min days 3
file /etc/new  (absent) -> file, mode 0644, uid 0, gid 0, 1 byte
could not tell password: before: Permission denied; after: Permission denied
could not tell file /etc/secret: content: Permission denied
3 differences: 1 package, 1 user, 1 file; 2 could not be told
`))
}
