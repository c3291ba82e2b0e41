package resource

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"testing"
)

// TestSocketScript_AsksSSWhereItKnowsMore in a network of its own, in which nothing
// listens but what the test starts there.
func TestSocketScript_AsksSSWhereItKnowsMore(t *testing.T) {
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
			out, err := exec.Command("sh", "-c", socketScript).Output()
			if err != nil {
				t.Fatal(err)
			}
			tables, rest, _ := bytes.Cut(out, []byte("\nSS\n"))
			ss, _, ok := bytes.Cut(rest, []byte("\nOWNERS\n"))
			if asked := bytes.Contains(ss, []byte("Netid")); !ok || asked != c.asked {
				t.Errorf("whether ss was asked: %v\n%s", asked, out)
			}
			if listens := bytes.Contains(tables, []byte(":1B5F ")); listens != (c.network != "") {
				t.Errorf("whether it printed the listener: %v\n%s", listens, out)
			}
		})
	}
}
