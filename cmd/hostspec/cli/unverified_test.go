package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// TestRun_NotesAHostKeyThatWasNotVerified wants the note once in every format, however
// many packages make a connection.
func TestRun_NotesAHostKeyThatWasNotVerified(t *testing.T) {
	sshd, account := rig.StartSSHD(t), rig.NewAccount(t).Name
	dir := t.TempDir()
	config := filepath.Join(dir, "config")
	block := fmt.Sprintf("Host default\n  HostName %s\n  Port %s\n  User %s\n  IdentityFile %q\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  GlobalKnownHostsFile /dev/null\n",
		sshd.Host, sshd.Port, account, sshd.Identity)
	if err := os.WriteFile(config, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "-t", "ssh://default?ssh_config=" + config, "-f", "documentation"}
	files := map[string]string{}
	for _, name := range []string{"progress", "json", "junit"} {
		files[name] = filepath.Join(dir, name)
		args = append(args, "-f", name+":"+files[name])
	}
	a := hostspec(t, append(args, "./testdata/asroot", "./testdata/good")...).run()
	reports := map[string]string{"documentation": a.stdout}
	for name, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v\n%s", err, a.stderr)
		}
		reports[name] = string(text)
	}
	for name, text := range reports {
		if strings.Count(text, "the host key of "+sshd.Addr+" (default) was not verified") != 1 {
			t.Errorf("%s does not say once what was not verified:\n%s\n%s", name, text, a.stderr)
		}
	}
}
