package resource

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// unitFact is what is known about one unit.
type unitFact struct {
	fact.Unit
	template bool
	// disk is what its unit file says, of which systemd may remember another state.
	disk fact.Enablement
}

const listUnitFiles = `systemctl list-unit-files --no-legend --no-pager --plain --full`

// enablementMark stands before what enablementScript prints.
const enablementMark = "\nENABLEMENT\n"

// enablementScript has systemctl read the states of unit files off the disk, for all
// of "$@" at once. is-enabled stops at a unit that it does not find, so it is asked
// again about those behind it, and it answers about scripts of /etc/init.d before
// all others unless it is kept from doing so: of these the links tell that systemd
// makes units of. fact.ParseEnablement reads the answer.
const enablementScript = `SYSTEMCTL_SKIP_SYSV=1; export SYSTEMCTL_SKIP_SYSV; set -f; n=all
IFS='
'
while [ $# != 0 ]; do
if [ $n = all ]; then o=$(systemctl is-enabled -- "$@" 2>&1); else o=$(systemctl is-enabled -- "$1" 2>&1); fi
case $n$o in all*'not a native service'*) n=one; continue;; esac
e=; left=$#
for l in $o; do
case $l in *' '*) e=$l; continue;; esac
[ $# != 0 ] || exit 1
case $l in
alias) i=$(systemctl show -p Id -- "$1"); echo "state alias $(systemctl is-enabled -- "${i#Id=}" 2>/dev/null)";;
generated) u=${1%.service}; r=
if [ -e "/etc/init.d/$u" ]; then set +f; r=disabled; for f in /etc/rc[2-5].d/S??"$u"; do [ ! -L "$f" ] || r=enabled; done; set -f; fi
echo "state generated $r";;
*) echo "state $l";;
esac
shift
done
if [ $# = 0 ] || { [ $n = one ] && [ $# != $left ]; }; then continue; fi
case $e in *'No such file'*) echo none;; *) echo failed; systemctl is-enabled -- "$1" >/dev/null;; esac
shift
done
`

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
		units := backends.Quote(unitNames(plain.Names)...)
		plain.Show = "systemctl show " + strings.Join(unitNames(plain.Names), " ")
		plain.Script = "set -- " + units + "\nsystemctl show -p " + fact.UnitProperties + ` -- "$@" || exit` +
			"\necho; echo ENABLEMENT\n" + enablementScript + "exit 0"
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
	shown, states, _ := strings.Cut(string(o.Stdout), enablementMark)
	list, err := fact.ParseUnits(strings.NewReader(shown))
	if err != nil {
		return nil, err
	}
	if len(list) != len(q.Names) {
		return nil, fmt.Errorf("systemctl was asked about %d units and told about %d: %s", len(q.Names), len(list), firstWords(o))
	}
	disk, err := fact.ParseEnablement(states, len(q.Names))
	if err != nil {
		return nil, err
	}
	out := map[string]target.Answer[serviceFact]{}
	for i, name := range q.Names {
		f, unit := unitFact{Unit: list[i], disk: disk[i]}, unitName(name)
		if f.ID != unit && !slices.Contains(f.Names, unit) {
			out[name] = target.Answer[serviceFact]{Err: fmt.Errorf("systemctl was asked about %s and told about %s", unit, f.ID)}
			continue
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
				f.LoadState, f.UnitFileState, f.disk.State = "loaded", file.State, file.State
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

// allUnitFiles are all unit files of a target; there is one name, which is empty.
var allUnitFiles = &target.Kind[[]fact.UnitFile]{
	Name: "unit files",
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{Names: names, Script: listUnitFiles}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[[]fact.UnitFile], error) {
		all, err := fact.ParseUnitFiles(bytes.NewReader(o.Stdout))
		return map[string]target.Answer[[]fact.UnitFile]{q.Names[0]: {Fact: all}}, err
	},
}

// hintUnits names units that are near one that does not exist, and those that start
// one that is not enabled.
func (s *Service) hintUnits(l *Look, f serviceFact) {
	switch {
	case !f.exists:
		l.Detail(func(ctx context.Context, v target.View) (found, near string) {
			all, _, err := target.Ask(ctx, v, allUnitFiles, "")
			if err != nil {
				return "", ""
			}
			return "", strings.Join(nearUnits(unitName(s.Name()), all), ", ")
		})
	case f.triggers != nil:
		l.Detail(func(ctx context.Context, v target.View) (found, near string) {
			return "", s.sayTriggers(ctx, v, f.triggers)
		})
	}
}

// sayTriggers tells which units start the service when something happens, and which
// of them are enabled.
func (s *Service) sayTriggers(ctx context.Context, v target.View, units []string) string {
	kind, err := s.kind()
	if err != nil {
		return ""
	}
	var wants []target.Want
	for _, unit := range units {
		wants = append(wants, kind.Of(unit))
	}
	if v, err = v.Together(ctx, wants...); err != nil {
		return ""
	}
	var words []string
	for _, unit := range units {
		f, _, err := target.Ask(ctx, v, kind, unit)
		if err != nil {
			return ""
		}
		state, _, _ := strings.Cut(f.enabled.found, ":")
		words = append(words, fmt.Sprintf("%s (%s)", unit, state))
	}
	return strings.Join(words, ", ") + " starts it when needed"
}

// service is what is known of the unit as a service.
func (f unitFact) service() serviceFact {
	s := serviceFact{init: "systemd", exists: f.exists(), pid: f.MainPID}
	s.running.found = f.say()
	s.running.holds = slices.Contains([]string{"active", "reloading", "refreshing"}, f.ActiveState)
	s.enabled.found = f.sayFile()
	s.enabled.holds = f.disk.Enabled()
	s.masked = aspect{found: s.enabled.found, holds: f.exists() && strings.HasPrefix(f.disk.State, "masked")}
	switch {
	case f.disk.Failed && f.exists():
		s.enabled.err = fmt.Errorf("systemctl is-enabled failed about %s", f.ID)
		s.masked.err = s.enabled.err
	case f.disk.State == "generated" && f.disk.Real != "disabled":
		// Not for a script of /etc/init.d, of which the links on the disk tell.
		s.enabled.holds = len(f.WantedBy) > 0
	case f.disk.State == "bad":
		s.enabled.err = fmt.Errorf("systemd cannot tell: the state of the unit file is \"bad\"; systemctl status %s says more", f.ID)
	}
	if !s.enabled.holds && s.exists {
		s.triggers = f.TriggeredBy
	}
	return s
}

// exists reports whether there is such a unit, be it one that systemd has not read yet.
func (f unitFact) exists() bool { return f.LoadState != "not-found" || f.disk.State != "" }

const noSuchUnit = "no such unit"

// say tells the state of the unit.
func (f unitFact) say() string {
	switch {
	case !f.exists() && f.ActiveState == "inactive":
		return noSuchUnit
	case f.template:
		return "a template, of which only instances run"
	}
	found := fmt.Sprintf("%s (%s)", f.ActiveState, f.SubState)
	if f.MainPID > 0 {
		found += fmt.Sprintf(", PID %d", f.MainPID)
	}
	if f.Result != "" && f.Result != "success" {
		found += ", result " + f.Result
	}
	if f.LoadState != "loaded" {
		found += ", " + f.LoadState
	}
	return f.named(found)
}

// sayFile tells what is known of the unit's file.
func (f unitFact) sayFile() string {
	if !f.exists() {
		return noSuchUnit
	}
	state := f.disk.State
	switch {
	case f.disk.Failed:
		state = "the state of its unit file is not known"
	case state == "" && f.UnitFileState != "":
		state = f.LoadState + ", its unit file is gone"
	case state == "":
		state = f.LoadState + ", without a unit file"
	case state == "alias" && f.disk.Real != "":
		state = f.disk.Real
	}
	if f.LoadState != "loaded" && f.LoadState != state {
		state += ", " + f.LoadState
	}
	if f.template {
		state += " (a template)"
	}
	if why, ok := unitFileStates[f.disk.State]; ok {
		state += ": " + why
	}
	if f.disk.State == "generated" && f.disk.Real != "" && f.disk.Real != "generated" {
		state += ", by its links " + f.disk.Real
	}
	if (f.disk.State == "static" || f.disk.State == "generated") && len(f.WantedBy) > 0 {
		state += ", wanted by " + strings.Join(f.WantedBy, " ")
	}
	if f.disk.State != f.UnitFileState && f.disk.State != "" && f.disk.State != "alias" && f.UnitFileState != "" {
		state += fmt.Sprintf("; systemd remembers %q until it is told to reload", f.UnitFileState)
	}
	return f.named(state)
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
