package resource

import (
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/spec/target"
)

// TestV6OnlyScript_AsksSSWhereItKnowsMore in a network of its own, in which nothing
// listens but what the test starts there.
func TestV6OnlyScript_AsksSSWhereItKnowsMore(t *testing.T) {
	const apart = "HOSTSPEC_TEST_OWN_NETWORK"
	if os.Getenv(apart) == "" {
		cmd := exec.Command("unshare", "-n", os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), apart+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, c := range map[string]struct {
		network, address string
		asked            bool
	}{
		"nothing": {}, "IPv4": {"tcp4", "0.0.0.0:7007", false}, "one of IPv6": {"tcp6", "[::1]:7007", false}, "all of IPv6": {"tcp6", "[::]:7007", true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.network != "" {
				l, err := net.Listen(c.network, c.address)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
			}
			out, err := exec.Command("sh", "-c", v6onlyScript).Output()
			if err != nil {
				t.Fatal(err)
			}
			if asked := strings.Contains(string(out), "Netid"); asked != c.asked {
				t.Errorf("whether ss was asked: %v\n%s", asked, out)
			}
		})
	}
}

// A table is that of a protocol that is off only where it is told to be missing.
func TestParseSockets_TellsMissingTablesFromHiddenOnes(t *testing.T) {
	tables := ""
	for _, protocol := range protocols {
		tables += "/proc/net/" + protocol + ":  sl  local_address\n"
	}
	without := func(protocol string) string {
		return strings.ReplaceAll(tables, "/proc/net/"+protocol+":  sl  local_address\n", "")
	}
	for name, c := range map[string]struct {
		stdout, stderr string
		ok             bool
	}{
		"all":            {tables, "", true},
		"IPv6 is off":    {"/proc/net/tcp:  sl\n/proc/net/udp:  sl\n", "grep: /proc/net/tcp6: No such file or directory\ngrep: /proc/net/udp6: No such file or directory\n", true},
		"no tcp":         {without("tcp"), "grep: /proc/net/tcp: No such file or directory\n", false},
		"a hidden one":   {without("tcp6"), "grep: /proc/net/tcp6: Permission denied\n", false},
		"an unread one":  {tables, "grep: /proc/net/tcp: Input/output error\n", false},
		"one in silence": {without("udp6"), "", false},
		"all in silence": {"", "", false},
		"another file":   {tables, "grep: /proc/net/raw: No such file or directory\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSockets(binary.LittleEndian, target.Output{Stdout: []byte(c.stdout), Stderr: []byte(c.stderr)})
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
