package resource_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// planned is an asker that first notes questions, and then answers all of them
// out of one exchange, as one-liners are asked.
type planned struct {
	testAsker
	plan  *target.Plan
	epoch int64
}

func (p *planned) View() (context.Context, target.View, error) {
	return p.ctx, target.View{Target: p.target, Plan: p.plan, Epoch: p.epoch}, nil
}

// fetch asks all that was planned, again and again where one answer is needed for
// the next question.
func (p *planned) fetch(t *testing.T, questions func() error) {
	t.Helper()
	for round := 1; ; round++ {
		p.plan, p.epoch = &target.Plan{}, 1
		err := questions()
		if !errors.Is(err, target.ErrPlanned) {
			p.plan = nil
			return
		}
		if round > 5 {
			t.Fatalf("still asking: %v", err)
		}
		if err := p.target.Fetch(p.ctx, target.Identity{}, p.plan.Wants, 1); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesAndAccountsInThePlural(t *testing.T) {
	dir := openTempDir(t)
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("%s/plain-%d", dir, i))
	}
	for i, odd := range []string{"new\nline", "quote'quote", "a: No such file or directory", "\n81a4 0 0 1 0:root:root:x", "ümläut", "back\\slash"} {
		names = append(names, dir+"/"+odd, fmt.Sprintf("%s/after-%d", dir, i))
	}
	for i, n := range names {
		if i%3 != 2 {
			write(t, n, n)
			if err := os.Chmod(n, os.FileMode(0o600+i%8)); err != nil {
				t.Fatal(err)
			}
		}
	}
	everyWay(t, func(t *testing.T, a testAsker) {
		p := &planned{testAsker: a}
		users := []string{"root", "daemon", "nosuchuser", "0", "bin"}
		ask := func() error {
			var planned error
			note := func(err error) {
				if errors.Is(err, target.ErrPlanned) {
					planned = err
				}
			}
			for _, n := range names {
				note(second(resource.NewFile(p, n).Exists()))
				note(second(resource.NewFile(p, n).IsSymlink()))
				note(second(resource.NewFile(p, n).Content()))
			}
			for _, n := range users {
				note(second(resource.NewUser(p, n).Exists()))
				note(second(resource.NewUser(p, n).BelongsToGroup("daemon")))
				note(second(resource.NewUser(p, n).Locked()))
				note(second(resource.NewGroup(p, n).HasMember("daemon")))
			}
			return planned
		}
		p.fetch(t, ask)
		exchanges := p.target.Stats().Exchanges
		g := NewWithT(t)
		for i, n := range names {
			f := resource.NewFile(p, n)
			g.Expect(f.Exists()).To(Equal(i%3 != 2), "%q", n)
			if i%3 != 2 {
				g.Expect(f.Mode()).To(Equal(0o600+i%8), "%q", n)
				g.Expect(f.Content()).To(Equal(n))
			}
			g.Expect(f.IsSymlink()).To(BeFalse())
		}
		for _, n := range users {
			exists := n != "nosuchuser" && n != "0"
			g.Expect(resource.NewUser(p, n).Exists()).To(Equal(exists), n)
			if exists {
				g.Expect(resource.NewUser(p, n).BelongsToGroup("daemon")).To(Equal(n == "daemon"), n)
				g.Expect(resource.NewUser(p, n).Locked()).To(BeFalse(), n)
				g.Expect(resource.NewGroup(p, n).HasMember("daemon")).To(Equal(n == "daemon"), n)
			}
		}
		g.Expect(p.target.Stats().Exchanges).To(Equal(exchanges), "all of it was known")
		g.Expect(exchanges).To(BeNumerically("<=", 2), "one for the greeting, one for everything")
	})
}
