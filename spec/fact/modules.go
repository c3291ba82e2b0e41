package fact

import (
	"fmt"
	"strings"
)

// A Module is a loadable module of the kernel that /proc/modules tells of.
type Module struct {
	// State is Live, Loading or Unloading.
	State string
	// UsedBy are the modules that need it.
	UsedBy []string
}

// ParseModules reads /proc/modules (proc(5)), by ModuleName.
func ParseModules(text []byte) (map[string]Module, error) {
	out := map[string]Module{}
	for line := range strings.Lines(string(text)) {
		// NAME SIZE REFERENCES USERS STATE ADDRESS; USERS end with a comma, or are a dash.
		f := strings.Fields(line)
		if len(f) < 5 {
			return nil, fmt.Errorf("/proc/modules: want NAME SIZE REFERENCES USERS STATE, got %.80q", line)
		}
		m := Module{State: f[4]}
		if users := strings.TrimSuffix(f[3], ","); users != "-" {
			m.UsedBy = strings.Split(users, ",")
		}
		out[ModuleName(f[0])] = m
	}
	return out, nil
}

// ModuleName is the one spelling of a module's name: modprobe(8) takes - and _ for the same.
func ModuleName(name string) string { return strings.ReplaceAll(name, "-", "_") }
