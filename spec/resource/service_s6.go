package resource

import (
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
)

// s6 is asked by s6-svstat about the service directories that s6-svscan watches. Which
// those are stands in the arguments of PID 1 where it is s6-svscan; else it is one of
// the usual ones, told by what s6-svscan keeps in it. The long-running services of
// s6-rc stand there, too.
var s6 = scripted("s6", "s6-svstat", `
d=; p=; read -r p 2>/dev/null </proc/1/comm
if [ "$p" = s6-svscan ]; then d=$(tr '\0' '\n' </proc/1/cmdline | sed -n '$p'); fi
[ -d "$d/.s6-svscan" ] || for d in /run/service /run/s6/services /var/run/s6/services /etc/s6/service /service; do [ -d "$d/.s6-svscan" ] && break; done
[ -d "$d/.s6-svscan" ] || { echo "no s6-svscan is found: none watches /run/service, /run/s6/services, /var/run/s6/services, /etc/s6/service or /service" >&2; exit 1; }
`, `f=$d/$s
tell watched "$d"
if [ -d "$f" ]; then
	tell link "$f"
	l=$(readlink "$f"); if [ "$l" ]; then tell target "$l"; fi
	if [ ! -x "$f" ]; then tell hidden "$f"; elif [ -e "$f/down" ]; then tell down "$f/down"; fi
	run s6-svstat "$f"
else m=1; fi
`, `for f in "$d"/*; do if [ -d "$f" ]; then tell known "${f##*/}"; fi; done
`, readS6)

func readS6(r fact.ServiceRecord) serviceFact {
	f := serviceFact{exists: r.Has("link"), enabled: watched("s6", r)}
	if !f.exists {
		return f
	}
	if to := r.First("target"); strings.Contains(to, "/servicedirs/") {
		// Each of s6-rc's has a file "down": s6-rc itself starts them.
		f.enabled = aspect{err: fmt.Errorf("s6-rc starts this service (it is %s), and in which of its bundles it is could not be told", to)}
	}
	if err := toolFailed(r); err != nil {
		f.running.err = err
		return f
	}
	s, err := fact.ParseS6Svstat(r.Output)
	if err != nil {
		f.running.err = err
		return f
	}
	f.pid = s.PID
	f.running = isRunning(s.State == "up", "s6", s.State+" "+s.Text)
	return f
}
