package target

import (
	"os/user"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

func TestInitOf(t *testing.T) {
	for _, c := range []struct {
		pid1  string
		files []string
		want  string
	}{
		{"systemd", []string{"/run/systemd/system/", "/run/initctl"}, "systemd"}, // systemd makes an initctl, too
		{"init", []string{"/run/systemd/system/"}, "systemd"},
		{"init", []string{"/run/openrc/softlevel", "/run/initctl"}, "openrc"}, // sysvinit starts OpenRC
		{"openrc-init", []string{"/run/openrc/softlevel"}, "openrc"},
		{"runit", nil, "runit"},
		{"runsvdir", nil, "runit"},
		{"s6-svscan", nil, "s6"},
		{"supervisord", nil, "supervisor"},
		{"init", []string{"/run/initctl"}, "sysvinit"},
		{"init", []string{"/dev/initctl"}, "sysvinit"},
		{"init", nil, ""},                       // busybox's, upstart's
		{"sleep", []string{"/run/initctl"}, ""}, // left in an image
		{"nginx", nil, ""},
		{"", nil, ""},
	} {
		if got := initOf(c.pid1, c.files); got != c.want {
			t.Errorf("%s %v: got %q, want %q", c.pid1, c.files, got, c.want)
		}
	}
}

func TestTarget_TellsWhatBootedIt(t *testing.T) {
	for init, pid1 := range map[string]string{"sysvinit": "init", "openrc": "openrc-init", "runit": "runit"} {
		t.Run(init, func(t *testing.T) {
			g := NewWithT(t)
			m := rig.StartMachine(t, rig.WithInit(init))
			for _, user := range []string{"root", "deploy", "in-fish", "in-tcsh"} {
				sys, err := open(t, m.URI(user)).System(t.Context())
				g.Expect(err).NotTo(HaveOccurred(), user)
				g.Expect(sys.Init).To(Equal(init), user)
				g.Expect(sys.PID1).To(Equal(pid1), user)
			}
		})
	}
}

// TestAskUID is put to every sh, where the kernel tells and where it does not.
func TestAskUID(t *testing.T) {
	man, err := user.Lookup("man") // whose group has another number
	if err != nil {
		t.Fatal(err)
	}
	for name := range testedShells {
		for where, script := range map[string]string{
			"/proc": strings.ReplaceAll(askUID, "id -u", "false"), "id": strings.ReplaceAll(askUID, "/proc/self/status", "/nowhere"),
		} {
			t.Run(name+" by "+where, func(t *testing.T) {
				g := NewWithT(t)
				s, o, err := openShell(t.Context(), &elevated{backend: withShell(t, name), user: man.Username}, script)
				g.Expect(err).NotTo(HaveOccurred())
				defer s.close()
				g.Expect(string(o.Stdout)).To(Equal(man.Uid + "\n"))
			})
		}
	}
}
