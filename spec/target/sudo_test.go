package target

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
)

var root = Identity{Sudo: true}

// openWith opens a target for the length of a test.
func openWith(t testing.TB, uri string, opt Options) *Target {
	t.Helper()
	u, err := backends.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	target := New(u, opt)
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target
}

func askAs(t testing.TB, target *Target, as Identity, script string) (string, error) {
	t.Helper()
	answer, _, err := Ask(t.Context(), View{Target: target, As: as}, single, script)
	return answer, err
}

// granted are the ways in which people let an account ask as root.
var granted = map[string]struct {
	sudoers  []string
	password string
	rc       string
}{
	"nopasswd":                   {sudoers: []string{"USER ALL=(ALL) NOPASSWD: ALL"}},
	"nopasswd, password at hand": {sudoers: []string{"USER ALL=(ALL) NOPASSWD: ALL"}, password: "geheim-31"},
	"not authenticate":           {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER !authenticate"}, password: "geheim-31"},
	"password":                   {sudoers: []string{"USER ALL=(ALL) ALL"}, password: "geheim-31"},
	"no pty":                     {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER !use_pty"}, password: "geheim-31"},
	"lecture":                    {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER lecture=always"}, password: "geheim-31"},
	"insults":                    {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER insults"}, password: "geheim-31"},
	"umask, no reset of PATH":    {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER umask=0077, !secure_path, !env_reset"}, password: "geheim-31"},
	"input logged":               {sudoers: []string{"USER ALL=(ALL) NOPASSWD: ALL", "Defaults:USER closefrom=4"}},
	"noise":                      {sudoers: []string{"USER ALL=(ALL) ALL"}, password: "geheim-31", rc: "echo noise; echo noise >&2; printf 'no end'; printf '[sudo] password: ' >&2\n"},
	"spaces, quotes":             {sudoers: []string{"USER ALL=(ALL) ALL"}, password: ` a 'b' "c" $(d) \`},
	"unicode":                    {sudoers: []string{"USER ALL=(ALL) ALL"}, password: "pässwörd 秘密 🔑"},
	"long":                       {sudoers: []string{"USER ALL=(ALL) ALL"}, password: strings.Repeat("0123456789", 20)},
}

func TestSudo_AsksAsRoot(t *testing.T) {
	sshd := rig.StartSSHD(t)
	for name, c := range granted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			a := rig.NewAccount(t, rig.Password(c.password), rig.RC(c.rc))
			rig.Sudoers(t, a, c.sudoers...)
			target := openWith(t, sshd.URI(a.Name), Options{As: root, SudoPassword: c.password})
			sys, err := target.System(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(sys.UID).To(BeZero())
			g.Expect(askAs(t, target, root, "id -un; cat; echo err >&2; command -v stat >/dev/null && case :$PATH: in *:/usr/sbin:*) echo sbin;; esac")).
				To(Equal("root\nsbin\n"), "stdin is empty, nothing is left of the password")
			g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal(a.Name+"\n"), "the login account")
			target.Expect(root, 2)
			for range 3 {
				out, _, err := target.Run(t.Context(), root, Script{Text: "id -un; cat; exit 3", Stdin: []byte("in\x00put")})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(string(out.Stdout)).To(Equal("root\nin\x00put"))
				g.Expect(string(out.Stderr)).To(BeEmpty())
				g.Expect(out.Status.Code).To(Equal(3))
			}
			var text strings.Builder
			_, err = View{Target: target, As: root}.StreamFile(t.Context(), "/etc/shadow", &text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(text.String()).To(ContainSubstring("root:"))
		})
	}
}

// refused are accounts that may not ask as root, and what sudo says of it.
var refused = map[string]struct {
	sudoers        []string
	account, given string // the account's password, and the one that is given
	user           string
	prepare        func(t *testing.T, a *rig.Account)
	words          string
}{
	"no rights":                   {account: "right", given: "right", words: "USER is not in the sudoers file"},
	"no rights, no password":      {words: "a password is required"},
	"wrong":                       {sudoers: []string{"USER ALL=(ALL) ALL"}, account: "right", given: "wrong", words: "with the password it was given: Sorry, try again."},
	"wrong, one try":              {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER passwd_tries=1"}, account: "right", given: "wrong", words: "1 incorrect password attempt"},
	"wrong, own words":            {sudoers: []string{"USER ALL=(ALL) ALL", `Defaults:USER lecture=always, badpass_message="Nein."`}, account: "right", given: "wrong", words: "with the password it was given: Nein."},
	"wrong, for root's":           {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER rootpw"}, account: "right", given: "right", words: "Sorry, try again."},
	"none":                        {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER lecture=always"}, account: "right", words: "a password is required"},
	"requiretty":                  {sudoers: []string{"USER ALL=(ALL) NOPASSWD: ALL", "Defaults:USER requiretty"}, words: "you must have a tty to run sudo"},
	"requiretty, with a password": {sudoers: []string{"USER ALL=(ALL) ALL", "Defaults:USER requiretty"}, account: "right", given: "right", words: "you must have a tty to run sudo"},
	"one command":                 {sudoers: []string{"USER ALL=(ALL) NOPASSWD: /bin/ls"}, account: "right", given: "right", words: "is not allowed to execute '/usr/bin/sh -c ...' as root"},
	"unknown user":                {sudoers: []string{"USER ALL=(ALL) NOPASSWD: ALL"}, user: "no such'user $(id)", words: "unknown user no such'user $(id)"},
	"expired password":            {sudoers: []string{"USER ALL=(ALL) ALL"}, account: "right", given: "right", words: "expired", prepare: func(t *testing.T, a *rig.Account) { chage(t, "-d", "0", a.Name) }},
}

func chage(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("chage", args...).CombinedOutput(); err != nil {
		t.Fatalf("chage %s: %v: %s", args, err, out)
	}
}

func TestSudo_IsRefusedInItsOwnWords(t *testing.T) {
	sshd := rig.StartSSHD(t)
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			options := []rig.AccountOption{}
			if c.account != "" {
				options = append(options, rig.Password(c.account))
			}
			a := rig.NewAccount(t, options...)
			if c.sudoers != nil {
				rig.Sudoers(t, a, c.sudoers...)
			}
			if c.prepare != nil {
				c.prepare(t, a)
			}
			as := Identity{Sudo: true, User: c.user}
			words := strings.ReplaceAll(c.words, "USER", a.Name)
			uri := sshd.URI(a.Name)

			// The whole target is asked as root: it is unreachable.
			target := openWith(t, uri, Options{As: as, SudoPassword: c.given})
			start := time.Now()
			_, err := askAs(t, target, as, "id")
			t.Log(time.Since(start), err)
			var unreachable *backends.UnreachableError
			g.Expect(errors.As(err, &unreachable)).To(BeTrue(), "%v", err)
			g.Expect(err.Error()).To(And(ContainSubstring(words), ContainSubstring("ssh://"+a.Name), ContainSubstring(a.Name+" cannot ask as ")))
			g.Expect(err.Error()).NotTo(ContainSubstring("PATH="), "what was to be run is nobody's business")
			g.Expect(target.Dead()).To(MatchError(err))

			// A single resource is: it could not be told.
			target = openWith(t, uri, Options{SudoPassword: c.given})
			_, err = askAs(t, target, as, "id")
			var unknown *evidence.Unknown
			g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
			g.Expect(err.Error()).To(And(ContainSubstring(words), ContainSubstring(a.Name+" cannot ask as ")))
			_, _, err = target.Run(t.Context(), as, Script{Text: "id"})
			g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
			g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal(a.Name+"\n"), "the target can be used as before")
			g.Expect(target.Stats().Connections).To(Equal(1))
		})
	}
}

// TestSudo_AnExpiredAccount expires while we are logged in: sshd lets no such one in.
func TestSudo_AnExpiredAccount(t *testing.T) {
	g := NewWithT(t)
	a := rig.NewAccount(t, rig.Password("right"))
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL")
	target := openWith(t, rig.StartSSHD(t).URI(a.Name), Options{SudoPassword: "right"})
	g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal(a.Name + "\n"))
	chage(t, "-E", "1", a.Name)
	_, err := askAs(t, target, root, "id")
	g.Expect(err).To(MatchError(ContainSubstring("account validation failure")))
}

// TestSudo_ThatLetsNothingBeRun can tell nothing, and never guesses.
func TestSudo_ThatLetsNothingBeRun(t *testing.T) {
	g := NewWithT(t)
	a := rig.NewAccount(t)
	rig.Sudoers(t, a, "USER ALL=(ALL) NOPASSWD: ALL", "Defaults:USER noexec")
	uri := rig.StartSSHD(t).URI(a.Name)
	_, err := askAs(t, openWith(t, uri, Options{As: root}), root, "id")
	var unreachable *backends.UnreachableError
	g.Expect(errors.As(err, &unreachable)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(ContainSubstring("ermission denied")))
	target := openWith(t, uri, Options{})
	g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal(a.Name + "\n"))
	_, err = askAs(t, target, root, "id")
	var unknown *evidence.Unknown
	g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
}

// TestSudo_DoasInItsPlace removes sudo from a machine, and then doas, too.
func TestSudo_DoasInItsPlace(t *testing.T) {
	g := NewWithT(t)
	m := rig.StartMachine(t, rig.WithoutSystemd())
	for _, name := range []string{"/usr/bin/doas", "/etc/pam.d/doas"} {
		text, err := os.ReadFile(name)
		g.Expect(err).NotTo(HaveOccurred(), "Debian: apt-get install doas")
		m.WriteFile(t, name, text, 0o755)
	}
	m.Exec(t, `rm /usr/bin/sudo; chmod 4755 /usr/bin/doas; useradd -m asks; echo 'asks:right' | chpasswd
		echo 'permit nopass deploy
permit nopass deploy as daemon
permit asks' >/etc/doas.conf; chmod 400 /etc/doas.conf`)
	deploy := openWith(t, m.URI("deploy"), Options{As: root, SudoPassword: "right"})
	g.Expect(askAs(t, deploy, root, "id -un; cat")).To(Equal("root\n"))
	out, _, err := deploy.Run(t.Context(), Identity{Sudo: true, User: "daemon"}, Script{Text: "id -un"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(out.Stdout)).To(Equal("daemon\n"))
	_, err = askAs(t, openWith(t, m.URI("asks"), Options{As: root, SudoPassword: "right"}), root, "id")
	g.Expect(err).To(MatchError(And(ContainSubstring("UNREACHABLE"), ContainSubstring("asks cannot ask as root by doas: doas: Authentication required"),
		ContainSubstring("doas takes no password without a terminal"))))
	_, err = askAs(t, openWith(t, m.URI("noisy"), Options{As: root}), root, "id")
	g.Expect(err).To(MatchError(And(ContainSubstring("noisy cannot ask as root by doas"), ContainSubstring("Operation not permitted"))))
	g.Expect(askAs(t, openWith(t, m.URI("root"), Options{As: root}), Identity{Sudo: true, User: "deploy"}, "id -un")).To(Equal("deploy\n"))
	m.Exec(t, "rm /usr/bin/doas /usr/sbin/runuser")
	_, err = askAs(t, openWith(t, m.URI("deploy"), Options{As: root}), root, "id")
	g.Expect(err).To(MatchError(And(ContainSubstring("deploy cannot ask as root: neither sudo nor doas is installed there"), ContainSubstring("install sudo there"))))
	asDeploy := "id -un; echo $HOME"
	g.Expect(askAs(t, openWith(t, m.URI("root"), Options{As: root}), Identity{Sudo: true, User: "deploy"}, asDeploy)).To(Equal("deploy\n/home/deploy\n"), "by su")
}

// TestSudo_ShellsOnTheTarget is asked through every kind of login shell.
func TestSudo_ShellsOnTheTarget(t *testing.T) {
	sshd := rig.StartSSHD(t)
	for _, shell := range []string{"/bin/bash", "/bin/dash", "ash", "/bin/mksh", "/bin/ksh93", "/usr/bin/fish", "/bin/tcsh"} {
		t.Run(filepath.Base(shell), func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			a := rig.NewAccount(t, rig.LoginShell(shell), rig.Password("ri'gh t!"))
			rig.Sudoers(t, a, "USER ALL=(ALL) ALL")
			target := openWith(t, sshd.URI(a.Name), Options{As: root, SudoPassword: "ri'gh t!"})
			g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"))
		})
	}
}

// TestSudo_EveryPOSIXShell decides in each of them how to become another user.
func TestSudo_EveryPOSIXShell(t *testing.T) {
	a := rig.NewAccount(t)
	for name := range testedShells {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := &elevated{backend: withShell(t, name), user: a.Name, account: &account{}}
			for range 2 { // who lets us in is asked for the first time only
				s, _, err := openShell(t.Context(), b, "id -un")
				g.Expect(err).NotTo(HaveOccurred())
				defer s.close()
				_, _, err = s.ask(t.Context(), inWords("id -un"), func(int) time.Duration { return time.Minute }, func(_ int, o Output) {
					g.Expect(string(o.Stdout)).To(Equal(a.Name + "\n"))
				})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(b.account.script()).To(Equal("i=0; n=root\n"))
			}
		})
	}
}

// TestSudo_AWrongPasswordIsTriedOnce since a second try may lock an account.
func TestSudo_AWrongPasswordIsTriedOnce(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	a := rig.NewAccount(t, rig.Password("right"))
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL")
	target := openWith(t, sshd.URI(a.Name), Options{SudoPassword: "wrong"})
	for range 3 {
		_, err := askAs(t, target, root, "id")
		g.Expect(err).To(MatchError(ContainSubstring("Sorry, try again.")))
	}
	g.Expect(sshd.Sessions()).To(Equal(1))
}

// TestSudo_APasswordThatIsNotWantedIsNotSent has sudo remember an earlier one.
func TestSudo_APasswordThatIsNotWantedIsNotSent(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	a := rig.NewAccount(t, rig.Password("right"))
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL", "Defaults:USER timestamp_type=global, timestamp_timeout=5")
	first := openWith(t, sshd.URI(a.Name), Options{As: root, SudoPassword: "right"})
	g.Expect(askAs(t, first, root, "id -un")).To(Equal("root\n"))
	// Were the wrong one sent, the shell would run it: its error would be told.
	second := openWith(t, sshd.URI(a.Name), Options{As: root, SudoPassword: "touch " + a.Home + "/sent"})
	g.Expect(askAs(t, second, root, "id -un")).To(Equal("root\n"))
	g.Expect(filepath.Join(a.Home, "sent")).NotTo(BeAnExistingFile())
}

// TestSudo_IsAskedForAPasswordOnlyWhereItIsWanted asks a person, or a password
// manager, once.
func TestSudo_IsAskedForAPasswordOnlyWhereItIsWanted(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	with, without := rig.NewAccount(t), rig.NewAccount(t, rig.Password("right"))
	rig.Sudoers(t, with, "USER ALL=(ALL) NOPASSWD: ALL")
	rig.Sudoers(t, without, "USER ALL=(ALL) ALL")
	asked := 0
	ask := func(context.Context) (string, error) { asked++; return "right", nil }
	g.Expect(askAs(t, openWith(t, sshd.URI(with.Name), Options{As: root, AskSudoPassword: ask}), root, "id -un")).To(Equal("root\n"))
	g.Expect(asked).To(BeZero())
	target := openWith(t, sshd.URI(without.Name), Options{As: root, AskSudoPassword: ask})
	for range 2 {
		g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"))
		g.Expect(askAs(t, target, Identity{Sudo: true, User: with.Name}, "id -un")).To(Equal(with.Name + "\n"))
	}
	g.Expect(asked).To(Equal(1))
	nobody := func(context.Context) (string, error) { return "", errors.New("the safe is shut") }
	_, err := askAs(t, openWith(t, sshd.URI(without.Name), Options{As: root, AskSudoPassword: nobody}), root, "id")
	g.Expect(err).To(MatchError(And(ContainSubstring("UNREACHABLE"), ContainSubstring("a password is required"), ContainSubstring("the safe is shut"))))
}

// TestSudo_RootNeedsNone on this machine, where no sudo is in the PATH either.
func TestSudo_RootNeedsNone(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	a := rig.NewAccount(t, rig.LoginShell("/usr/sbin/nologin"))
	for _, uri := range []string{"local://", sshd.URI("root")} {
		target := openWith(t, uri, Options{})
		g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal("root\n"))
		exchanges := target.Stats().Exchanges
		g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"))
		g.Expect(askAs(t, target, Identity{Sudo: true, User: "root"}, "id -un")).To(Equal("root\n"))
		g.Expect(target.Stats().Exchanges).To(Equal(exchanges+2), "no shell but the one that is there")
		user := Identity{Sudo: true, User: a.Name}
		g.Expect(askAs(t, target, user, "id -un; [ -r /etc/shadow ] || echo no; echo $HOME")).To(Equal(a.Name + "\nno\n" + a.Home + "\n"))
		out, _, err := target.Run(t.Context(), user, Script{Text: "id -un; cd && pwd"})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(out.Stdout)).To(Equal(a.Name + "\n" + a.Home + "\n"))
		_, err = askAs(t, target, Identity{Sudo: true, User: "nobody-of-that-name"}, "id")
		g.Expect(err).To(MatchError(And(ContainSubstring("nobody-of-that-name"), ContainSubstring("does not exist"))))
	}
	login := openWith(t, sshd.URI(rig.NewAccount(t).Name), Options{})
	name, err := askAs(t, login, Identity{}, "id -un")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(askAs(t, login, Identity{Sudo: true, User: strings.TrimSpace(name)}, "id -un")).To(Equal(name), "whoever asks as himself needs no rights")
}

// TestSudo_ManyUsers asks as more users than sshd allows sessions.
func TestSudo_ManyUsers(t *testing.T) {
	g := NewWithT(t)
	target := openWith(t, rig.StartSSHD(t, rig.Config("MaxSessions 8")).URI("root"), Options{})
	for range 2 {
		for _, name := range []string{"daemon", "bin", "sys", "games", "man", "lp", "mail", "news", "www-data", "backup"} {
			g.Expect(askAs(t, target, Identity{Sudo: true, User: name}, "id -un")).To(Equal(name + "\n"))
		}
	}
	g.Expect(askAs(t, target, Identity{}, "id -un")).To(Equal("root\n"))
}

// TestSudo_ADeadlineKillsBehindIt leaves nothing behind, whether it was asked by a
// question or by a command.
func TestSudo_ADeadlineKillsBehindIt(t *testing.T) {
	g := NewWithT(t)
	sshd := rig.StartSSHD(t)
	a := rig.NewAccount(t)
	rig.Sudoers(t, a, "USER ALL=(ALL) NOPASSWD: ALL")
	target := openWith(t, sshd.URI(a.Name), Options{As: root})
	pidfile := filepath.Join(t.TempDir(), "pid")
	v := View{Target: target, As: root, Timeout: 5 * time.Second}
	for name, hang := range map[string]func(script string) error{
		"question": func(script string) error { _, _, err := Ask(t.Context(), v, single, script); return err },
		"command": func(script string) error {
			_, _, err := target.Run(t.Context(), root, Script{Text: script, Timeout: 5 * time.Second})
			return err
		},
	} {
		err := hang("sh -c 'echo $$; exec sleep 1234.5' >" + pidfile)
		g.Expect(err).To(MatchError(ContainSubstring("within 5s")), name)
		pid, err := os.ReadFile(pidfile)
		g.Expect(err).NotTo(HaveOccurred())
		g.Eventually(func() error { _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); return err }).
			WithTimeout(5*time.Minute).Should(MatchError(os.ErrNotExist), name)
		g.Expect(askAs(t, target, root, "id -un")).To(Equal("root\n"), "it goes on in another shell")
	}
}
