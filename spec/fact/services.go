package fact

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A ServiceRecord is what a script of ours found out about one service.
type ServiceRecord struct {
	Name   string
	Values map[string][]string // by key, in the order in which they came
	// Output is what the init system's tool printed, and Exit how it ended; -1
	// where it was not asked.
	Output string
	Exit   int
}

// Has reports whether the key came.
func (r ServiceRecord) Has(key string) bool { return len(r.Values[key]) > 0 }

// First is the first value of a key, or empty.
func (r ServiceRecord) First(key string) string {
	if v := r.Values[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// ParseServiceRecords reads what our scripts print about services: lines of a key, a
// space and a value. "service NAME" begins a record; the lines of a tool's output
// stand behind "out", and its exit code behind "exit". Lines of the key "known" name
// services that there are, whichever record they stand in.
func ParseServiceRecords(r io.Reader) (records []ServiceRecord, known []string, err error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		key, value, ok := strings.Cut(s.Text(), " ")
		switch {
		case !ok:
			return nil, nil, fmt.Errorf("services, line %d: want a key and a value, got %.100q", n, s.Text())
		case key == "service":
			records = append(records, ServiceRecord{Name: value, Values: map[string][]string{}, Exit: -1})
			continue
		case key == "known":
			known = append(known, value)
			continue
		case len(records) == 0:
			return nil, nil, fmt.Errorf("services, line %d: %.100q belongs to no service", n, s.Text())
		}
		last := &records[len(records)-1]
		switch key {
		case "out":
			last.Output += value + "\n"
		case "exit":
			if last.Exit, err = strconv.Atoi(value); err != nil || last.Exit < 0 {
				return nil, nil, fmt.Errorf("services, line %d: the exit code is %.100q", n, value)
			}
		default:
			last.Values[key] = append(last.Values[key], value)
		}
	}
	if err := s.Err(); err != nil {
		return nil, nil, fmt.Errorf("services: %w", err)
	}
	return records, known, nil
}

// usage begins the line in which a script says that it has no such action.
var usage = pattern(`(?im)^(\[[^]]*\]|\W)*usage\b`)

// InitScriptStatus reads how a script of /etc/init.d answered to "status", by the
// Linux Standard Base (Init Script Actions): 0 it runs, 1 and 2 it is dead and has
// left a PID or lock file, 3 it does not run. Scripts without that action print
// their usage and exit with anything; that, and each other code, is an error.
func InitScriptStatus(exit int, output string) (running bool, err error) {
	switch {
	case usage().MatchString(output):
		return false, fmt.Errorf("its script has no action \"status\": it printed %.200q and ended with exit %d", firstLine(output), exit)
	case exit == 0:
		return true, nil
	case exit >= 1 && exit <= 3:
		return false, nil
	}
	return false, fmt.Errorf("the status of its script ended with exit %d, which does not tell whether it runs: %.200q", exit, strings.TrimSpace(output))
}

// A Supervised is the state of a service that a process of its own watches.
type Supervised struct {
	State string // as the tool says it: "run", "down", "finish", "up"
	Text  string // the rest: "(pid 72) 5s, paused"
	PID   int    // 0 where none runs
}

// ParseSvStatus reads what "sv status DIR" prints about one service directory
// (sv(8)): the state, the directory as it was given, the time; of its logger the
// same after a semicolon. What begins with "warning" or "fail" is an error: sv could
// not find out.
func ParseSvStatus(text, dir string) (Supervised, error) {
	text = strings.TrimSuffix(text, "\n")
	state, rest, ok := strings.Cut(text, ": "+dir+": ")
	if !ok || strings.Contains(rest, "\n") {
		return Supervised{}, fmt.Errorf("cannot read the answer of sv: %.200q", text)
	}
	switch state {
	case "run", "down", "finish":
		rest, _, _ = strings.Cut(rest, "; ")
		s := Supervised{State: state, Text: rest}
		var err error
		if state != "down" {
			s.PID, err = pidIn(rest)
		}
		return s, err
	}
	return Supervised{}, fmt.Errorf("sv says %s: %s", state, rest)
}

// ParseS6Svstat reads what s6-svstat prints about one service directory: "up (pid 72)
// 5 seconds", "down (exitcode 0) 2 seconds, normally up".
func ParseS6Svstat(text string) (Supervised, error) {
	text = strings.TrimSuffix(text, "\n")
	state, rest, ok := strings.Cut(text, " ")
	if !ok || state != "up" && state != "down" || strings.Contains(rest, "\n") {
		return Supervised{}, fmt.Errorf("cannot read the answer of s6-svstat: %.200q", text)
	}
	s := Supervised{State: state, Text: rest}
	var err error
	if state == "up" {
		s.PID, err = pidIn(rest)
	}
	return s, err
}

// pidIn reads the number at the beginning of "(pid 72) 5s" and "(pid 72 pgid 72) 5
// seconds".
func pidIn(text string) (int, error) {
	rest, ok := strings.CutPrefix(text, "(pid ")
	end := strings.IndexAny(rest, " )")
	if ok && end > 0 {
		if n, err := strconv.ParseUint(rest[:end], 10, 31); err == nil && n > 0 {
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("want a PID in %.200q", text)
}

// A SupervisorProgram is a line of supervisorctl status.
type SupervisorProgram struct {
	Name  string // "web", or "group:web"
	State string // "RUNNING", "STOPPED", "STARTING", "BACKOFF", "STOPPING", "EXITED", "FATAL", "UNKNOWN"
	Text  string // the rest: "pid 19, uptime 0:00:03"
	PID   int
}

var supervisorLine = pattern(`^(\S.*?)\s+(RUNNING|STOPPED|STARTING|BACKOFF|STOPPING|EXITED|FATAL|UNKNOWN)(?:\s+(.*))?$`)

// ParseSupervisorStatus reads what "supervisorctl status" prints about all programs.
// Anything else is an error of supervisorctl's, and is returned as one.
func ParseSupervisorStatus(text string) ([]SupervisorProgram, error) {
	var out []SupervisorProgram
	for line := range strings.Lines(text) {
		m := supervisorLine().FindStringSubmatch(strings.TrimRight(line, " \n"))
		if m == nil {
			return nil, fmt.Errorf("supervisorctl says: %.200s", strings.TrimSpace(text))
		}
		p := SupervisorProgram{Name: m[1], State: m[2], Text: m[3]}
		if p.State == "RUNNING" {
			number, _, _ := strings.Cut(strings.TrimPrefix(p.Text, "pid "), ",")
			n, err := strconv.ParseUint(number, 10, 31)
			if err != nil {
				return nil, fmt.Errorf("supervisorctl tells no PID of %s: %.200q", p.Name, p.Text)
			}
			p.PID = int(n)
		}
		out = append(out, p)
	}
	return out, nil
}

var availLine = pattern(`^(\S.*?)\s+(in use|avail)\s+(auto|manual)\s+\S+$`)

// ParseSupervisorAvail reads what "supervisorctl avail" prints about all programs of
// the configuration: whether each is started with supervisord.
func ParseSupervisorAvail(text string) (autostart map[string]bool, err error) {
	autostart = map[string]bool{}
	for line := range strings.Lines(text) {
		m := availLine().FindStringSubmatch(strings.TrimRight(line, " \n"))
		if m == nil {
			return nil, fmt.Errorf("supervisorctl says: %.200s", strings.TrimSpace(text))
		}
		autostart[m[1]] = m[3] == "auto"
	}
	return autostart, nil
}
