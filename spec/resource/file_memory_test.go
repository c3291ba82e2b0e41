package resource_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// TestContentsOfFilesAreNotKept asks about many large files together, as one-liners
// do. What is kept of them must not grow with what the target has.
func TestContentsOfFilesAreNotKept(t *testing.T) {
	dir := openTempDir(t)
	var paths []string
	for i := range 6 {
		path := fmt.Sprintf("%s/%d", dir, i)
		write(t, path, fmt.Sprintf("begin %d\n", i))
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("\nthe end"), 15<<20)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for i := range 20 {
		path := fmt.Sprintf("%s/middle%d", dir, i)
		write(t, path, strings.Repeat("0", 1<<20-10)+fmt.Sprint(i)) // about as large as may be asked for together
		paths = append(paths, path)
	}
	write(t, dir+"/small", "small")
	for _, uri := range []string{"local://", "test-dash://machine"} {
		g, a := NewWithT(t), onceAsker{askerFor(t, uri)}
		before := heap()
		p := planAsker{a.testAsker, &target.Plan{}, 1}
		for _, path := range append(paths, dir+"/small") {
			if _, err := resource.NewFile(p, path).Content(); !errors.Is(err, target.ErrPlanned) {
				t.Fatal(err)
			}
		}
		g.Expect(a.target.Fetch(a.ctx, target.Identity{}, p.plan.Wants, 1)).To(Succeed())
		g.Expect(heap()-before).To(BeNumerically("<", 20<<20), uri)
		_, err := resource.NewFile(p, paths[0]).Content()
		g.Expect(errors.Is(err, target.ErrPlanned)).To(BeTrue())
		g.Expect(p.plan.Wants).To(HaveLen(len(paths)+1), "it is not asked for again with others")
		exchanges := a.target.Stats().Exchanges
		g.Expect(resource.NewFile(a, dir+"/small").Content()).To(Equal("small"))
		g.Expect(a.target.Stats().Exchanges).To(Equal(exchanges), "it is known")
		for i, path := range paths[:2] {
			g.Expect(resource.NewFile(a, path).Contains("the end")).To(BeTrue(), path)
			content, err := resource.NewFile(a, path).Content()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(content).To(HaveLen(15<<20 + 8))
			g.Expect(content).To(HavePrefix(fmt.Sprintf("begin %d\n", i)))
		}
		for i, path := range paths[6:] {
			g.Expect(resource.NewFile(a, path).Content()).To(HaveSuffix(fmt.Sprintf("0%d", i)))
		}
		g.Expect(heap()-before).To(BeNumerically("<", 20<<20), uri)
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // far from the bound
}
