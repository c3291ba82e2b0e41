package ssh_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// TestMain keeps the keys, the agent and the settings of whoever runs the tests out
// of them.
func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "hostspec-home-")
	if err != nil {
		panic(err)
	}
	for name, value := range map[string]string{
		"HOME": home, "SSH_AUTH_SOCK": "", "HOSTSPEC_SSH_CONFIG": "",
		"HOSTSPEC_SSH_PASSWORD": "", "HOSTSPEC_SSH_PASSPHRASE": "",
	} {
		_ = os.Setenv(name, value)
	}
	// What a closed backend leaves running would run for as long as a test suite.
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(home)
		os.Exit(code)
	}))
}

// refusal opens a target that must be UNREACHABLE and whose message must hold
// every want, and returns the error.
func refusal(t *testing.T, uri string, want ...string) *backends.UnreachableError {
	t.Helper()
	b, err := backends.Open(within(t, time.Minute), uri)
	if err == nil {
		_ = b.Close()
		t.Fatalf("%s was opened", uri)
	}
	t.Log(err)
	var u *backends.UnreachableError
	if !errors.As(err, &u) {
		t.Fatalf("%T is no UnreachableError", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the message lacks %q", w)
		}
	}
	return u
}

func newKey(t *testing.T, passphrase string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "id")
	rig.MakeKey(t, file, passphrase, args...)
	return file
}

func keygen(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ssh-keygen", args...).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen %q: %v: %s", args, err, out)
	}
}

// startAgent serves an ssh-agent that holds the private keys in files.
func startAgent(t *testing.T, files ...string) (socket string) {
	t.Helper()
	ring := agent.NewKeyring()
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		key, err := xssh.ParseRawPrivateKey(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: key, Comment: "held " + filepath.Base(f)}); err != nil {
			t.Fatal(err)
		}
	}
	socket = filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c); _ = c.Close() }()
		}
	}()
	return socket
}

func wantUser(t *testing.T, b backends.Backend, user string) {
	t.Helper()
	if got := strings.TrimSpace(output(t, b, "id", "-un")); got != user {
		t.Errorf("logged in as %q, want %q", got, user)
	}
}

func TestKeys(t *testing.T) {
	s := rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	for _, kind := range [][]string{
		{"-t", "ed25519"}, {"-t", "rsa", "-b", "2048"}, {"-t", "ecdsa"}, {"-t", "rsa", "-b", "2048", "-m", "PEM"},
	} {
		t.Run(strings.Join(kind, " "), func(t *testing.T) {
			key := newKey(t, "", kind...)
			s.AuthorizeKey(key + ".pub")
			wantUser(t, mustOpen(t, s.URI(user, "identity="+key)), user)
		})
	}
	t.Run("in the home directory", func(t *testing.T) {
		t.Setenv("HOME", t.TempDir())
		rig.MakeKey(t, filepath.Join(mkdir(t, "~/.ssh"), "id_ed25519"), "")
		s.AuthorizeKey(filepath.Join(os.Getenv("HOME"), ".ssh/id_ed25519.pub"))
		wantUser(t, mustOpen(t, s.URI(user, "identity=")), user)
		wantUser(t, mustOpen(t, s.URI(user, "identity=~/.ssh/id_ed25519")), user)
	})
	t.Run("missing", func(t *testing.T) {
		refusal(t, s.URI(user, "identity=/no/such/key"), "identity /no/such/key", "no such file")
	})
	t.Run("no key at all", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "text")
		write(t, file, "hello\n")
		refusal(t, s.URI(user, "identity="+file), "identity "+file, "not a private key")
	})
}

func mkdir(t *testing.T, dir string) string {
	t.Helper()
	dir = strings.Replace(dir, "~", os.Getenv("HOME"), 1)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEncryptedKey(t *testing.T) {
	s := rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	for _, format := range [][]string{{"-t", "ed25519"}, {"-t", "rsa", "-b", "2048", "-m", "PEM"}} {
		t.Run(strings.Join(format, " "), func(t *testing.T) {
			key := newKey(t, "open sesame", format...)
			s.AuthorizeKey(key + ".pub")
			uri := s.URI(user, "identity="+key)

			u := refusal(t, uri, key, "is encrypted", "HOSTSPEC_SSH_PASSPHRASE")
			if strings.Contains(u.Error(), "ssh: ") {
				t.Error("the library's words show")
			}
			t.Setenv("HOSTSPEC_SSH_PASSPHRASE", "hush, not this one")
			u = refusal(t, uri, key, "HOSTSPEC_SSH_PASSPHRASE does not open it")
			if strings.Contains(u.Error(), "hush") {
				t.Error("the passphrase shows")
			}
			t.Setenv("HOSTSPEC_SSH_PASSPHRASE", "open sesame")
			wantUser(t, mustOpen(t, uri), user)
		})
	}
}

func TestAgent(t *testing.T) {
	s := rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	right, wrong := newKey(t, ""), newKey(t, "")
	s.AuthorizeKey(right + ".pub")
	t.Run("has the key", func(t *testing.T) {
		t.Setenv("SSH_AUTH_SOCK", startAgent(t, wrong, right))
		wantUser(t, mustOpen(t, s.URI(user, "identity=")), user)
	})
	t.Run("has the private half of a public key file", func(t *testing.T) {
		t.Setenv("SSH_AUTH_SOCK", startAgent(t, right))
		public := filepath.Join(t.TempDir(), "only.pub")
		text, _ := os.ReadFile(right + ".pub")
		write(t, public, string(text))
		wantUser(t, mustOpen(t, s.URI(user, "identity="+public)), user)
	})
	t.Run("has an encrypted file's key", func(t *testing.T) {
		locked := filepath.Join(t.TempDir(), "locked")
		text, _ := os.ReadFile(right)
		write(t, locked, string(text))
		keygen(t, "-q", "-p", "-f", locked, "-N", "secret", "-P", "")
		t.Setenv("SSH_AUTH_SOCK", startAgent(t, right))
		wantUser(t, mustOpen(t, s.URI(user, "identity="+locked)), user)
	})
	t.Run("is not asked for more than six keys when one is named", func(t *testing.T) {
		var many []string
		for range 8 {
			many = append(many, newKey(t, ""))
		}
		t.Setenv("SSH_AUTH_SOCK", startAgent(t, many...))
		wantUser(t, mustOpen(t, s.URI(user, "identity="+right)), user)
		refusal(t, s.URI(user, "identity="), "too many wrong keys", `key "held id" of the ssh-agent`)
	})
	t.Run("by IdentityAgent and IdentitiesOnly", func(t *testing.T) {
		config := filepath.Join(t.TempDir(), "config")
		write(t, config, "Host *\nIdentityAgent "+startAgent(t, right)+"\n")
		wantUser(t, mustOpen(t, s.URI(user, "identity=", "ssh_config="+config)), user)
		write(t, config, "Host *\nIdentitiesOnly yes\nIdentityAgent "+startAgent(t, right)+"\nIdentityFile "+wrong+"\n")
		refusal(t, s.URI(user, "identity=", "ssh_config="+config), "no key was accepted", wrong)
	})
	t.Run("is gone", func(t *testing.T) {
		t.Setenv("SSH_AUTH_SOCK", "/no/such/agent")
		wantUser(t, mustOpen(t, s.URI(user)), user)
		refusal(t, s.URI(user, "identity="), "the ssh-agent does not answer")
	})
}

func TestCertificates(t *testing.T) {
	ca := newKey(t, "")
	s := rig.StartSSHD(t, rig.Config("TrustedUserCAKeys "+ca+".pub"))
	user := rig.NewAccount(t).Name
	key := newKey(t, "")
	keygen(t, "-q", "-s", ca, "-I", "test key", "-n", user, key+".pub")
	t.Run("beside the key", func(t *testing.T) {
		wantUser(t, mustOpen(t, s.URI(user, "identity="+key)), user)
	})
	t.Run("by CertificateFile", func(t *testing.T) {
		dir := t.TempDir()
		bare, cert, config := filepath.Join(dir, "bare"), filepath.Join(dir, "cert"), filepath.Join(dir, "config")
		rename(t, key, bare)
		rename(t, key+"-cert.pub", cert)
		write(t, config, "Host *\nIdentityFile "+bare+"\nCertificateFile "+cert+"\n")
		wantUser(t, mustOpen(t, s.URI(user, "identity=", "ssh_config="+config)), user)
		refusal(t, s.URI(user, "identity="+bare), "no key was accepted", bare)
	})
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestPassword(t *testing.T) {
	for name, config := range map[string]rig.SSHDOption{
		"password": rig.Config("PasswordAuthentication yes"),
		// sshd asks by keyboard-interactive only what PAM asks.
		"keyboard-interactive": rig.Config("UsePAM yes", "KbdInteractiveAuthentication yes"),
	} {
		t.Run(name, func(t *testing.T) {
			s := rig.StartSSHD(t, config, rig.Config("PubkeyAuthentication no"))
			user := rig.NewAccount(t, rig.Password("mellon")).Name
			uri := s.URI(user, "identity=")
			refusal(t, uri, "lets in by: "+name, "HOSTSPEC_SSH_PASSWORD is not set")
			t.Setenv("HOSTSPEC_SSH_PASSWORD", "mordor")
			if u := refusal(t, uri, "the password was not accepted", "HOSTSPEC_SSH_PASSWORD"); strings.Contains(u.Error(), "mordor") {
				t.Error("the password shows")
			}
			t.Setenv("HOSTSPEC_SSH_PASSWORD", "mellon")
			wantUser(t, mustOpen(t, uri), user)
		})
	}
}

func TestKeyAndPassword(t *testing.T) {
	s := rig.StartSSHD(t, rig.Config("PasswordAuthentication yes", "AuthenticationMethods publickey,password"))
	user := rig.NewAccount(t, rig.Password("mellon")).Name
	refusal(t, s.URI(user), "publickey was accepted, and the server wants password as well", "HOSTSPEC_SSH_PASSWORD is not set")
	t.Setenv("HOSTSPEC_SSH_PASSWORD", "mellon")
	wantUser(t, mustOpen(t, s.URI(user)), user)
}

func TestNoKeyAccepted(t *testing.T) {
	banner := filepath.Join(t.TempDir(), "banner")
	write(t, banner, "Authorised users only\a\n")
	s := rig.StartSSHD(t, rig.Config("Banner "+banner))
	user := rig.NewAccount(t).Name
	stranger := newKey(t, "")
	u := refusal(t, s.URI(user, "identity="+stranger), "no key was accepted", "log in as "+user, s.Addr,
		stranger, "SHA256:", "lets in by: publickey", `Authorised users only\a`, "authorized_keys")
	if u.Target != "ssh://"+user+"@"+s.Addr {
		t.Errorf("target %q", u.Target)
	}
	refusal(t, s.URI(user, "identity="), "there is no key to offer")
}

func TestLoginDeadline(t *testing.T) {
	s := rig.StartSSHD(t)
	p := rig.StartProxy(t, s.Addr, 0)
	p.Freeze()
	began := time.Now()
	refusal(t, s.URIAt(p.Addr, "root", "connect_timeout=300ms"), "no answer within 300ms")
	if time.Since(began) > 10*time.Second {
		t.Error("connect_timeout does not bound the login")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	ours := errors.New("changed my mind")
	cancel(ours)
	if _, err := backends.Open(ctx, s.URI("root")); !errors.Is(err, ours) {
		t.Errorf("%v is not the cause of the context", err)
	}
}
