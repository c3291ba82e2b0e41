package ssh_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// bothWays runs a test with OpenSSH's client reading ssh_config, and without one in
// the PATH.
func bothWays(t *testing.T, test func(t *testing.T)) {
	t.Run("with ssh -G", func(t *testing.T) {
		if _, err := exec.LookPath("ssh"); err != nil {
			t.Fatal(err)
		}
		test(t)
	})
	t.Run("read by ourselves", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		test(t)
	})
}

// configOf writes an ssh_config that begins with blocks and ends in what every test
// here needs.
func configOf(t *testing.T, known string, blocks ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ssh_config")
	write(t, file, strings.Join(blocks, "\n")+fmt.Sprintf(`
Host *
  UserKnownHostsFile %s
  GlobalKnownHostsFile /dev/null
`, known))
	return file
}

func hostBlock(name, user string, s *rig.SSHD, more ...string) string {
	return fmt.Sprintf("Host %s\n  HostName %s\n  Port %s\n  User %s\n  IdentityFile \"%s\"\n  %s\n",
		name, s.Host, s.Port, user, s.Identity, strings.Join(more, "\n  "))
}

func TestConfigFile(t *testing.T) {
	s := rig.StartSSHD(t)
	user, other := rig.NewAccount(t).Name, rig.NewAccount(t).Name
	file := configOf(t, s.KnownHosts, hostBlock("web", user, s))
	bothWays(t, func(t *testing.T) {
		wantUser(t, mustOpen(t, "ssh://web?ssh_config="+file), user)
		t.Run("the URI wins", func(t *testing.T) {
			wantUser(t, mustOpen(t, "ssh://"+other+"@web?ssh_config="+file), other)
			refusal(t, "ssh://web:1?ssh_config="+file, "127.0.0.1:1 (web)", "refused")
		})
		t.Run("by variable", func(t *testing.T) {
			t.Setenv("HOSTSPEC_SSH_CONFIG", file)
			wantUser(t, mustOpen(t, "ssh://web"), user)
			refusal(t, "ssh://web?ssh_config=none", `no such host: "web"`)
		})
		t.Run("missing", func(t *testing.T) {
			refusal(t, "ssh://web?ssh_config=/no/such/config", "/no/such/config", "no such file")
		})
		t.Run("an included file", func(t *testing.T) {
			outer := filepath.Join(t.TempDir(), "outer")
			write(t, outer, "Include "+file+"\n")
			wantUser(t, mustOpen(t, "ssh://web?ssh_config="+outer), user)
		})
		t.Run("tokens", func(t *testing.T) {
			link := filepath.Join(t.TempDir(), s.Port+"%"+user)
			if err := os.Symlink(s.Identity, link); err != nil {
				t.Fatal(err)
			}
			tokens := configOf(t, s.KnownHosts, fmt.Sprintf("Host web\nHostName %s\nPort %s\nUser %s\nIdentityFile %s/%%p%%%%%%r\n",
				s.Host, s.Port, user, filepath.Dir(link)))
			wantUser(t, mustOpen(t, "ssh://web?ssh_config="+tokens), user)
		})
		t.Run("HostKeyAlias", func(t *testing.T) {
			known := filepath.Join(t.TempDir(), "known")
			write(t, known, s.KnownHostsLine("the-alias:22")+"\n")
			wantUser(t, mustOpen(t, "ssh://web?ssh_config="+configOf(t, known, hostBlock("web", user, s, "HostKeyAlias the-alias"))), user)
			u := refusal(t, "ssh://web?ssh_config="+configOf(t, known, hostBlock("web", user, s, "HostKeyAlias other-alias")), "key is unknown")
			if !strings.Contains(u.Advice, "echo 'other-alias ssh-ed25519 ") {
				t.Error("ssh-keyscan would add another name")
			}
		})
	})
}

// TestMatch is for OpenSSH's client alone, which knows what runs here as whom.
func TestMatch(t *testing.T) {
	s := rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	file := configOf(t, s.KnownHosts,
		"Match originalhost web user "+user+" exec \"test %p = "+s.Port+"\"\n  HostName "+s.Host+"\n  IdentityFile "+s.Identity)
	wantUser(t, mustOpen(t, "ssh://"+user+"@web:"+s.Port+"?ssh_config="+file), user)
	refusal(t, "ssh://root@web:"+s.Port+"?ssh_config="+file, "no such host")
}

func TestBadConfigFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	write(t, file, "Host web\nHostNaem web1\n")
	refusal(t, "ssh://web?ssh_config="+file, "ssh -G", "line 2", "hostnaem")
	t.Setenv("PATH", t.TempDir())
	write(t, file, "Match exec \"true\"\nHostName web1\n")
	refusal(t, "ssh://web?ssh_config="+file, file, "Match", "not installed")
}

func TestProxyJump(t *testing.T) {
	far, near, first := rig.StartSSHD(t), rig.StartSSHD(t), rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	known := filepath.Join(t.TempDir(), "known_hosts")
	write(t, known, read(t, far.KnownHosts)+read(t, near.KnownHosts)+read(t, first.KnownHosts))
	blocks := []string{
		hostBlock("first", user, first), hostBlock("near", user, near),
		hostBlock("far", user, far, "ProxyJump near"),
		hostBlock("chain", user, far, "ProxyJump first,near"),
		hostBlock("nested", user, far, "ProxyJump via-first"),
		hostBlock("via-first", user, near, "ProxyJump first"),
		hostBlock("loop", user, far, "ProxyJump back"), hostBlock("back", user, near, "ProxyJump loop"),
		hostBlock("nobody", user, far, fmt.Sprintf("ProxyJump nobody@%s:%s", near.Host, near.Port)),
	}
	file := configOf(t, known, blocks...)
	bothWays(t, func(t *testing.T) {
		n := near.Connections()
		b := mustOpen(t, "ssh://far?ssh_config="+file)
		wantUser(t, b, user)
		if near.Connections() != n+1 {
			t.Error("it did not go by way of the jump host")
		}
		_ = b.Close()
		n, f := near.Connections(), first.Connections()
		wantUser(t, mustOpen(t, "ssh://chain?ssh_config="+file), user)
		wantUser(t, mustOpen(t, "ssh://nested?ssh_config="+file), user)
		if near.Connections() != n+2 || first.Connections() != f+2 {
			t.Error("it did not go by way of both jump hosts")
		}
		refusal(t, "ssh://loop?ssh_config="+file, "ProxyJump", "loop -> back -> loop")
		refusal(t, "ssh://far:1?ssh_config="+file, "jump host cannot connect", "refused")
		refusal(t, "ssh://nobody?ssh_config="+file, "log in as nobody at "+near.Addr)
	})
	t.Run("each hop is verified", func(t *testing.T) {
		onlyFar := configOf(t, far.KnownHosts, blocks...)
		u := refusal(t, "ssh://far?ssh_config="+onlyFar, "host key of "+near.Addr, near.Fingerprint())
		runAdvice(t, u.Advice)
		onlyNear := configOf(t, near.KnownHosts, blocks...)
		u = refusal(t, "ssh://far?ssh_config="+onlyNear, "host key of "+far.Addr, far.Fingerprint())
		runAdvice(t, u.Advice)
		wantUser(t, mustOpen(t, "ssh://far?ssh_config="+onlyNear), user)
	})
	t.Run("the password is the target's alone", func(t *testing.T) {
		near := rig.StartSSHD(t, rig.Config("PasswordAuthentication yes", "PubkeyAuthentication no"))
		write(t, known, read(t, far.KnownHosts)+read(t, near.KnownHosts))
		t.Setenv("HOSTSPEC_SSH_PASSWORD", "mellon")
		file := configOf(t, known, hostBlock("near", rig.NewAccount(t, rig.Password("mellon")).Name, near), hostBlock("far", user, far, "ProxyJump near"))
		refusal(t, "ssh://far?ssh_config="+file, "is for the target, not for jump hosts")
	})
	t.Run("a jump host that dies", func(t *testing.T) {
		b := mustOpen(t, "ssh://far?ssh_config="+file)
		wantLost(t, b, near.DropConnections)
	})
}

func TestProxyCommand(t *testing.T) {
	s := rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	relay := `bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3; kill %%1'`
	file := configOf(t, s.KnownHosts,
		hostBlock("web", user, s, "ProxyCommand "+relay),
		hostBlock("broken", user, s, "ProxyCommand sh -c 'echo the bastion is closed for %r >&2; exit 3'"),
		hostBlock("mute", user, s, "ProxyCommand sleep 1000"),
		hostBlock("not-ssh", user, s, "ProxyCommand echo 220 mail.example.com ESMTP"),
	)
	t.Run("with ssh -G", func(t *testing.T) {
		wantUser(t, mustOpen(t, "ssh://web?ssh_config="+file), user)
	})
	t.Run("read by ourselves", func(t *testing.T) {
		path := os.Getenv("PATH")
		bin := t.TempDir()
		for _, tool := range []string{"bash", "cat"} {
			found, err := exec.LookPath(tool)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(found, filepath.Join(bin, tool)); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("PATH", bin)
		wantUser(t, mustOpen(t, "ssh://web?ssh_config="+file), user)
		t.Setenv("PATH", path)
	})
	t.Run("by ssh -W", func(t *testing.T) {
		hop := rig.StartSSHD(t)
		file := configOf(t, s.KnownHosts, hostBlock("web", user, s, fmt.Sprintf(
			"ProxyCommand ssh -F none -i %s -o UserKnownHostsFile=%s -p %s -W [%%h]:%%p %s@%s",
			hop.Identity, hop.KnownHosts, hop.Port, user, hop.Host)))
		wantUser(t, mustOpen(t, "ssh://web?ssh_config="+file), user)
		if hop.Connections() != 1 {
			t.Error("it did not go by way of the other host")
		}
	})
	refusal(t, "ssh://broken?ssh_config="+file, "ProxyCommand", "the bastion is closed for "+user, "exit status 3")
	refusal(t, "ssh://mute?connect_timeout=500ms&ssh_config="+file, "no answer within 500ms")
	refusal(t, "ssh://not-ssh?ssh_config="+file, "not an SSH server", "220 mail.example.com")
}
