package resource

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// The units of systemd: services, timers and sockets.
var _ = catalogue.Add(&catalogue.Kind{
	Name: "service", Rank: 20,
	All: &catalogue.Listing{Name: "services", Script: listServices, Read: readServices},
	Noise: []catalogue.Noise{
		{Name: "user{,-runtime-dir}@*.service", Why: "somebody is logged in, perhaps we are"},
		{Name: "ssh{,d}@*:*-*:*.service", Why: "a connection, perhaps ours"},
		{Name: "run-*", Why: "a passing unit of systemd-run"},
	},
	Resource: "Service",
	Canonical: func(r evidence.Resource, init string) evidence.Resource {
		if !strings.Contains(r.Name, ".") {
			r.Name += ".service"
		}
		if r.Via == init {
			r.Via = ""
		}
		return r
	},
	Spec: serviceSpec,
	Absent: func(name string) string {
		return fmt.Sprintf("Service(%q).ShouldNot(BeInstalled())", strings.TrimSuffix(name, ".service"))
	},
})

// otherInits are first processes that run services in a way that is not known here.
var otherInits = []string{"init", "systemd", "dinit", "procd", "upstart"}

// listServices asks systemd for what is enabled and what runs.
func listServices(mark string) string {
	return fmt.Sprintf(`if ! [ -d /run/systemd/system ]; then p=; read -r p </proc/1/comm; echo; echo "%[1]s none"; echo "$p"; exit 0; fi
systemctl list-unit-files --type=service,timer,socket --no-legend --no-pager --plain --full || exit
echo; echo "%[1]s states"
systemctl show --no-pager -p %[2]s -- '*.service' '*.timer' '*.socket'`, mark, fact.UnitStateProperties)
}

func readServices(sys target.System, o target.Output, parts map[string]string) ([]catalogue.Fact, error) {
	if !o.Status.Success() {
		return nil, errors.New(firstWords(o))
	}
	if first, ok := parts["none"]; ok {
		first = strings.TrimSpace(first)
		switch {
		case sys.Init != "":
			return nil, fmt.Errorf("the services of %s cannot be listed: only those of systemd can", sys.Init)
		case first == "" || slices.Contains(otherInits, first):
			return nil, fmt.Errorf("only the services of systemd can be listed, and the first process is %q", first)
		}
		return []catalogue.Fact{catalogue.None("service", "no init system runs here: the first process is "+first)}, nil
	}
	states, ok := parts["states"]
	if !ok {
		return nil, errors.New("the list of units is not whole")
	}
	return unitFacts(parts[""], states)
}

// unitFacts joins what stands in unit files with what is loaded. systemd forgets at
// any time what has no file, is not enabled and does not run, so that is left out;
// and other names of a unit are not units.
func unitFacts(files, states string) ([]catalogue.Fact, error) {
	list, err := fact.ParseUnitFiles(strings.NewReader(files))
	if err != nil {
		return nil, err
	}
	loaded, err := fact.ParseUnitStates(strings.NewReader(states))
	if err != nil {
		return nil, err
	}
	enabled := map[string]string{}
	for _, f := range list {
		if f.State != "alias" {
			enabled[f.Name] = f.State
		}
	}
	var out []catalogue.Fact
	for _, u := range loaded {
		state, hasFile := enabled[u.ID]
		if !hasFile {
			state = u.UnitFileState // of the disk systemd may remember an older one
		}
		if !hasFile && u.ActiveState == "inactive" && !strings.HasPrefix(state, "enabled") && !strings.HasPrefix(state, "masked") {
			continue
		}
		delete(enabled, u.ID)
		pid, since := "", ""
		if u.MainPID != 0 {
			pid = fmt.Sprint(u.MainPID)
		}
		if u.Since != 0 {
			since = fmt.Sprint(u.Since)
		}
		out = append(out, catalogue.New("service", u.ID, "enabled", state, "active", u.ActiveState, ".pid", pid, ".since", since))
	}
	for name, state := range enabled {
		out = append(out, catalogue.New("service", name, "enabled", state, "active", "inactive"))
	}
	return out, nil
}

// serviceSpec says of a unit what a person would, in one line or two. That a unit was
// generated says little: whether it is enabled then depends on what wants it.
func serviceSpec(f catalogue.Fact, _ catalogue.Facts) string {
	attrs := f.Attrs()
	var positive, negative []string
	switch enabled := attrs.Value("enabled"); {
	case enabled == "enabled" || enabled == "enabled-runtime":
		positive = append(positive, "BeEnabled()")
	case strings.HasPrefix(enabled, "masked"):
		positive = append(positive, "BeMasked()")
	case enabled == "disabled":
		negative = append(negative, "BeEnabled()")
	}
	switch attrs.Value("active") {
	case "active":
		positive = append(positive, "BeRunning()")
	case "inactive", "failed":
		negative = append(negative, "BeRunning()")
	}
	subject := fmt.Sprintf("Service(%q)", strings.TrimSuffix(f.Name, ".service"))
	var out []string
	if positive != nil {
		out = append(out, subject+".Should("+strings.Join(positive, ", ")+")")
	}
	if negative != nil {
		out = append(out, subject+".ShouldNot("+strings.Join(negative, ", ")+")")
	}
	if out == nil {
		out = []string{subject + ".Should(BeInstalled())"}
	}
	return strings.Join(out, "\n")
}
