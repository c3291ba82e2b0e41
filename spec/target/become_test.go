package target

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	passwords "github.com/hostspec/hostspec/spec/password"
)

// A sudoLog is what sudo writes about an account, by its logfile of sudoers(5).
type sudoLog string

// newSudoLog returns a log, and the line of sudoers that has sudo write it.
func newSudoLog(t *testing.T) (sudoLog, string) {
	file := filepath.Join(t.TempDir(), "log")
	return sudoLog(file), "Defaults:USER logfile=" + file + ", loglinelen=0"
}

// wrong counts the wrong passwords that sudo has heard.
func (l sudoLog) wrong(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile(string(l))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(\d+) incorrect password attempt`).FindAllStringSubmatch(string(text), -1) {
		one, _ := strconv.Atoi(m[1])
		n += one
	}
	return n
}

// TestSudo_AWrongPasswordIsToldOnce whoever is to be asked as: it is the account's own.
func TestSudo_AWrongPasswordIsToldOnce(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	a := rig.NewAccount(t, rig.Password("right"))
	log, line := newSudoLog(t)
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL", "USER ALL=(games) NOPASSWD: ALL", line)
	target := openWith(t, sshd.URI(a.Name), Options{SudoPassword: "wrong"})
	for range 2 {
		for _, user := range []string{"", "www-data", "backup", "root", "daemon"} {
			as := Identity{Sudo: true, User: user}
			_, err := askAs(t, target, as, "id")
			g.Expect(err).To(MatchError(ContainSubstring("Sorry, try again.")), user)
			_, _, err = target.Run(t.Context(), as, Script{Text: "id"})
			g.Expect(err).To(MatchError(ContainSubstring("Sorry, try again.")), user)
			_, err = View{Target: target, As: as}.StreamFile(t.Context(), "/etc/hostname", &discard{})
			g.Expect(err).To(HaveOccurred())
		}
		sshd.DropConnections()
	}
	g.Expect(log.wrong(t)).To(Equal(1))
	g.Expect(askAs(t, target, Identity{Sudo: true, User: "games"}, "id -un")).To(Equal("games\n"), "who needs none is let in")
	g.Expect(log.wrong(t)).To(Equal(1))
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// TestSudo_ARightPasswordIsToldAgain where one user may be asked as and another may not.
func TestSudo_ARightPasswordIsToldAgain(t *testing.T) {
	g := NewWithT(t)
	a := rig.NewAccount(t, rig.Password("right"))
	log, line := newSudoLog(t)
	rig.Sudoers(t, a, "USER ALL=(backup) ALL", line)
	target := openWith(t, rig.StartSSHD(t).URI(a.Name), Options{SudoPassword: "right"})
	_, err := askAs(t, target, root, "id")
	g.Expect(err).To(MatchError(ContainSubstring("is not allowed to execute")))
	g.Expect(askAs(t, target, Identity{Sudo: true, User: "backup"}, "id -un")).To(Equal("backup\n"))
	g.Expect(log.wrong(t)).To(BeZero())
}

// TestSudo_ByWayOfRoot asks as others an account that may ask as root alone.
func TestSudo_ByWayOfRoot(t *testing.T) {
	sshd := rig.StartSSHD(t)
	data := Identity{Sudo: true, User: "www-data"}
	for name, c := range map[string]struct {
		rule, given string
		wrong       int
	}{
		"no password":                      {"USER ALL=(root) NOPASSWD: ALL", "", 0},
		"a password":                       {"USER ALL=(root) ALL", "right", 0},
		"a wrong one where none is wanted": {"USER ALL=(root) NOPASSWD: ALL", "wrong", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			a := rig.NewAccount(t, rig.Password("right"))
			log, line := newSudoLog(t)
			rig.Sudoers(t, a, c.rule, line)
			target := openWith(t, sshd.URI(a.Name), Options{SudoPassword: c.given})
			target.Expect(data, 1)
			g.Expect(askAs(t, target, data, "id -un; cat")).To(Equal("www-data\n"))
			out, _, err := target.Run(t.Context(), data, Script{Text: "id -un; cat; exit 3", Stdin: []byte("in\x00put")})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out.Stdout)).To(Equal("www-data\nin\x00put"))
			g.Expect(out.Status.Code).To(Equal(3))
			g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"))
			_, err = askAs(t, target, Identity{Sudo: true, User: "nobody-of-that-name"}, "id")
			g.Expect(err).To(HaveOccurred())
			g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal(a.Name + "\n"))
			g.Expect(log.wrong(t)).To(Equal(c.wrong))
		})
	}
	t.Run("a person is asked only where it helps", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		a := rig.NewAccount(t)
		rig.Sudoers(t, a, "USER ALL=(root) NOPASSWD: ALL")
		target := openWith(t, sshd.URI(a.Name), Options{AskSudoPassword: neverAsked(t)})
		g.Expect(askAs(t, target, data, "id -un")).To(Equal("www-data\n"))
	})
}

// TestSudo_AHomeThatOthersMayNotEnter is the login's, in which sudo starts.
func TestSudo_AHomeThatOthersMayNotEnter(t *testing.T) {
	g := NewWithT(t)
	a := rig.NewAccount(t)
	rig.Sudoers(t, a, "USER ALL=(ALL) NOPASSWD: ALL")
	g.Expect(os.Chmod(a.Home, 0o700)).To(Succeed())
	sshd := rig.StartSSHD(t)
	for _, uri := range []string{sshd.URI(a.Name), sshd.URI("root")} {
		target := openWith(t, uri, Options{})
		for _, user := range []string{"nobody", a.Name, "root"} {
			as := Identity{Sudo: true, User: user}
			const find = "find /etc/hostname -prune && find /etc/hostname -exec echo {} ';'"
			g.Expect(askAs(t, target, as, find)).To(Equal("/etc/hostname\n/etc/hostname\n"), user)
			out, _, err := target.Run(t.Context(), as, Script{Text: find})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out.Stderr)).To(BeEmpty())
			g.Expect(out.Status.Code).To(BeZero(), user)
		}
	}
}

// neverAsked is for who must not be asked for a password.
func neverAsked(t *testing.T) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		t.Error("somebody was asked for a password")
		return "", errors.New("nobody is there")
	}
}

// TestSudo_SeveralTargetsOfOneAccount share what is known of its password: there may be
// one directory behind them.
func TestSudo_SeveralTargetsOfOneAccount(t *testing.T) {
	g := NewWithT(t)
	one, two, three := rig.StartSSHD(t), rig.StartSSHD(t), rig.StartSSHD(t)
	a := rig.NewAccount(t, rig.Password("right"))
	log, line := newSudoLog(t)
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL", line)
	tries := &passwords.Source{}
	errs := make(chan error)
	for _, sshd := range []*rig.SSHD{one, two} {
		target := openWith(t, sshd.URI(a.Name), Options{As: root, SudoPassword: "wrong", PasswordTries: tries})
		go func() {
			_, err := askAs(t, target, root, "id")
			errs <- err
		}()
	}
	for range 2 {
		g.Expect(<-errs).To(MatchError(ContainSubstring("UNREACHABLE")))
	}
	_, err := askAs(t, openWith(t, three.URI(a.Name), Options{As: root, SudoPassword: "wrong", PasswordTries: tries}), root, "id")
	g.Expect(err).To(MatchError(ContainSubstring("the password at hand was refused for " + a.Name + " on ssh://")))
	g.Expect(log.wrong(t)).To(Equal(1))
	tries = &passwords.Source{}
	for _, sshd := range []*rig.SSHD{one, two} {
		target := openWith(t, sshd.URI(a.Name), Options{As: root, SudoPassword: "right", PasswordTries: tries})
		g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"))
	}
}
