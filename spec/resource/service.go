package resource

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A Service is a unit of systemd, by its name: a bare name is that of a service,
// so that "nginx" is nginx.service, and "docker.socket" is what it says. An alias
// answers with the unit it stands for.
type Service struct {
	Base[Service]
	init string
}

// NewService makes a Service.
func NewService(a Asker, name string) *Service {
	s := &Service{}
	s.Base = New(a, "Service", name, s)
	return s
}

// Under names the init system to be asked. Only "systemd" is supported so far;
// without a chain it is the target's own.
func (s *Service) Under(init string) *Service {
	return s.Derive(func(c *Service) { c.init = init })
}

// unitFact is what is known about one unit and which units are near it.
type unitFact struct {
	fact.Unit
	template bool
	near     []string
}

// unitFiles begins what the script of units tells about all unit files.
const unitFiles = "\nUNIT FILES\n"

const listUnitFiles = `systemctl list-unit-files --no-legend --no-pager --plain --full`

var units = &target.Kind[unitFact]{
	Name:  "service",
	Check: checkUnit,
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		// systemctl show stops at the name of a template, which has no state.
		var plain, templates target.Question
		for _, name := range names {
			q := &plain
			if fact.IsTemplate(unitName(name)) {
				q = &templates
			}
			q.Names = append(q.Names, name)
		}
		var out []target.Question
		if len(plain.Names) > 0 {
			show := "systemctl show -p " + fact.UnitProperties + " -- " + backends.Quote(unitNames(plain.Names)...)
			plain.Show = "systemctl show " + strings.Join(unitNames(plain.Names), " ")
			// All unit files, only where one was not found, to tell what is near it.
			plain.Script = "u=$(" + show + "); s=$?; printf '%s\\n' \"$u\"; " +
				"case $u in *LoadState=not-found*) echo; echo 'UNIT FILES'; " + listUnitFiles + ";; esac; exit $s"
			out = append(out, plain)
		}
		if len(templates.Names) > 0 {
			templates.Script = listUnitFiles + " -- " + backends.Quote(unitNames(templates.Names)...)
			templates.Show = "systemctl list-unit-files " + strings.Join(unitNames(templates.Names), " ")
			out = append(out, templates)
		}
		return out, nil
	},
	Parse: func(sys target.System, q target.Question, o target.Output) (map[string]target.Answer[unitFact], error) {
		if fact.IsTemplate(unitName(q.Names[0])) {
			return parseTemplates(q, o)
		}
		if !o.Status.Success() {
			return nil, systemctlFailed(sys, o)
		}
		shown, files, _ := bytes.Cut(o.Stdout, []byte(unitFiles))
		list, err := fact.ParseUnits(bytes.NewReader(shown))
		if err != nil {
			return nil, err
		}
		if len(list) != len(q.Names) {
			return nil, fmt.Errorf("systemctl was asked about %d units and told about %d: %s", len(q.Names), len(list), firstWords(o))
		}
		known, err := fact.ParseUnitFiles(bytes.NewReader(files))
		if err != nil {
			return nil, err
		}
		out := map[string]target.Answer[unitFact]{}
		for i, name := range q.Names {
			a := target.Answer[unitFact]{Fact: unitFact{Unit: list[i]}}
			unit := unitName(name)
			if list[i].ID != unit && !slices.Contains(list[i].Names, unit) {
				a.Err = fmt.Errorf("systemctl was asked about %s and told about %s", unit, list[i].ID)
			}
			if list[i].LoadState == "not-found" {
				a.Fact.near = nearUnits(unit, known)
			}
			out[name] = a
		}
		return out, nil
	},
}

// parseTemplates reads the states of template units, which exit 1 means none of.
func parseTemplates(q target.Question, o target.Output) (map[string]target.Answer[unitFact], error) {
	if !o.Status.Success() && len(bytes.TrimSpace(o.Stderr)) > 0 {
		return nil, fmt.Errorf("systemctl failed: %s", firstWords(o))
	}
	files, err := fact.ParseUnitFiles(bytes.NewReader(o.Stdout))
	if err != nil {
		return nil, err
	}
	out := map[string]target.Answer[unitFact]{}
	for _, name := range q.Names {
		f := unitFact{template: true, Unit: fact.Unit{ID: unitName(name), LoadState: "not-found", ActiveState: "inactive", SubState: "dead"}}
		for _, file := range files {
			if file.Name == f.ID {
				f.LoadState, f.UnitFileState = "loaded", file.State
			}
		}
		out[name] = target.Answer[unitFact]{Fact: f}
	}
	return out, nil
}

func checkUnit(name string) error {
	_, err := fact.UnitName(name)
	return err
}

// unitName is the unit that a checked name means.
func unitName(name string) string {
	unit, _ := fact.UnitName(name)
	return unit
}

func unitNames(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = unitName(name)
	}
	return out
}

func systemctlFailed(sys target.System, o target.Output) error {
	if sys.Init != "systemd" {
		return fmt.Errorf("the init system of this target is not systemd, and no other is supported yet: %s", firstWords(o))
	}
	return fmt.Errorf("systemctl failed: %s", firstWords(o))
}

// firstWords is what a failed tool said, shortened.
func firstWords(o target.Output) string {
	text := strings.TrimSpace(string(o.Stderr))
	if text == "" {
		text = o.Status.String()
	}
	return evidence.Excerpt(strings.ReplaceAll(text, "\n", " "), 200)
}

// nearUnits are the units of the same type whose names are near.
func nearUnits(unit string, known []fact.UnitFile) []string {
	dot := strings.LastIndexByte(unit, '.')
	var names []string
	for _, f := range known {
		if bare, ok := strings.CutSuffix(f.Name, unit[dot:]); ok {
			names = append(names, bare)
		}
	}
	near := similar(unit[:dot], names)
	for i := range near {
		near[i] += unit[dot:]
	}
	return near
}

func (f unitFact) exists() bool { return f.LoadState != "not-found" }

func (f unitFact) missing() (found, near string) { return "no such unit", strings.Join(f.near, ", ") }

// say tells the state of the unit.
func (f unitFact) say() (found, near string) {
	switch {
	case !f.exists() && f.ActiveState == "inactive":
		return f.missing()
	case f.template:
		return "a template, of which only instances run", ""
	}
	found = fmt.Sprintf("%s (%s)", f.ActiveState, f.SubState)
	if f.MainPID > 0 {
		found += fmt.Sprintf(", PID %d", f.MainPID)
	}
	if f.Result != "" && f.Result != "success" {
		found += ", result " + f.Result
	}
	if f.LoadState != "loaded" {
		found += ", " + f.LoadState
	}
	return f.named(found), ""
}

// sayFile tells what is known of the unit's file.
func (f unitFact) sayFile() (found, near string) {
	if !f.exists() {
		return f.missing()
	}
	state := f.UnitFileState
	if state == "" {
		state = f.LoadState + ", without a unit file"
	} else if f.LoadState != "loaded" && f.LoadState != state {
		state += ", " + f.LoadState
	}
	if f.template {
		state += " (a template)"
	}
	if why, ok := unitFileStates[f.UnitFileState]; ok {
		state += ": " + why
	}
	if (f.UnitFileState == "static" || f.UnitFileState == "generated") && len(f.WantedBy) > 0 {
		state += ", wanted by " + strings.Join(f.WantedBy, " ")
	}
	return f.named(state), ""
}

// unitFileStates are the states of unit files that need a word (systemctl(1),
// is-enabled).
var unitFileStates = map[string]string{
	"static":          "it has no [Install] section and starts only when something else wants it",
	"indirect":        "it is not enabled itself, other units or instances may be",
	"linked":          "its file lies elsewhere and is not enabled",
	"linked-runtime":  "its file lies elsewhere and is not enabled",
	"generated":       "made by a generator, for a script of /etc/init.d for instance",
	"transient":       "made while the system runs",
	"enabled-runtime": "until the next boot",
	"masked-runtime":  "until the next boot",
}

// named adds the unit's real name where an alias was asked for.
func (f unitFact) named(text string) string {
	if len(f.Names) > 1 {
		return f.ID + ": " + text
	}
	return text
}

func (s *Service) fact(question string, say func(unitFact) (found, near string)) (unitFact, error) {
	if err := s.checkInit(); err != nil {
		return unitFact{}, s.refuse(question, err)
	}
	return Ask(&s.Base, question, units, s.Name(), say)
}

func (s *Service) checkInit() error {
	if s.init == "" {
		return nil
	}
	return checkWord("init system", s.init, []string{"systemd"}, []string{"openrc", "runit", "sysvinit", "supervisor", "s6"})
}

// Installed tells whether the unit exists, be it masked or broken.
func (s *Service) Installed() (bool, error) {
	f, err := s.fact("Installed", unitFact.sayFile)
	return err == nil && f.exists(), err
}

// Enabled tells whether the unit's own enablement starts it: its state, as
// systemctl is-enabled says it, is enabled or enabled-runtime, or it was generated
// and something wants it (a script of /etc/init.d with links in /etc/rc?.d). An
// alias counts as the unit it stands for. A static or indirect unit is not
// enabled: it starts when something else wants it, although systemctl is-enabled
// exits 0 for it too.
func (s *Service) Enabled() (bool, error) {
	f, err := s.fact("Enabled", unitFact.sayFile)
	if err != nil {
		return false, err
	}
	switch f.UnitFileState {
	case "enabled", "enabled-runtime":
		return true, nil
	case "generated":
		return len(f.WantedBy) > 0, nil
	case "bad":
		return false, s.unknown("Enabled", "systemd cannot tell: the state of the unit file is \"bad\"", "systemctl status "+f.ID+" says more")
	}
	return false, nil
}

// EnabledAtLevel is an error: systemd has no run levels.
func (s *Service) EnabledAtLevel(level int) (bool, error) {
	const question = "EnabledAtLevel"
	if err := s.checkInit(); err != nil {
		return false, s.refuse(question, err)
	}
	return false, s.refuse(question, fmt.Errorf("run level %d means nothing here: levels are those of sysvinit, and systemd has none", level))
}

// Running tells whether the unit is active, as systemctl is-active does: active
// or reloading. A oneshot service that stays active after its end counts; one that
// is just starting, stopping, or has failed does not.
func (s *Service) Running() (bool, error) {
	f, err := s.fact("Running", unitFact.say)
	if err != nil {
		return false, err
	}
	return slices.Contains([]string{"active", "reloading", "refreshing"}, f.ActiveState), nil
}

// Masked tells whether the unit is masked, for good or until the next boot.
func (s *Service) Masked() (bool, error) {
	f, err := s.fact("Masked", unitFact.sayFile)
	if err != nil {
		return false, err
	}
	return f.exists() && (f.LoadState == "masked" || strings.HasPrefix(f.UnitFileState, "masked")), nil
}

// PID is the service's main process. A unit that has none, since it does not run
// or since it is active without a process, is an error.
func (s *Service) PID() (int, error) {
	f, err := s.fact("PID", unitFact.say)
	switch {
	case err != nil:
		return 0, err
	case !f.exists() && f.MainPID == 0:
		return 0, s.missing("PID")
	case f.MainPID == 0:
		return 0, &evidence.Missing{Evidence: s.Explain("PID"), What: "the main process of " + s.String()}
	}
	return f.MainPID, nil
}
