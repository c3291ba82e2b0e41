package backends_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
)

// AddToPath adds once what may be missing, in each sh.
func TestAddToPath(t *testing.T) {
	const sbin = "/usr/local/sbin:/usr/sbin:/sbin"
	for _, sh := range [][]string{{"dash"}, {"bash", "--posix"}, {"busybox", "sh"}, {"mksh"}, {"ksh93"}} {
		for path, want := range map[string]string{
			"/usr/bin:/bin":            "/usr/bin:/bin:" + sbin,
			"/usr/bin:/bin:" + sbin:    "/usr/bin:/bin:" + sbin,
			"/sbin:/bin":               "/sbin:/bin:" + sbin,
			"/bin:/x" + sbin:           "/bin:/x" + sbin + ":" + sbin,
			"/bin:" + sbin + ":/games": "/bin:" + sbin + ":/games:" + sbin,
		} {
			name, err := exec.LookPath(sh[0])
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(name, append(sh[1:], "-c", backends.AddToPath+backends.AddToPath+`echo "$PATH"`)...)
			cmd.Env = []string{"PATH=" + path}
			out, err := cmd.Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != want {
				t.Errorf("%v, %s: expected %s, found %s, %v", sh, path, want, got, err)
			}
		}
	}
}
