package target

import (
	"archive/tar"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/command"
	_ "github.com/hostspec/hostspec/backends/docker"
	"github.com/hostspec/hostspec/spec/evidence"
)

// sudoContainer is a container with an account that may sudo, and one that may when
// it has said its password, which is "right".
func sudoContainer(t *testing.T) string {
	t.Helper()
	m := rig.StartMachine(t, rig.WithoutSystemd())
	m.Exec(t, `for name in admin asks; do useradd -m $name; echo $name:right | chpasswd; done
		echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/rig; echo 'asks ALL=(ALL) ALL' >>/etc/sudoers.d/rig`)
	return m.ID
}

// waysIn are the targets that lead to an account of a container.
func waysIn(id, account string) map[string]string {
	return map[string]string{
		"docker": "docker://" + account + "@" + id,
		"exec":   "exec:docker exec -i -u " + account + " " + id,
	}
}

func TestSudo_InAContainer(t *testing.T) {
	id := sudoContainer(t)
	for account, password := range map[string]string{"admin": "", "asks": "right"} {
		for way, uri := range waysIn(id, account) {
			t.Run(account+" by "+way, func(t *testing.T) {
				g := NewWithT(t)
				target := openWith(t, uri, Options{As: root, SudoPassword: password})
				sys, err := target.System(t.Context())
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(sys.UID).To(BeZero())
				g.Expect(askAs(t, target, root, "id -un; cat; echo err >&2")).To(Equal("root\n"))
				g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal(account+"\n"), ".Sudo(false)")
				g.Expect(askAs(t, target, Identity{Sudo: true, User: "daemon"}, "id -un")).To(Equal("daemon\n"), ".AsUser")
				out, _, err := target.Run(t.Context(), root, Script{Text: "id -un; cat; exit 3", Stdin: []byte("in\x00put")})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(string(out.Stdout)).To(Equal("root\nin\x00put"))
				g.Expect(out.Status.Code).To(Equal(3))
				g.Expect(target.Stats().Connections).To(Equal(1))
			})
		}
	}
	for way, uri := range waysIn(id, "asks") {
		for password, words := range map[string]string{"": "sudo: a password is required", "wrong": "with the password it was given: Sorry, try again."} {
			t.Run("refused by "+way+", "+words, func(t *testing.T) {
				g := NewWithT(t)
				_, err := askAs(t, openWith(t, uri, Options{As: root, SudoPassword: password}), root, "id")
				var unreachable *backends.UnreachableError
				g.Expect(errors.As(err, &unreachable)).To(BeTrue(), "%v", err)
				g.Expect(err).To(MatchError(ContainSubstring("asks cannot ask as root by sudo")))
				g.Expect(err).To(MatchError(ContainSubstring(words)))
				target := openWith(t, uri, Options{SudoPassword: password})
				_, err = askAs(t, target, root, "id")
				var unknown *evidence.Unknown
				g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
				g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal("asks\n"), "it can be used as before")
			})
		}
	}
}

// TestSudo_ADeadlineKillsBehindItInAContainer leaves nothing behind there.
func TestSudo_ADeadlineKillsBehindItInAContainer(t *testing.T) {
	id := sudoContainer(t)
	for way, uri := range waysIn(id, "admin") {
		t.Run(way, func(t *testing.T) {
			g := NewWithT(t)
			target := openWith(t, uri, Options{As: root})
			g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"))
			_, _, err := Ask(t.Context(), View{Target: target, As: root, Timeout: 5 * time.Second}, single, "sleep 1234.5")
			g.Expect(err).To(MatchError(ContainSubstring("within 5s")))
			_, _, err = target.Run(t.Context(), root, Script{Text: "sleep 1234.5", Timeout: 5 * time.Second})
			g.Expect(err).To(MatchError(ContainSubstring("within 5s")))
			g.Eventually(func() (string, error) { return askAs(t, target, root, "ps -eo args= | grep -c '[s]leep 1234.5'; :") }).
				WithTimeout(5 * time.Minute).Should(Equal("0\n"))
		})
	}
}

// TestSudo_RootOfAContainer asks as others by what there is for it, until there is
// nothing left.
func TestSudo_RootOfAContainer(t *testing.T) {
	id := sudoContainer(t)
	for _, without := range []string{"nothing", "/usr/sbin/runuser", "/usr/bin/su", "/usr/bin/sudo"} {
		rig.Docker(t, "exec", id, "rm", "-f", without)
		for way, uri := range map[string]string{"docker": "docker://" + id, "exec": "exec:docker exec -i " + id} {
			t.Run(way+" without "+without, func(t *testing.T) {
				g := NewWithT(t)
				target := openWith(t, uri, Options{As: root})
				g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"))
				if without == "/usr/bin/sudo" {
					wantsNobodyElse(t, target)
					return
				}
				g.Expect(askAs(t, target, Identity{Sudo: true, User: "deploy"}, "id -un; cat")).To(Equal("deploy\n"))
			})
		}
	}
}

// wantsNobodyElse wants a target that can be asked as root and as nobody else.
func wantsNobodyElse(t *testing.T, target *Target) {
	t.Helper()
	g := NewWithT(t)
	_, err := askAs(t, target, Identity{Sudo: true, User: "deploy"}, "id -un")
	var unknown *evidence.Unknown
	g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
	g.Expect(unknown.Reason).To(Equal("root cannot ask as deploy: none of runuser, su, sudo and doas is installed there"))
	g.Expect(askAs(t, target, root, "id -u")).To(Equal("0\n"))
}

// tiny is an image of busybox's shell and little more. Debian's busybox has no su.
func tiny(t *testing.T) string {
	t.Helper()
	files := []rig.File{{Name: "bin/"}, {Name: "etc/"}, {Name: "etc/passwd", Content: "root:x:0:0::/:/bin/sh\ndeploy:x:1000:1000::/:/bin/sh\n"}}
	libraries, err := exec.Command("ldd", "/bin/busybox").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(strings.Fields(string(libraries)), "/bin/busybox") {
		if text, err := os.ReadFile(name); err == nil {
			files = append(files, rig.File{Name: name, Mode: 0o755, Content: string(text)})
		}
	}
	for _, applet := range []string{"sh", "id", "uname", "cat", "sleep"} {
		files = append(files, rig.File{Name: "bin/" + applet, Type: tar.TypeSymlink, Link: "busybox"})
	}
	return rig.MakeImage(t, files...)
}

// TestSudo_InATinyImage has nothing to become somebody else by, or not even a shell.
func TestSudo_InATinyImage(t *testing.T) {
	g := NewWithT(t)
	wantsNobodyElse(t, openWith(t, "docker-image://"+tiny(t), Options{As: root}))

	bare := openWith(t, "docker-image://"+rig.MakeImage(t, rig.File{Name: "program", Mode: 0o755, Content: "\x7fELF"}), Options{As: root})
	for _, as := range []Identity{root, {Sudo: true, User: "deploy"}} {
		_, _, err := bare.Run(t.Context(), as, Script{Text: "id"})
		g.Expect(err).To(MatchError(ContainSubstring("no shell in this container")))
	}
}
