package ssh_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// reaches reports whether OpenSSH's client gets in by an ssh_config.
func reaches(t *testing.T, config, host string) bool {
	t.Helper()
	out, err := exec.Command("ssh", "-o", "BatchMode=yes", "-F", config, host, "true").CombinedOutput()
	if err != nil {
		t.Logf("ssh: %v: %s", err, out)
	}
	return err == nil
}

// TestOldServers speak algorithms that are not used unless ssh_config names them.
func TestOldServers(t *testing.T) {
	user := rig.NewAccount(t).Name
	rsa := newKey(t, "", "-t", "rsa", "-b", "2048")
	for name, c := range map[string]struct {
		server  []string
		allowed string   // of ssh_config
		want    []string // the server's offer, our keyword
	}{
		"KexAlgorithms":     {[]string{"KexAlgorithms diffie-hellman-group1-sha1"}, "KexAlgorithms +diffie-hellman-group1-sha1", []string{"key exchange: it offers diffie-hellman-group1-sha1", "KexAlgorithms +diffie-hellman-group1-sha1"}},
		"Ciphers":           {[]string{"Ciphers aes128-cbc"}, "Ciphers ^aes128-cbc", []string{"aes128-cbc", "Ciphers +aes128-cbc"}},
		"MACs":              {[]string{"MACs hmac-sha1-96", "Ciphers aes128-ctr"}, "MACs hmac-sha1-96,hmac-sha2-256", []string{"hmac-sha1-96", "MACs +hmac-sha1-96"}},
		"HostKeyAlgorithms": {[]string{"HostKey " + rsa, "HostKeyAlgorithms ssh-rsa"}, "HostKeyAlgorithms +ssh-rsa", []string{"host key: it offers ssh-rsa", "HostKeyAlgorithms +ssh-rsa"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := rig.StartSSHD(t, rig.Config(c.server...))
			known := filepath.Join(t.TempDir(), "known")
			write(t, known, s.KnownHostsLine(s.Addr)+"\n["+s.Host+"]:"+s.Port+" "+read(t, rsa+".pub"))
			plain := configOf(t, known, hostBlock("web", user, s))
			u := refusal(t, "ssh://web?ssh_config="+plain, append(c.want, "and we offer ")...)
			if !strings.Contains(u.Advice, "exec:ssh -F "+plain+" web") {
				t.Errorf("the advice does not name OpenSSH's client: %s", u.Advice)
			}
			allowing := configOf(t, known, hostBlock("web", user, s, c.allowed))
			bothWays(t, func(t *testing.T) { wantUser(t, mustOpen(t, "ssh://web?ssh_config="+allowing), user) })
		})
	}
	t.Run("nothing that the library knows", func(t *testing.T) {
		s := rig.StartSSHD(t, rig.Config("KexAlgorithms sntrup761x25519-sha512@openssh.com"))
		for _, more := range []string{"", "KexAlgorithms sntrup761x25519-sha512@openssh.com"} {
			config := configOf(t, s.KnownHosts, hostBlock("web", user, s, more))
			if !reaches(t, config, "web") {
				t.Fatal("ssh does not reach it either")
			}
			u := refusal(t, "ssh://web?ssh_config="+config, "it offers sntrup761x25519-sha512@openssh.com", "exec:ssh ")
			if strings.Contains(u.Advice, "+sntrup") {
				t.Errorf("the advice would not help: %s", u.Advice)
			}
		}
	})
	t.Run("what is excluded is not used", func(t *testing.T) {
		s := rig.StartSSHD(t, rig.Config("KexAlgorithms curve25519-sha256"))
		config := configOf(t, s.KnownHosts, hostBlock("web", user, s, "KexAlgorithms -curve25519*"))
		bothWays(t, func(t *testing.T) {
			refusal(t, "ssh://web?ssh_config="+config, "it offers curve25519-sha256", "and we offer ", "ecdh-sha2-nistp256, ecdh-sha2-nistp384")
		})
	})
}

func TestPubkeyAcceptedAlgorithms(t *testing.T) {
	s := rig.StartSSHD(t, rig.Config("PubkeyAcceptedAlgorithms ssh-rsa,ssh-ed25519"))
	user := rig.NewAccount(t).Name
	rsa := newKey(t, "", "-t", "rsa", "-b", "2048")
	s.AuthorizeKey(rsa + ".pub")
	block := func(more string) string {
		return configOf(t, s.KnownHosts, "Host web\nHostName "+s.Host+"\nPort "+s.Port+"\nUser "+user+"\nIdentityFile "+rsa+"\n"+more)
	}
	if !reaches(t, block("PubkeyAcceptedAlgorithms ssh-rsa"), "web") {
		t.Error("ssh does not reach it either")
	}
	bothWays(t, func(t *testing.T) {
		refusal(t, "ssh://web?ssh_config="+block("PubkeyAcceptedAlgorithms ssh-ed25519"), "PubkeyAcceptedAlgorithms in ssh_config does not allow it")
		wantUser(t, mustOpen(t, "ssh://web?ssh_config="+block("PubkeyAcceptedAlgorithms ssh-rsa")), user)
		wantUser(t, mustOpen(t, "ssh://web?ssh_config="+block("IdentityFile "+s.Identity)), user)
	})
}

// TestHostKeyAliasWithAPort is the name that known_hosts has for a host at a port.
func TestHostKeyAliasWithAPort(t *testing.T) {
	ca, host := newKey(t, ""), newKey(t, "")
	user := rig.NewAccount(t).Name
	known := filepath.Join(t.TempDir(), "known")
	authority := "@cert-authority * " + read(t, ca+".pub")
	for name, c := range map[string]struct {
		alias, principals, known string
		in                       bool
	}{
		"its key":                     {"[127.0.0.1]:2299", "", "", true},
		"a certificate of the alias":  {"[127.0.0.1]:2299", "[127.0.0.1]:2299", authority, true},
		"a certificate of the host":   {"[127.0.0.1]:2299", "127.0.0.1", authority, false},
		"a plain alias":               {"the-alias", "the-alias", authority, true},
		"another alias":               {"the-alias", "the-other", authority, false},
		"a revoked authority":         {"[127.0.0.1]:2299", "[127.0.0.1]:2299", authority + "@revoked * " + read(t, ca+".pub"), false},
		"an authority of other hosts": {"[127.0.0.1]:2299", "[127.0.0.1]:2299", "@cert-authority *.example.net " + read(t, ca+".pub"), false},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			write(t, known, c.known)
			if c.principals == "" {
				write(t, known, c.alias+" "+read(t, host+".pub"))
			} else {
				keygen(t, "-q", "-h", "-s", ca, "-I", "the host", "-n", c.principals, host+".pub")
				lines = []string{"HostCertificate " + host + "-cert.pub"}
			}
			s := rig.StartSSHD(t, rig.Config(append(lines, "HostKey "+host)...))
			config := configOf(t, known, hostBlock("web", user, s, "HostKeyAlias "+c.alias))
			if got := reaches(t, config, "web"); got != c.in {
				t.Errorf("OpenSSH's client reaches it: %v, want %v", got, c.in)
			}
			bothWays(t, func(t *testing.T) {
				if c.in {
					wantUser(t, mustOpen(t, "ssh://web?ssh_config="+config), user)
				} else {
					refusal(t, "ssh://web?ssh_config="+config, "check the host key")
				}
			})
		})
	}
}

// TestUnverifiedHost is one of which a person's ssh_config says that it has no key that
// stays the same, as Vagrant does.
func TestUnverifiedHost(t *testing.T) {
	s, other := rig.StartSSHD(t), rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	config := func(lines ...string) string {
		file := filepath.Join(t.TempDir(), "config")
		write(t, file, hostBlock("default", user, s, lines...))
		return file
	}
	fingerprint := s.Fingerprint()
	notes := func(b backends.Backend) string { return strings.Join(b.(backends.Noter).Notes(), "\n") }
	vagrant := config("UserKnownHostsFile /dev/null", "StrictHostKeyChecking no", "GlobalKnownHostsFile /dev/null")
	bothWays(t, func(t *testing.T) {
		b := mustOpen(t, "ssh://default?ssh_config="+vagrant)
		wantUser(t, b, user)
		if n := notes(b); !strings.Contains(n, "the host key of "+s.Addr+" (default) was not verified") || !strings.Contains(n, fingerprint) || strings.Contains(n, "\n") {
			t.Errorf("the note is %q", n)
		}
		refusal(t, "ssh://default?host_key=strict&ssh_config="+vagrant, "key is unknown")
		known := filepath.Join(t.TempDir(), "known")
		write(t, known, "")
		refusal(t, "ssh://default?known_hosts="+known+"&ssh_config="+vagrant, "key is unknown")
		for _, kept := range []string{"UserKnownHostsFile " + known, "UserKnownHostsFile /dev/null " + known} {
			refusal(t, "ssh://default?ssh_config="+config(kept, "StrictHostKeyChecking no", "GlobalKnownHostsFile /dev/null"), "key is unknown")
		}
		for _, checking := range []string{"ask", "yes"} {
			refusal(t, "ssh://default?ssh_config="+config("UserKnownHostsFile /dev/null", "StrictHostKeyChecking "+checking, "GlobalKnownHostsFile /dev/null"), "key is unknown")
		}
		write(t, known, s.KnownHostsLine(s.Addr)+"\n")
		if n := notes(mustOpen(t, "ssh://default?ssh_config="+config("UserKnownHostsFile /dev/null", "StrictHostKeyChecking off", "GlobalKnownHostsFile "+known))); n != "" {
			t.Errorf("its key is known, and the note is %q", n)
		}
		write(t, known, other.KnownHostsLine(s.Addr)+"\n")
		refusal(t, "ssh://default?ssh_config="+config("UserKnownHostsFile /dev/null", "StrictHostKeyChecking no", "GlobalKnownHostsFile "+known), "CHANGED")
	})
}
