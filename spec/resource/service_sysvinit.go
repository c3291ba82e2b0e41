package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
)

// sysvinit is asked by the status of the scripts in /etc/init.d, as service(8) runs
// them, and by the links in /etc/rcN.d that start them (update-rc.d(8)).
var sysvinit = scripted("sysvinit", "/etc/init.d/NAME status:", initScript+`
d=$(sed -n 's/^[^#:]*:\([0-9S]\):initdefault:.*/\1/p' /etc/inittab 2>/dev/null)
`, `f=/etc/init.d/$s
for l in /etc/rc[0-6S].d/S[0-9][0-9]"$s" /etc/rc.d/rc[0-6S].d/S[0-9][0-9]"$s"; do
	if [ -e "$l" ] || [ -h "$l" ]; then l=${l%/*}; l=${l##*/rc}; tell level "${l%.d}"; fi
done
if [ "$d" ]; then tell default "$d"; fi
if [ -f "$f" ]; then
	tell script "$f"
	status env -i LC_ALL=C TERM=dumb PATH=/sbin:/usr/sbin:/bin:/usr/bin "$f" status
elif [ -e /etc/init.d ] && [ ! -x /etc/init.d ]; then echo "/etc/init.d may not be read" >&2; exit 1
else m=1; fi
`, `for f in /etc/init.d/*; do tell known "${f##*/}"; done
`, readSysvinit)

func readSysvinit(r fact.ServiceRecord) serviceFact {
	f := serviceFact{
		exists:   r.Has("script"),
		startsAt: sorted(r.Values["level"]),
		levels:   []string{"0", "1", "2", "3", "4", "5", "6"},
		noPID:    "sysvinit knows no PIDs of its services: Process(name).PIDs() does",
	}
	if !f.exists {
		f.startsAt = nil
		return f
	}
	f.running = scriptRuns("sysvinit", r)
	f.enabled = isEnabled(slices.ContainsFunc(f.startsAt, isMultiUser), "sysvinit", sayLevels(f.startsAt, r.First("default")))
	return f
}

// isMultiUser reports whether a machine that is up may be at this run level, or has come
// through it: 0, 1 and 6 are those of going down.
func isMultiUser(level string) bool { return strings.Contains("2345S", level) }

func sayLevels(levels []string, normal string) string {
	if len(levels) == 0 {
		return "no run level starts it"
	}
	text := "run levels " + strings.Join(levels, " ") + " start it"
	if len(levels) == 1 {
		text = "run level " + levels[0] + " starts it"
	}
	if normal != "" && !slices.Contains(levels, normal) && !slices.Contains(levels, "S") {
		text += fmt.Sprintf(", and the default is %s", normal)
	}
	return text
}
