package ssh_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// command finds the indented command in an advice and runs it.
func runAdvice(t *testing.T, advice string) {
	t.Helper()
	for line := range strings.Lines(advice) {
		if command, ok := strings.CutPrefix(line, "  "); ok {
			if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", command, err, out)
			}
			return
		}
	}
	t.Fatalf("no command in %q", advice)
}

func TestUnknownHostKey(t *testing.T) {
	s := rig.StartSSHD(t)
	known := filepath.Join(t.TempDir(), "known hosts")
	uri := s.URI("root", "known_hosts="+known)
	u := refusal(t, uri, "key is unknown", "ssh-ed25519 "+s.Fingerprint(), known, "does not exist",
		"ssh-keyscan -p "+s.Port, "host_key=accept-new")
	var key *xknownhosts.KeyError
	if !errors.As(u, &key) || len(key.Want) != 0 {
		t.Errorf("%v is no KeyError of an unknown key", u)
	}
	if _, err := os.Stat(known); err == nil {
		t.Error("known_hosts was touched")
	}
	runAdvice(t, u.Advice)
	wantUser(t, mustOpen(t, uri), "root")
}

func TestChangedHostKey(t *testing.T) {
	s, other := rig.StartSSHD(t), rig.StartSSHD(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	write(t, known, "# a comment\n"+other.KnownHostsLine(s.Addr)+"\n")
	uri := s.URI("root", "known_hosts="+known)
	// Whatever is said about new keys, a changed one is never accepted.
	for _, u := range []string{uri, s.URI("root", "known_hosts="+known, "host_key=accept-new")} {
		refusal(t, u, "CHANGED", s.Fingerprint(), other.Fingerprint(), known+":2", "ssh-keygen", "-R")
	}
	u := refusal(t, uri)
	var key *xknownhosts.KeyError
	if !errors.As(u, &key) || len(key.Want) != 1 {
		t.Errorf("%v is no KeyError of a changed key", u)
	}
	runAdvice(t, u.Advice)
	wantUser(t, mustOpen(t, uri), "root")
}

func TestHostKeyOfAnotherType(t *testing.T) {
	s := rig.StartSSHD(t)
	rsa := newKey(t, "", "-t", "rsa", "-b", "2048")
	known := filepath.Join(t.TempDir(), "known_hosts")
	write(t, known, "["+s.Host+"]:"+s.Port+" "+read(t, rsa+".pub"))
	refusal(t, s.URI("root", "known_hosts="+known), "CHANGED", s.Fingerprint(), "says ssh-rsa SHA256:")
}

func TestKnownKeyIsPreferred(t *testing.T) {
	rsa := newKey(t, "", "-t", "rsa", "-b", "2048")
	s := rig.StartSSHD(t, rig.Config("HostKey "+rsa))
	known := filepath.Join(t.TempDir(), "known_hosts")
	write(t, known, "["+s.Host+"]:"+s.Port+" "+read(t, rsa+".pub"))
	wantUser(t, mustOpen(t, s.URI("root", "known_hosts="+known)), "root")
}

func TestAcceptNew(t *testing.T) {
	s := rig.StartSSHD(t)
	for name, before := range map[string]string{"no file": "", "a file without a last newline": "# mine"} {
		t.Run(name, func(t *testing.T) {
			known := filepath.Join(t.TempDir(), "deeper", "known_hosts")
			if before != "" {
				mkdir(t, filepath.Dir(known))
				write(t, known, before)
			}
			wantUser(t, mustOpen(t, s.URI("root", "known_hosts="+known, "host_key=accept-new")), "root")
			wantUser(t, mustOpen(t, s.URI("root", "known_hosts="+known, "host_key=strict")), "root")
			if text := read(t, known); before != "" && !strings.HasPrefix(text, before+"\n[127.0.0.1]:") {
				t.Errorf("known_hosts is now %q", text)
			}
			if got := strings.Count(read(t, known), "ssh-ed25519"); got != 1 {
				t.Errorf("the key stands there %d times", got)
			}
		})
	}
	t.Run("by ssh_config", func(t *testing.T) {
		dir := t.TempDir()
		config, known := filepath.Join(dir, "config"), filepath.Join(dir, "known_hosts")
		uri := s.URI("root", "known_hosts=", "ssh_config="+config)
		// Who has switched checking off for the ssh client has not done so for us.
		for _, value := range []string{"no", "ask", "yes"} {
			write(t, config, "Host *\nUserKnownHostsFile "+known+"\nGlobalKnownHostsFile none\nStrictHostKeyChecking "+value+"\n")
			refusal(t, uri, "key is unknown")
		}
		write(t, config, "Host *\nUserKnownHostsFile "+known+"\nGlobalKnownHostsFile none\nStrictHostKeyChecking accept-new\n")
		refusal(t, s.URI("root", "known_hosts=", "ssh_config="+config, "host_key=strict"), "key is unknown")
		wantUser(t, mustOpen(t, uri), "root")
		if !strings.Contains(read(t, known), "ssh-ed25519") {
			t.Error("the key was not added")
		}
	})
}

func TestHashedAndGlobalKnownHosts(t *testing.T) {
	s := rig.StartSSHD(t)
	dir := t.TempDir()
	config, known := filepath.Join(dir, "config"), filepath.Join(dir, "known_hosts")
	write(t, known, s.KnownHostsLine(s.Addr)+"\n")
	keygen(t, "-q", "-H", "-f", known)
	if strings.Contains(read(t, known), "127.0.0.1") {
		t.Fatal("not hashed")
	}
	wantUser(t, mustOpen(t, s.URI("root", "known_hosts="+known)), "root")
	write(t, config, "Host *\nUserKnownHostsFile none\nGlobalKnownHostsFile "+known+"\n")
	wantUser(t, mustOpen(t, s.URI("root", "known_hosts=", "ssh_config="+config)), "root")
}

func TestHostCertificate(t *testing.T) {
	ca, host := newKey(t, ""), newKey(t, "")
	keygen(t, "-q", "-h", "-s", ca, "-I", "the host", "-n", "127.0.0.1", host+".pub")
	s := rig.StartSSHD(t, rig.Config("HostKey "+host, "HostCertificate "+host+"-cert.pub"))
	known := filepath.Join(t.TempDir(), "known_hosts")
	authority := "@cert-authority * " + read(t, ca+".pub")
	t.Run("by the authority", func(t *testing.T) {
		write(t, known, authority)
		wantUser(t, mustOpen(t, s.URI("root", "known_hosts="+known)), "root")
	})
	t.Run("by its key alone", func(t *testing.T) {
		write(t, known, "["+s.Host+"]:"+s.Port+" "+read(t, host+".pub"))
		wantUser(t, mustOpen(t, s.URI("root", "known_hosts="+known)), "root")
	})
	t.Run("of a host that nobody knows", func(t *testing.T) {
		rsa := newKey(t, "", "-t", "rsa", "-b", "2048")
		keygen(t, "-q", "-h", "-s", ca, "-I", "the host", "-n", "127.0.0.1", rsa+".pub")
		s := rig.StartSSHD(t, rig.Config("HostKey "+rsa, "HostCertificate "+rsa+"-cert.pub",
			"HostKeyAlgorithms rsa-sha2-512,rsa-sha2-512-cert-v01@openssh.com"))
		write(t, known, "")
		refusal(t, s.URI("root", "known_hosts="+known), "key is unknown: ssh-rsa SHA256:", "-t rsa")
		wantUser(t, mustOpen(t, s.URI("root", "known_hosts="+known, "host_key=accept-new")), "root")
	})
	t.Run("by another authority", func(t *testing.T) {
		write(t, known, "@cert-authority * "+read(t, newKey(t, "")+".pub"))
		refusal(t, s.URI("root", "known_hosts="+known), "certificate")
	})
	t.Run("of another host", func(t *testing.T) {
		keygen(t, "-q", "-h", "-s", ca, "-I", "another", "-n", "example.com", host+".pub")
		s := rig.StartSSHD(t, rig.Config("HostKey "+host, "HostCertificate "+host+"-cert.pub"))
		write(t, known, authority)
		refusal(t, s.URI("root", "known_hosts="+known), "certificate", "127.0.0.1")
	})
	t.Run("an authority and a plain key", func(t *testing.T) {
		s := rig.StartSSHD(t)
		write(t, known, authority)
		refusal(t, s.URI("root", "known_hosts="+known), "key is unknown", s.Fingerprint())
	})
}

func TestRevokedHostKey(t *testing.T) {
	s := rig.StartSSHD(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	write(t, known, s.KnownHostsLine(s.Addr)+"\n@revoked * "+read(t, s.HostKey+".pub"))
	refusal(t, s.URI("root", "known_hosts="+known, "host_key=accept-new"), "revoked", known+":2")
}

func TestBadKnownHosts(t *testing.T) {
	s := rig.StartSSHD(t)
	known := filepath.Join(t.TempDir(), "known_hosts")
	write(t, known, "this is no line of known_hosts\n")
	refusal(t, s.URI("root", "known_hosts="+known), known+":1")
}
