package resource

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// unitFact is what is known about one unit and which units are near it.
type unitFact struct {
	fact.Unit
	template bool
	near     []string
}

// unitFiles begins what the script of units tells about all unit files.
const unitFiles = "\nUNIT FILES\n"

const listUnitFiles = `systemctl list-unit-files --no-legend --no-pager --plain --full`

// systemd is asked by systemctl(1).
var systemd = &initSystem{name: "systemd", check: checkUnit, ask: askUnits, parse: parseUnits}

func askUnits(names []string) (out []target.Question) {
	// systemctl show stops at the name of a template, which has no state.
	var plain, templates target.Question
	for _, name := range names {
		q := &plain
		if fact.IsTemplate(unitName(name)) {
			q = &templates
		}
		q.Names = append(q.Names, name)
	}
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
	return out
}

func parseUnits(q target.Question, o target.Output) (map[string]target.Answer[serviceFact], error) {
	if fact.IsTemplate(unitName(q.Names[0])) {
		return parseTemplates(q, o)
	}
	if !o.Status.Success() {
		return nil, systemctlFailed(o)
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
	out := map[string]target.Answer[serviceFact]{}
	for i, name := range q.Names {
		f, unit := unitFact{Unit: list[i]}, unitName(name)
		if f.ID != unit && !slices.Contains(f.Names, unit) {
			out[name] = target.Answer[serviceFact]{Err: fmt.Errorf("systemctl was asked about %s and told about %s", unit, f.ID)}
			continue
		}
		if !f.exists() {
			f.near = nearUnits(unit, known)
		}
		out[name] = target.Answer[serviceFact]{Fact: f.service()}
	}
	return out, nil
}

// parseTemplates reads the states of template units, which exit 1 means none of.
func parseTemplates(q target.Question, o target.Output) (map[string]target.Answer[serviceFact], error) {
	if !o.Status.Success() && len(bytes.TrimSpace(o.Stderr)) > 0 {
		return nil, fmt.Errorf("systemctl failed: %s", firstWords(o))
	}
	files, err := fact.ParseUnitFiles(bytes.NewReader(o.Stdout))
	if err != nil {
		return nil, err
	}
	out := map[string]target.Answer[serviceFact]{}
	for _, name := range q.Names {
		f := unitFact{template: true, Unit: fact.Unit{ID: unitName(name), LoadState: "not-found", ActiveState: "inactive", SubState: "dead"}}
		for _, file := range files {
			if file.Name == f.ID {
				f.LoadState, f.UnitFileState = "loaded", file.State
			}
		}
		out[name] = target.Answer[serviceFact]{Fact: f.service()}
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

func systemctlFailed(o target.Output) error {
	return fmt.Errorf("systemctl failed: %s", firstWords(o))
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

// service is what is known of the unit as a service.
func (f unitFact) service() serviceFact {
	s := serviceFact{init: "systemd", exists: f.exists(), pid: f.MainPID}
	s.running.found, s.running.near = f.say()
	s.running.holds = slices.Contains([]string{"active", "reloading", "refreshing"}, f.ActiveState)
	s.enabled.found, s.enabled.near = f.sayFile()
	s.masked = s.enabled
	s.masked.holds = f.exists() && (f.LoadState == "masked" || strings.HasPrefix(f.UnitFileState, "masked"))
	switch f.UnitFileState {
	case "enabled", "enabled-runtime":
		s.enabled.holds = true
	case "generated":
		s.enabled.holds = len(f.WantedBy) > 0
	case "bad":
		s.enabled.err = fmt.Errorf("systemd cannot tell: the state of the unit file is \"bad\"; systemctl status %s says more", f.ID)
	}
	return s
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
