package stack

import (
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
)

func TestPolled(t *testing.T) {
	g := gomega.NewWithT(t)
	if Polled() {
		t.Error("nothing polls")
	}
	g.Expect(Polled()).To(gomega.BeFalse())
	g.Eventually(Polled).Should(gomega.BeTrue())
	g.Consistently(Polled, time.Millisecond).Should(gomega.BeTrue())
	g.Eventually(func(g gomega.Gomega) { g.Expect(Polled()).To(gomega.BeTrue()) }).Should(gomega.Succeed())
}

// An asked error counts how often its text is wanted for the second time.
type asked struct{ texts, again *int }

func (e asked) Error() string {
	*e.texts++
	if ToldAbove() {
		*e.again++
	}
	return "a text"
}

func TestToldAbove(t *testing.T) {
	e := asked{new(int), new(int)}
	message := ""
	g := gomega.NewGomega(func(text string, _ ...int) { message = text })
	g.Expect(1, e).To(gomega.Equal(1))
	if *e.again != 1 || *e.texts < 2 || !strings.Contains(message, "a text") {
		t.Errorf("the text was wanted %d times, %d of them again:\n%s", *e.texts, *e.again, message)
	}
	if _ = e.Error(); *e.again != 1 {
		t.Error("nothing was told above")
	}
}

var whileLoading = InTest()

func TestInTest(t *testing.T) {
	if whileLoading || !InTest() {
		t.Errorf("while loading %v, in a test %v", whileLoading, InTest())
	}
}

func TestCallers(t *testing.T) {
	for f := range Callers() {
		if !strings.HasSuffix(f.Function, "testing.tRunner") {
			t.Errorf("%s called", f.Function)
		}
		return
	}
}
