package resource

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// supervisor is asked by supervisorctl, once for the state of all programs and once
// for their configuration. Where PID 1 is supervisord, supervisorctl is given the same
// configuration file.
var supervisor = &initSystem{
	name:  "supervisor",
	check: checkServiceName,
	ask: func(names []string) []target.Question {
		return []target.Question{{Names: names, Show: "supervisorctl status", Script: scriptWords + askSupervisor}}
	},
	parse: parseSupervisor,
}

const askSupervisor = `p=; set --; read -r p 2>/dev/null </proc/1/comm
if [ "$p" = supervisord ]; then
	set -f; IFS='
'
	for w in $(tr '\0' '\n' </proc/1/cmdline); do
		case $p in -c|-nc|--configuration) set -- -c "$w";; esac
		case $w in --configuration=*) set -- -c "${w#*=}";; esac
		p=$w
	done
	unset IFS
fi
tell service status; run supervisorctl "$@" status
tell service avail; run supervisorctl "$@" avail
`

func parseSupervisor(q target.Question, o target.Output) (map[string]target.Answer[serviceFact], error) {
	records, _, err := fact.ParseServiceRecords(bytes.NewReader(o.Stdout))
	if err != nil {
		return nil, err
	}
	if len(records) != 2 {
		return nil, fmt.Errorf("supervisorctl was not asked: %s", firstWords(o))
	}
	status, avail := records[0], records[1]
	if err := toolFailed(status); err != nil {
		return nil, err
	}
	programs, err := fact.ParseSupervisorStatus(strings.TrimSpace(status.Output))
	if err != nil {
		return nil, err
	}
	autostart, availErr := fact.ParseSupervisorAvail(strings.TrimSpace(avail.Output))
	out := map[string]target.Answer[serviceFact]{}
	for _, name := range q.Names {
		out[name] = target.Answer[serviceFact]{Fact: supervised(name, programs, autostart, availErr)}
	}
	return out, nil
}

func supervised(name string, programs []fact.SupervisorProgram, autostart map[string]bool, availErr error) serviceFact {
	const init = "supervisor"
	f := serviceFact{init: init, masked: noMasks(init)}
	var known []string
	for _, p := range programs {
		known = append(known, p.Name)
		if p.Name != name {
			continue
		}
		f.exists, f.pid = true, p.PID
		f.running = isRunning(p.State == "RUNNING", init, strings.TrimSpace(p.State+" "+p.Text))
		if p.State == "UNKNOWN" {
			f.running.err = errors.New("supervisor itself does not know: the state is UNKNOWN")
		}
	}
	if !f.exists {
		f.running = noService(init, similar(name, known))
		f.enabled = f.running
		return f
	}
	auto, ok := autostart[name]
	switch {
	case availErr != nil:
		f.enabled = aspect{err: availErr}
	case !ok:
		f.enabled = aspect{err: errors.New("supervisor runs this program, and its configuration does not have it any more")}
	default:
		f.enabled = isEnabled(auto, init, fmt.Sprintf("autostart=%v", auto))
	}
	return f
}
