// Package sinks_test shows what must not be shown, in every way that specs can.
package sinks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

// hidden is what the test that runs these specs looks for afterwards.
var hidden = func() (h struct {
	Secrets map[string]string
	Hostile string
}) {
	text, err := os.ReadFile(os.Getenv("SINKS"))
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		panic(err)
	}
	for _, s := range h.Secrets {
		Secret(s)
	}
	return h
}()

func Test(t *testing.T) { Run(t, "sinks "+hidden.Hostile) }

// file keeps a text where specs can look at it.
func file(name, text string) string {
	path := filepath.Join(os.Getenv("SINKS_FOLDER"), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return path
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

var _ = Describe("sinks", func() {
	for shape, secret := range hidden.Secrets {
		Describe(shape, func() {
			// At the end of each excerpt that there is.
			alone, long := file(shape, secret), file(shape+"-long", strings.Repeat("x", 190)+secret+strings.Repeat("y", 190)+secret+strings.Repeat("z", 90)+secret)
			Command("echo "+quoted(secret)+" for "+quoted(strings.Repeat("n", 150))+quoted(secret)+"; exit 3").Should(ExitWith(0), HaveStdout("nothing"))
			Command("cat "+quoted(long)+"; cat "+quoted(long)+" >&2; exit 3").Should(ExitWith(0), HaveStderr("nothing"))
			Command("cat "+quoted(alone)).WithEnv("TOKEN", secret).Should(HaveStdout(strings.Repeat("w", 115) + secret))
			File(long).Should(HaveContent("nothing of it"), HaveContent(MatchRegexp(regexp.QuoteMeta(secret)+"?!")), HaveContent(ContainSubstring("no "+secret)))
			File(alone).Should(HaveContent(Equal(secret + "?")))
			File(alone).ShouldNot(HaveContent(secret))
			It("is compared by Gomega", func() { Expect(File(long).Content()).To(Equal(strings.Repeat("x", 188) + "?" + secret)) })
			It("is listed by Gomega", func() { Expect(File(alone).Lines()).To(ConsistOf("nothing of it")) })
			It("is the key of a map", func() { Expect(map[string][]byte{secret: []byte(secret)}).To(BeEmpty()) })
			It("is written down", func() {
				GinkgoWriter.Print(secret[:len(secret)/2])
				GinkgoWriter.Print(secret[len(secret)/2:], "\n")
				GinkgoWriter.Printf("%q\n", secret)
				By("using " + secret)
				AddReportEntry("entry "+secret, secret)
				Fail("it failed with " + secret)
			})
			It("is what panics", func() { panic("panicked with " + secret) })
			It("is why it is skipped", func() { Skip("skipped because of " + secret) })
			It("stands in a name: "+secret, func() {})
			It("is in an error", func() {
				Expect(Command("cat " + quoted(long) + "; false").JSON(secret)).To(Equal(1))
			})
		})
	}
	Command("cat " + quoted(file("slow", strings.Repeat("x", 390)+hidden.Secrets["plain"])) + "; sleep 60").WithTimeout(time.Second).Should(ExitWith(0))
})

var _ = Describe("hostile "+hidden.Hostile, func() {
	path := file("hostile", hidden.Hostile)
	Command("cat "+quoted(path)+"; cat "+quoted(path)+" >&2; exit 3").Should(ExitWith(0), HaveStdout("nothing"))
	Command("echo "+quoted(hidden.Hostile)).Should(HaveStdout(Equal(hidden.Hostile)), HaveStdout(hidden.Hostile+"?"))
	Command("cat " + quoted(path) + " >&2; exit 127").Should(ExitWith(0))
	File(path).Should(HaveContent("nothing"), HaveContent(ContainSubstring(hidden.Hostile+"?")))
	File(path + hidden.Hostile).Should(Exist())
	It("is compared by Gomega", func() { Expect(File(path).Content()).To(Equal("nothing")) })
	It("is written down", func() {
		GinkgoWriter.Println(hidden.Hostile)
		AddReportEntry("entry", hidden.Hostile)
		Fail(hidden.Hostile)
	})
	It("is why it is skipped", func() { Skip(hidden.Hostile) })
	It("panics", func() { panic(hidden.Hostile) })
	It("stands in a name: "+hidden.Hostile, func() {})
})

// TestPlain is what people write who want no Ginkgo.
func TestPlain(t *testing.T) {
	for shape, secret := range hidden.Secrets {
		t.Run(shape, func(t *testing.T) {
			for name, check := range map[string]func(g Gomega){
				"content": func(g Gomega) { g.Expect(File(file("plain", secret)).Content()).To(Equal("nothing")) },
				"diff": func(g Gomega) {
					g.Expect(File(file("plain", strings.Repeat("x", 60)+secret)).Content()).To(Equal(strings.Repeat("x", 60) + "?" + secret))
				},
				"ours":     func(g Gomega) { g.Expect(File(file("plain", secret))).To(HaveContent("no " + secret)) },
				"command":  func(g Gomega) { g.Expect(Command("echo " + quoted(secret))).To(ExitWith(1)) },
				"an error": func(g Gomega) { g.Expect(File("/nonexistent/" + secret).Content()).To(Equal("nothing")) },
			} {
				t.Run(name, func(t *testing.T) { check(NewWithT(t)) })
			}
		})
	}
	t.Run("hostile", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(File(file("plain", hidden.Hostile)).Content()).To(Equal("nothing"))
	})
}
