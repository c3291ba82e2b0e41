package queue_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	queue "example.com/queue"
	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
)

// The three answers of every matcher: it holds, it does not, it could not be told. The
// target is in memory, and says what each test has it say.
func TestThreeAnswers(t *testing.T) {
	for says, test := range map[string]struct{ answer, holds, fails, errs string }{
		"right":      {answer: "3\n"},
		"wrong":      {answer: "4\n", fails: `Queue "/spool" should have depth 3`},
		"missing":    {answer: "missing\n", errs: "does not exist"},
		"unreadable": {answer: "unreadable\n", errs: "may not be read"},
		"nonsense":   {answer: "many\n", errs: `parsing "many"`},
		"too much":   {answer: "1\n2\n", errs: "1 folders were asked about, and 2 answers came"},
	} {
		t.Run(says, func(t *testing.T) {
			g := NewWithT(t)
			target := resourcetest.New(resourcetest.Machine{Answer: func(string) resourcetest.Answer {
				return resourcetest.Answer{Stdout: test.answer}
			}})
			defer target.Close()
			should := resourcetest.Failure(queue.NewQueue(target, "/spool"), queue.HaveDepth(3), false)
			shouldNot := resourcetest.Failure(queue.NewQueue(target, "/spool"), queue.HaveDepth(3), true)
			switch {
			case test.errs != "":
				g.Expect(should).To(And(HavePrefix("error: "), ContainSubstring(test.errs)))
				g.Expect(shouldNot).To(And(HavePrefix("error: "), ContainSubstring(test.errs)))
			case test.fails != "":
				g.Expect(should).To(ContainSubstring(test.fails))
				g.Expect(shouldNot).To(BeEmpty())
			default:
				g.Expect(should).To(BeEmpty())
				g.Expect(shouldNot).NotTo(BeEmpty())
			}
		})
	}
}

// However many queues there are, they are asked about in one exchange.
func TestOneExchange(t *testing.T) {
	g := NewWithT(t)
	scripts := 0
	target := resourcetest.New(resourcetest.Machine{Answer: func(string) resourcetest.Answer {
		scripts++
		return resourcetest.Answer{Stdout: "1\n2\nmissing\n"}
	}})
	defer target.Close()
	exchanges, err := target.Batch(func() {
		for _, folder := range []string{"/a", "/b", "/c"} {
			_, _ = queue.NewQueue(target, folder).Depth()
			_, _ = queue.NewQueue(target, folder).Exists()
		}
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(exchanges).To(Equal(1))
	g.Expect(scripts).To(Equal(1))
}

// What a real shell answers, only a real shell can tell.
func TestOnThisMachine(t *testing.T) {
	g := NewWithT(t)
	spool := filepath.Join(t.TempDir(), "it's a spool")
	g.Expect(os.Mkdir(spool, 0o755)).To(Succeed())
	for _, name := range []string{"1", "2 with a blank", "3"} {
		g.Expect(os.WriteFile(filepath.Join(spool, name), nil, 0o644)).To(Succeed())
	}
	target, err := resourcetest.Open(t.Context(), "local://")
	g.Expect(err).NotTo(HaveOccurred())
	defer target.Close()
	g.Expect(queue.NewQueue(target, spool)).To(queue.HaveDepth(3))
	g.Expect(queue.NewQueue(target, spool)).To(queue.HaveDepth(BeNumerically(">", 2)))
	g.Expect(queue.NewQueue(target, spool+"/none")).NotTo(Exist())
	wrong := resourcetest.Failure(queue.NewQueue(target, "relative"), Exist(), false)
	g.Expect(strings.HasSuffix(wrong, `"relative" is not the absolute path of a folder`)).To(BeTrue(), wrong)
}
