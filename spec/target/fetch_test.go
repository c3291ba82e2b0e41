package target

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// reader is a kind that a function answers in place of files.
func reader(read func(ctx context.Context, r backends.FileReader, name string) (string, error)) *Kind[string] {
	return &Kind[string]{Name: "reader", Ask: single.Ask, Parse: single.Parse, Read: read}
}

func TestFetch_ReadsFilesWhileTheShellIsAsked(t *testing.T) {
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "file")
	there := func(ctx context.Context, r backends.FileReader) bool {
		_, err := r.Stat(ctx, file, true)
		return !errors.Is(err, fs.ErrNotExist)
	}
	waits := reader(func(ctx context.Context, r backends.FileReader, _ string) (string, error) {
		for !there(ctx, r) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return "seen", ctx.Err()
	})
	first := reader(func(ctx context.Context, r backends.FileReader, _ string) (string, error) {
		if there(ctx, r) {
			return "", errors.New("a question was asked meanwhile")
		}
		return "first", nil
	})
	first.Alone = true
	falls := reader(func(context.Context, backends.FileReader, string) (string, error) { return "", ErrAsk })
	wants := []Want{waits.Of("file"), single.Of("touch " + backends.Quote(file)), first.Of("nothing"), falls.Of("echo asked")}
	target := open(t, "local://")
	replies, err := target.fetch(t.Context(), Identity{}, wants, 0, 2*time.Minute)
	g.Expect(err).NotTo(HaveOccurred())
	for i, want := range []string{"seen", "", "first", "asked\n"} {
		g.Expect(replies[wants[i]].err).NotTo(HaveOccurred())
		g.Expect(replies[wants[i]].fact).To(Equal(want))
	}
}

func TestFetch_AReadThatDoesNotReturnIsLeftToItself(t *testing.T) {
	g := NewWithT(t)
	returned := make(chan struct{})
	stuck := reader(func(ctx context.Context, _ backends.FileReader, _ string) (string, error) {
		g.Expect(backends.IsPatient(ctx)).To(BeTrue())
		<-returned
		return "late", nil
	})
	defer close(returned)
	_, err := ask(t, open(t, "local://"), stuck, "file", 100*time.Millisecond)
	var unknown *evidence.Unknown
	g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(errDeadline))
}
