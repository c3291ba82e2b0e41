package catalogue

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/evidence"
)

func TestAdd(t *testing.T) {
	g := NewWithT(t)
	before := catalogue.kinds
	t.Cleanup(func() { catalogue.kinds = before })
	catalogue.kinds = nil

	line := func(what string) func(string) string { return func(name string) string { return what + " " + name } }
	kind := func(name string, rank int) *Kind {
		return &Kind{Name: name, Rank: rank, Resource: strings.ToUpper(name), Spec: func(f Fact, _ Facts) string { return f.Name }, Absent: line("no")}
	}
	shared := &Listing{Name: "both"}
	b, a, z := kind("b", 2), kind("a", 2), kind("z", 1)
	a.All, z.All, a.Plural = shared, shared, "as many"
	b.About = func(name string) string { return strings.TrimPrefix(name, "x ") }
	b.Canonical = func(r evidence.Resource, init string) evidence.Resource {
		r.Name += "@" + init
		return r
	}
	for _, k := range []*Kind{b, a, z} {
		g.Expect(Add(k)).To(BeIdenticalTo(k))
	}
	g.Expect(Names()).To(Equal([]string{"z", "a", "b"}))
	g.Expect(ByName("b")).To(BeIdenticalTo(b))
	g.Expect(ByName("c")).To(BeNil())
	listings, of := Listings()
	g.Expect(listings).To(Equal([]*Listing{shared}))
	g.Expect(of[shared]).To(Equal([]string{"z", "a"}))
	g.Expect(b.Subject("x 1")).To(Equal(evidence.Resource{Kind: "B", Name: "1@"}))
	g.Expect(Canonical(evidence.Resource{Kind: "B", Name: "1"}, "runit")).To(Equal(evidence.Resource{Kind: "B", Name: "1@runit"}))
	g.Expect(Canonical(evidence.Resource{Kind: "Other", Name: "1"}, "runit")).To(Equal(evidence.Resource{Kind: "Other", Name: "1"}))
	g.Expect([]string{a.Counted(1), a.Counted(2), b.Counted(2)}).To(Equal([]string{"1 a", "2 as many", "2 bs"}))

	for name, wrong := range map[string]*Kind{"one word": kind("Two Words", 0), "already": kind("a", 0), "Resource": {Name: "c"}} {
		g.Expect(func() { Add(wrong) }).To(PanicWith(ContainSubstring(name)))
	}
}

func TestFact(t *testing.T) {
	g := NewWithT(t)
	f := New("k", "n", "a", "1", "empty", "", "b", "?\t\n\\").With("c", "?x").With("d", "").Unknown("e", "why\tnot")
	attrs := f.Attrs()
	g.Expect(attrs).To(Equal(Attrs{{Key: "a", Value: "1"}, {Key: "b", Value: "?\t\n\\"}, {Key: "c", Value: "?x"}, {Key: "e", Value: "why\tnot", Unknown: true}}))
	g.Expect(f.Uncertain()).To(BeTrue())
	g.Expect(Parse("k", "n", f.Text())).To(Equal(f))
	g.Expect(attrs.Value("e")).To(BeEmpty())
	g.Expect(New("k", "n", attrs.Pairs()...).Uncertain()).To(BeFalse())
	g.Expect(None("k", "no such thing").Attrs()).To(Equal(Attrs{{Key: KeyNone, Value: "no such thing"}}))
	g.Expect(CannotTell("k", "no").Uncertain()).To(BeTrue())
}
