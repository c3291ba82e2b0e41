package resource

import (
	"fmt"
	"path"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
)

// runit is asked by sv(8). Services lie in /etc/sv, and those of them that are to run
// stand in the directory that runsvdir(8) watches, where each distribution has its own.
var runit = scripted("runit", "sv status", `
d=${SVDIR:-}
[ "$d" ] || for d in /etc/service /var/service /run/runit/service /service; do [ -d "$d" ] && break; done
[ -d "$d" ] || { echo "no directory of runit's is found: there is none of /etc/service, /var/service, /run/runit/service, /service" >&2; exit 1; }
`, `f=
for l in /etc/sv /etc/runit/sv; do if [ -d "$l/$s" ]; then f=$l/$s; tell script "$f"; break; fi; done
tell watched "$d"
if [ -d "$d/$s" ]; then
	f=$d/$s; tell link "$f"
	if [ ! -x "$f" ]; then tell hidden "$f"; elif [ -e "$f/down" ]; then tell down "$f/down"; fi
fi
if [ "$f" ]; then tell asked "$f"; run sv status "$f"; else m=1; fi
`, `for f in "$d"/* /etc/sv/* /etc/runit/sv/*; do if [ -d "$f" ]; then tell known "${f##*/}"; fi; done
`, readRunit)

func readRunit(r fact.ServiceRecord) serviceFact {
	f := serviceFact{exists: r.Has("link") || r.Has("script"), enabled: watched("runit", r)}
	if !f.exists {
		return f
	}
	if err := toolFailed(r); err != nil {
		f.running.err = err
		return f
	}
	s, err := fact.ParseSvStatus(r.Output, r.First("asked"))
	switch {
	case err == nil:
		f.pid = s.PID
		f.running = isRunning(s.State == "run", "runit", s.State+" "+s.Text)
	case !r.Has("link") && (strings.Contains(r.Output, "file does not exist") || strings.Contains(r.Output, "runsv not running")):
		f.running = isRunning(false, "runit", "it is not in "+r.First("watched"))
	default:
		f.running.err = fmt.Errorf("%w (who is not root may not see it, and a new service is seen after five seconds)", err)
	}
	return f
}

// watched judges a service directory as runit and s6 do: it is to run where it stands
// in the directory that is watched, unless a file "down" is in it.
func watched(init string, r fact.ServiceRecord) aspect {
	switch {
	case r.Has("hidden"):
		return aspect{err: fmt.Errorf("%s may not be looked into, to see whether a file \"down\" is there", r.First("hidden"))}
	case r.Has("down"):
		return isEnabled(false, init, "there is "+r.First("down"))
	case r.Has("link"):
		return isEnabled(true, init, "it is in "+path.Dir(r.First("link")))
	}
	return isEnabled(false, init, "it is not in "+r.First("watched"))
}
