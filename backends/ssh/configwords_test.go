package ssh_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// TestFileNamesWithSpaces has ssh_config name files whose names hold spaces.
func TestFileNamesWithSpaces(t *testing.T) {
	s := rig.StartSSHD(t)
	user := rig.NewAccount(t).Name
	dir := filepath.Join(t.TempDir(), "my files")
	mkdir(t, dir)
	known, other, key := filepath.Join(dir, "known 100%"), filepath.Join(dir, "other"), filepath.Join(dir, "my key")
	write(t, known, s.KnownHostsLine(s.Addr)+"\n")
	write(t, other, "")
	if err := os.Link(s.Identity, key); err != nil {
		t.Fatal(err)
	}
	escaped := filepath.Join(filepath.Dir(dir), `my\ files`)
	web := fmt.Sprintf("Host web\n  HostName %q\n  Port %s\n  User \"%s\"\n  IdentityFile \"%s\"\n", s.Host, s.Port, user, key)
	bothWays(t, func(t *testing.T) {
		for name, lines := range map[string]string{
			"quoted":            "UserKnownHostsFile \"" + dir + "/known 100%%\"",
			"single quotes":     "UserKnownHostsFile '" + dir + "/known 100%%'",
			"escaped":           "UserKnownHostsFile=" + escaped + `/known\ 100%%`,
			"half quoted":       "UserKnownHostsFile " + filepath.Dir(dir) + `/my" "files/known" "100%%`,
			"one of two":        fmt.Sprintf("UserKnownHostsFile %q \"%s/known 100%%%%\"", other, dir),
			"global":            "UserKnownHostsFile none\nGlobalKnownHostsFile \"" + dir + "/known 100%\" # ours",
			"others say else":   "UserKnownHostsFile \"" + dir + "/known 100%%\"\nHost other\nUserKnownHostsFile " + dir + "/other",
			"by variable":       "UserKnownHostsFile ${KNOWN}",
			"an included file":  "Include \"" + filepath.Join(dir, "inc*") + "\"",
			"beside plain name": "UserKnownHostsFile /nowhere \"" + dir + "/known 100%%\"",
		} {
			t.Run(name, func(t *testing.T) {
				t.Setenv("KNOWN", known)
				write(t, filepath.Join(dir, "included"), "UserKnownHostsFile \""+dir+"/known 100%%\"")
				config := filepath.Join(t.TempDir(), "config")
				write(t, config, web+lines+"\n")
				wantUser(t, mustOpen(t, "ssh://web?ssh_config="+config), user)
			})
		}
		t.Run("accept-new", func(t *testing.T) {
			config, fresh := filepath.Join(t.TempDir(), "config"), filepath.Join(filepath.Dir(dir), "my new")
			write(t, config, web+fmt.Sprintf("StrictHostKeyChecking accept-new\nUserKnownHostsFile \"%s/known\"\nGlobalKnownHostsFile /dev/null\n", fresh))
			wantUser(t, mustOpen(t, "ssh://web?ssh_config="+config), user)
			if _, err := os.Stat(filepath.Join(fresh, "known")); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "my")); err == nil {
				t.Error("a file was written that no configuration names")
			}
			_ = os.RemoveAll(fresh)
		})
	})
	t.Run("two readings", func(t *testing.T) {
		config := filepath.Join(t.TempDir(), "config")
		write(t, config, web+fmt.Sprintf("StrictHostKeyChecking accept-new\nUserKnownHostsFile \"%[1]s\"\nHost other\nUserKnownHostsFile %[1]s\n", dir+"/fresh"))
		refusal(t, "ssh://web?ssh_config="+config, "userknownhostsfile", "two readings", "known_hosts=FILE")
		wantUser(t, mustOpen(t, "ssh://web?known_hosts="+url.QueryEscape(other)+"&host_key=accept-new&ssh_config="+config), user)
	})
}
