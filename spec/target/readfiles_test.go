package target

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
)

// fileContents is a kind that reads a file.
var fileContents = reader(func(ctx context.Context, r backends.FileReader, name string) (string, error) {
	f, err := r.Open(ctx, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), err
})

// TestReadFiles_AHungFileTakesOnlyItself has files on a file system that never answers
// among others, more of them than are waited for at the same time.
func TestReadFiles_AHungFileTakesOnlyItself(t *testing.T) {
	g := NewWithT(t)
	hung, file := rig.HungFolder(t), filepath.Join(t.TempDir(), "file")
	g.Expect(os.WriteFile(file, []byte("text"), 0o644)).To(Succeed())
	var wants []Want
	for i := range maxStalled + 2 {
		wants = append(wants, fileContents.Of(filepath.Join(hung, string(rune('a'+i)))))
	}
	wants = append(append([]Want{fileContents.Of(file)}, wants...), fileContents.Of(filepath.Dir(file)+"/./file"))
	replies, err := open(t, "local://").fetch(t.Context(), Identity{}, wants, 0, 5*time.Second)
	g.Expect(err).NotTo(HaveOccurred())
	for _, w := range wants {
		r := replies[w]
		if filepath.Dir(w.Name) == hung {
			var unknown *evidence.Unknown
			g.Expect(errors.As(r.err, &unknown)).To(BeTrue(), w.Name)
			g.Expect(r.err).To(MatchError(ContainSubstring("no answer within 5s")))
		} else {
			g.Expect(r.err).NotTo(HaveOccurred())
			g.Expect(r.fact).To(Equal("text"))
		}
	}
}

// TestStreamFile_OfAHungFolder ends by its deadline.
func TestStreamFile_OfAHungFolder(t *testing.T) {
	g := NewWithT(t)
	target := open(t, "local://")
	_, err := View{Target: target, Timeout: time.Second}.StreamFile(t.Context(), filepath.Join(rig.HungFolder(t), "file"), io.Discard)
	g.Expect(err).To(MatchError(ContainSubstring("it was not read to its end within 1s")))
}

// TestHung_NeverExceedsTheTimeout asks each name alone after all together hung.
func TestHung_NeverExceedsTheTimeout(t *testing.T) {
	g := NewWithT(t)
	wants := []Want{words.Of("sleep 100"), words.Of("echo one")}
	replies, err := open(t, "local://").fetch(t.Context(), Identity{}, wants, 0, minSingleDeadline-100*time.Millisecond)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(replies[wants[0]].err).To(MatchError(ContainSubstring("no answer within 1.9s")))
	g.Expect(replies[wants[1]].err).NotTo(HaveOccurred())
	g.Expect(replies[wants[1]].fact).To(Equal("one"))
}
