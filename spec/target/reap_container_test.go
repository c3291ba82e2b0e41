package target

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// The first process of most containers waits for nobody. What was asked there, run
// there, and killed there must leave nothing behind, or the container cannot fork one day.
func TestReap_AContainerIsLeftAsItWas(t *testing.T) {
	for way, prefix := range map[string]string{"docker": "docker://", "exec": "exec:docker exec -i "} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			id := strings.TrimSpace(rig.Docker(t, "run", "--detach", "--pids-limit", "20", rig.Image(t), "sleep", "100000"))
			t.Cleanup(func() { rig.Docker(t, "rm", "--force", "--volumes", id) })
			for range 3 {
				useAndClose(t, prefix+id)
			}
			g.Eventually(func() string {
				return strings.Join(strings.Fields(rig.Docker(t, "exec", id, "sh", "-c", "cat /proc/[0-9]*/stat | cut -d ' ' -f 2,3")), " ")
			}, "2m", "500ms").Should(Equal("(sleep) S (sh) S (cat) R (cut) S"), "besides those that look")
		})
	}
}

// useAndClose asks and runs what ends, and what does not.
func useAndClose(t *testing.T, uri string) {
	t.Helper()
	g := NewWithT(t)
	u, err := backends.Parse(uri)
	g.Expect(err).NotTo(HaveOccurred())
	target := New(u, Options{Timeout: 5 * time.Minute})
	got, err := ask(t, target, single, "echo one | cat", 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal("one\n"))
	_, err = ask(t, target, single, "sleep 300 | cat", 5*time.Second)
	g.Expect(err).To(MatchError(ContainSubstring("no answer within 5s")))
	out, _, err := target.Run(t.Context(), Identity{}, Script{Text: "echo two | cat"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out.Stdout)).To(Equal("two\n"))
	_, _, err = target.Run(t.Context(), Identity{}, Script{Text: "sh -c 'sleep 300; :'; :", Timeout: 5 * time.Second})
	g.Expect(err).To(MatchError(ContainSubstring("it did not end within 5s")))
	g.Expect(target.Close()).To(Succeed())
}
