package resource

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
)

// openrc is asked by rc-service(8), which runs the scripts for their status, and by
// the links in /etc/runlevels. What OpenRC has noted of the processes that it started
// lies below /run/openrc.
var openrc = scripted("openrc", "rc-service NAME status:", initScript+`
command -v rc-service >/dev/null 2>&1 || { echo "rc-service: not found" >&2; exit 127; }
b=; read -r b 2>/dev/null </run/openrc/softlevel
noted() { # a PID, or the file that one is in
	if [ -r "$1" ]; then v=; read -r v <"$1"; if [ "$v" ]; then
		tell pid "$v"; [ -d "/proc/$v" ] || tell gone "$v"
	fi; fi
}
`, `for l in /etc/runlevels/*/"$s" /etc/runlevels/*/*/"$s"; do
	if [ -e "$l" ] || [ -h "$l" ]; then l=${l#/etc/runlevels/}; tell level "${l%%/*}"; fi
done
f=$(rc-service --resolve "$s" 2>/dev/null)
if [ "$f" ]; then
	tell script "$f"
	if [ -e /run/openrc/softlevel ]; then tell booted "$b"; status rc-service "$s" status; fi
	o=/run/openrc/options/$s; p=
	if [ -r "$o/child_pid" ]; then noted "$o/child_pid"
	elif [ -r "$o/pidfile" ]; then read -r p <"$o/pidfile"; noted "$p"; fi
	for l in /etc/runlevels/*; do tell runlevel "${l##*/}"; done
else m=1; fi
`, `for f in /etc/init.d/*; do tell known "${f##*/}"; done
`, readOpenrc)

func readOpenrc(r fact.ServiceRecord) serviceFact {
	f := serviceFact{
		exists:   r.Has("script"),
		startsAt: sorted(r.Values["level"]),
		levels:   r.Values["runlevel"],
		noPID:    "OpenRC has noted no PID of this service",
	}
	if !f.exists {
		return f
	}
	booted := []string{"sysinit", "boot", "default", r.First("booted")}
	in := strings.Join(f.startsAt, ", ")
	if in == "" {
		in = "in no runlevel"
	}
	f.enabled = isEnabled(slices.ContainsFunc(f.startsAt, func(level string) bool { return slices.Contains(booted, level) }), "openrc", in)
	if !r.Has("booted") {
		f.running = aspect{err: errors.New("OpenRC has not booted this system: there is no /run/openrc/softlevel")}
		return f
	}
	f.running = openrcRuns(r)
	if f.running.holds {
		f.pid, _ = strconv.Atoi(r.First("pid"))
	}
	return f
}

// openrcRuns judges the status of a service. The scripts of OpenRC's own kind have
// exit codes beside those of the Linux Standard Base (openrc-run.sh).
func openrcRuns(r fact.ServiceRecord) aspect {
	const stopping, starting, inactive, crashed = 4, 8, 16, 32
	switch r.Exit {
	case stopping:
		return aspect{found: "stopping (openrc)"}
	case starting:
		return aspect{found: "starting (openrc)"}
	case inactive:
		return aspect{found: "inactive (openrc)"}
	case crashed:
		return aspect{found: "crashed (openrc)"}
	}
	a := scriptRuns("openrc", r)
	if a.holds && r.Has("gone") {
		return aspect{found: fmt.Sprintf("crashed (openrc): it was started, and its process %s is gone", r.First("gone"))}
	}
	return a
}
