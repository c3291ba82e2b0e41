package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega/format"

	"github.com/hostspec/hostspec/spec/evidence"
)

// Texts of Gomega are made before hostspec sees them, and cut: what stands in them is
// cleaned while they are made.
func init() { format.RegisterCustomFormatter(formatClean) }

// formatClean formats, for Gomega, texts with a secret in them or with something that
// a terminal obeys, resources, and errors that have told all there is to tell.
func formatClean(value any) (string, bool) {
	if err, ok := value.(error); ok && told(err) {
		return "", true // the struct would be dumped, and Gomega prints the text itself
	}
	if r, ok := value.(resourceValue); ok {
		return r.String(), true
	}
	v := reflect.ValueOf(value)
	text, ok := "", false
	switch {
	case v.Kind() == reflect.String:
		text, ok = v.String(), true
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		text = string(v.Bytes())
		ok = evidence.Mask(text) != text
	}
	if !ok || evidence.Clean(text) == text {
		return "", false
	}
	limit := format.MaxLength
	if limit == 0 {
		limit = len(text)
	}
	return evidence.Excerpt(text, limit), true
}

// A resourceValue is a resource, which says what it is.
type resourceValue interface {
	fmt.Stringer
	Explain(question string) evidence.Evidence
}

// told reports whether the text of an error says all that its fields do.
func told(err error) bool {
	for e := range causes(err) {
		switch e.(type) {
		case *evidence.Unknown, *evidence.Missing, *evidence.Mistake:
			return true
		}
		if unreachable(e) {
			return true
		}
	}
	return false
}

// causes yields an error and what it wraps, as far as there is one of each.
func causes(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) {
		for err != nil && yield(err) {
			wrapper, ok := err.(interface{ Unwrap() error })
			if !ok {
				return
			}
			err = wrapper.Unwrap()
		}
	}
}

// failure is a message of Gomega as it is shown. Of an error that a property returned
// beside its value Gomega tells the text twice, the second time below the error's type.
func failure(message string) string {
	const unexpected = "Unexpected error: "
	description, rest, ok := strings.Cut(message, unexpected)
	if !ok {
		return evidence.Clean(message)
	}
	for at := 0; ; at++ {
		i := strings.Index(rest[at:], "\n"+format.Indent+"<")
		if i < 0 {
			return evidence.Clean(message)
		}
		at += i
		text := rest[:at]
		_, again, _ := strings.Cut(rest[at+1:], "\n")
		again = strings.TrimSpace(again)
		if again == "" || again == strings.TrimSpace(format.IndentString(text, 1)) {
			return evidence.Clean(description + text)
		}
	}
}

// clean is evidence.Clean, which keeps colours where they are wanted.
func clean(text string, colours bool) string {
	if colours {
		return evidence.CleanColoured(text)
	}
	return evidence.Clean(text)
}

// A cleanWriter takes the place of GinkgoWriter while specs run, so that what specs
// write to it is clean in everything that Ginkgo makes of it.
type cleanWriter struct {
	ginkgo.GinkgoWriterInterface
	to *evidence.Writer
}

func newCleanWriter(w ginkgo.GinkgoWriterInterface, colours bool) cleanWriter {
	to := evidence.NewWriter(w)
	to.Colours = colours
	return cleanWriter{w, to}
}

func (c cleanWriter) Write(p []byte) (int, error) { return c.to.Write(p) }

func (c cleanWriter) Print(a ...any) { fmt.Fprint(c.to, a...) }

func (c cleanWriter) Printf(text string, a ...any) { fmt.Fprintf(c.to, text, a...) }

func (c cleanWriter) Println(a ...any) { fmt.Fprintln(c.to, a...) }

// A ginkgoWriter is the GinkgoWriter while it is replaced.
type ginkgoWriter struct {
	once     sync.Once
	colours  bool
	original ginkgo.GinkgoWriterInterface
	clean    cleanWriter
}

// install is called when a node begins: Ginkgo wants its own writer when it begins to
// run specs.
func (g *ginkgoWriter) install() {
	g.once.Do(func() {
		g.original = ginkgo.GinkgoWriter
		g.clean = newCleanWriter(g.original, g.colours)
		ginkgo.GinkgoWriter = g.clean
	})
	_ = g.clean.to.Flush() // of the node before, into a buffer
}

func (g *ginkgoWriter) restore() {
	if g.original != nil {
		_ = g.clean.to.Flush() // as there
		ginkgo.GinkgoWriter = g.original
	}
}

// cleanReport cleans what the reports that Ginkgo writes itself are made of: texts of
// authors that have come to it by other ways than ours.
func cleanReport(r types.Report) {
	for i := range r.SpecReports {
		s := &r.SpecReports[i]
		s.ContainerHierarchyTexts = slices.Clone(s.ContainerHierarchyTexts)
		for j, text := range s.ContainerHierarchyTexts {
			s.ContainerHierarchyTexts[j] = evidence.Clean(text)
		}
		s.LeafNodeText = evidence.Clean(s.LeafNodeText)
		s.CapturedGinkgoWriterOutput = evidence.Clean(s.CapturedGinkgoWriterOutput)
		s.CapturedStdOutErr = evidence.Clean(s.CapturedStdOutErr)
		cleanFailure(&s.Failure)
		for j := range s.AdditionalFailures {
			cleanFailure(&s.AdditionalFailures[j].Failure)
		}
		for j := range s.SpecEvents {
			s.SpecEvents[j].Message = evidence.Clean(s.SpecEvents[j].Message)
		}
		for j := range s.ReportEntries {
			e := &s.ReportEntries[j]
			e.Name = evidence.Clean(e.Name)
			if _, ours := e.GetRawValue().(entry); !ours && e.GetRawValue() != nil {
				e.Value = types.WrapEntryValue(evidence.Clean(e.StringRepresentation()))
			}
		}
		for j := range s.ProgressReports {
			cleanProgress(&s.ProgressReports[j])
		}
	}
}

func cleanFailure(f *types.Failure) {
	f.Message, f.ForwardedPanic = evidence.Clean(f.Message), evidence.Clean(f.ForwardedPanic)
	cleanProgress(&f.ProgressReport)
	if f.AdditionalFailure != nil {
		cleanFailure(&f.AdditionalFailure.Failure)
	}
}

func cleanProgress(p *types.ProgressReport) {
	p.Message, p.LeafNodeText, p.CurrentNodeText = evidence.Clean(p.Message), evidence.Clean(p.LeafNodeText), evidence.Clean(p.CurrentNodeText)
	p.CurrentStepText = evidence.Clean(p.CurrentStepText)
	p.CapturedGinkgoWriterOutput = evidence.Clean(p.CapturedGinkgoWriterOutput)
	for i, text := range p.AdditionalReports {
		p.AdditionalReports[i] = evidence.Clean(text)
	}
	p.ContainerHierarchyTexts = slices.Clone(p.ContainerHierarchyTexts)
	for i, text := range p.ContainerHierarchyTexts {
		p.ContainerHierarchyTexts[i] = evidence.Clean(text)
	}
}
