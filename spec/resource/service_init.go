package resource

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// An initSystem runs services, and is asked about many of them at once.
type initSystem struct {
	name  string // as Under takes it
	check func(name string) error
	ask   func(names []string) []target.Question
	parse func(q target.Question, o target.Output) (map[string]target.Answer[serviceFact], error)
}

// initSystems are those that can be asked.
var initSystems = []*initSystem{systemd, openrc, runit, sysvinit, supervisor, s6}

func initNames() (names []string) {
	for _, i := range initSystems {
		names = append(names, i.name)
	}
	return names
}

// ownServices asks the target's own init system. Which that is, is known when the
// questions are composed, and not before.
var ownServices = &target.Kind[serviceFact]{
	Name:  "service",
	Check: checkUnit,
	Ask: func(sys target.System, names []string) ([]target.Question, error) {
		i, err := initOf(sys)
		if err != nil {
			return nil, err
		}
		return i.ask(names), nil
	},
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[serviceFact], error) {
		i, err := initOf(sys)
		if err != nil {
			return nil, err
		}
		return i.parse(q, o)
	},
}

// namedServices ask each of initSystems by its name, whatever PID 1 is.
var namedServices = func() (kinds []*target.Kind[serviceFact]) {
	for _, i := range initSystems {
		kinds = append(kinds, &target.Kind[serviceFact]{
			Name:  i.name + " service",
			Check: i.check,
			Ask:   func(_ target.System, names []string) ([]target.Question, error) { return i.ask(names), nil },
			Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[serviceFact], error) {
				return i.parse(q, o)
			},
		})
	}
	return kinds
}()

func initOf(sys target.System) (*initSystem, error) {
	for _, i := range initSystems {
		if i.name == sys.Init {
			return i, nil
		}
	}
	return nil, noInit(sys)
}

// checkServiceName says what is wrong with the name of a script, of a service
// directory, or of a program of supervisor.
func checkServiceName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case name[0] == '.' || name[0] == '-' || name != strings.TrimSpace(name):
		return fmt.Errorf("%q is not a valid service name: it begins or ends with what no name does", name)
	}
	for _, r := range name {
		if r == '/' || unicode.IsControl(r) || strings.ContainsRune("*?[]", r) {
			return fmt.Errorf("%q is not a valid service name: %q cannot stand in one (one service is asked for, never a pattern or a path)", name, r)
		}
	}
	return nil
}

// scriptWords are what the scripts below have in common. tell prints a key and a
// value; run runs a tool and prints what it printed, each line behind "out", and how
// it ended. fact.ParseServiceRecords reads both.
const scriptWords = `tell() { printf '%s %s\n' "$1" "$2"; }
run() { o=$("$@" 2>&1 </dev/null); e=$?; printf '%s\n' "$o" | sed 's/^/out /'; tell exit $e; }
cd /
`

// initScript runs a script of /etc/init.d, $f, for its status: $1 and so on are the
// words to do that with. A script without the action "status" is not run, since some
// do their work whatever they are told (/etc/init.d/rc changes the run level). It
// counts as one with the action when it names it, or is read by something that has it.
const initScript = `status() {
	case $s in rc|rc[0-9sS]|rc.local|functions|README) tell inert "$f"; return;; esac
	if [ ! -x "$f" ]; then tell inert "$f"
	elif grep -q -e status -e init-d-script -e openrc-run -e runscript "$f"; then run "$@"
	elif [ -r "$f" ]; then tell inert "$f"
	else tell unreadable "$f"; fi
}
`

// scripted makes an init system that one script asks about all names. before is run
// once, each for every name in $s, and known, to tell which services there are, where
// it has set m because one was not found. read judges a record.
func scripted(name, show, before, each, known string, read func(fact.ServiceRecord) serviceFact) *initSystem {
	return &initSystem{
		name:  name,
		check: checkServiceName,
		ask: func(names []string) []target.Question {
			return []target.Question{{
				Names: names,
				Show:  show + " " + strings.Join(names, " "),
				Script: scriptWords + before + "m=\nfor s in " + backends.Quote(names...) + "; do\ntell service \"$s\"\n" + each +
					"done\nif [ \"$m\" ]; then\n" + known + "fi\n:",
			}}
		},
		parse: func(q target.Question, o target.Output) (map[string]target.Answer[serviceFact], error) {
			if !o.Status.Success() {
				return nil, errors.New(firstWords(o))
			}
			records, known, err := fact.ParseServiceRecords(bytes.NewReader(o.Stdout))
			if err != nil {
				return nil, err
			}
			if len(records) != len(q.Names) {
				return nil, fmt.Errorf("%s was asked about %d services and told about %d: %s", name, len(q.Names), len(records), firstWords(o))
			}
			out := map[string]target.Answer[serviceFact]{}
			for i, r := range records {
				f := read(r)
				f.init, f.masked = name, noMasks(name)
				if !f.exists {
					f.running = noService(name, similar(r.Name, known))
					f.enabled = f.running
				}
				out[q.Names[i]] = target.Answer[serviceFact]{Fact: f}
			}
			return out, nil
		},
	}
}

// noService is each aspect of a service that there is not.
func noService(init string, near []string) aspect {
	return aspect{found: "no such service (" + init + ")", near: strings.Join(near, ", ")}
}

// is makes an aspect whose words are yes or no, the init system, and what more there
// is to say.
func is(holds bool, yes, no, init, more string) aspect {
	text := no
	if holds {
		text = yes
	}
	text += " (" + init + ")"
	if more != "" {
		text += ": " + more
	}
	return aspect{holds: holds, found: text}
}

func isRunning(holds bool, init, more string) aspect {
	return is(holds, "running", "stopped", init, more)
}

func isEnabled(holds bool, init, more string) aspect {
	return is(holds, "enabled", "disabled", init, more)
}

// toolFailed is why a tool that run has run could not tell, or nil where it ended as
// tools do. 126 and 127 are the shell's.
func toolFailed(r fact.ServiceRecord) error {
	if r.Exit == 126 || r.Exit == 127 || r.Exit > 128 {
		return fmt.Errorf("exit %d: %s", r.Exit, strings.TrimSpace(r.Output))
	}
	return nil
}

// scriptRuns judges what status of initScript found.
func scriptRuns(init string, r fact.ServiceRecord) aspect {
	switch {
	case r.Has("unreadable"):
		return aspect{err: fmt.Errorf("%s may not be read, to see whether it can tell its status", r.First("unreadable"))}
	case r.Has("inert"):
		return aspect{err: fmt.Errorf("%s cannot be asked for its status: it has no such action, or may not be executed", r.First("inert"))}
	}
	running, err := fact.InitScriptStatus(r.Exit, r.Output)
	if err != nil {
		return aspect{err: err}
	}
	said, _, _ := strings.Cut(strings.TrimLeft(r.Output, " *\n"), "\n")
	return isRunning(running, init, strings.TrimSpace(said))
}

// sorted are the values without doubles.
func sorted(values []string) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	return slices.Compact(values)
}
