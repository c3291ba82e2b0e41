package resource

import (
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// propertyFact is one property of one unit.
type propertyFact struct {
	exists bool // the unit
	known  bool // the property
	value  string
	near   []string
}

// allProperties begins the names of all properties, where one is not known.
const allProperties = "\nALL PROPERTIES\n"

// unitProperties asks for one property of one unit, named UNIT:KEY. Values may
// hold newlines, so that of several in one answer it could not be told where each
// begins.
var unitProperties = &target.Kind[propertyFact]{
	Name: "service property",
	Check: func(name string) error {
		unit, key := cutProperty(name)
		if err := checkUnit(unit); err != nil {
			return err
		}
		if !fact.IsProperty(key) {
			return fmt.Errorf("%q is not a valid property name: it is one word such as Restart or MemoryMax", key)
		}
		return nil
	},
	Ask: func(sys target.System, names []string) ([]target.Question, error) {
		if _, err := initOf(sys); err != nil {
			return nil, err
		}
		if sys.Init != systemd.name {
			return nil, noProperties(sys.Init)
		}
		var out []target.Question
		for _, name := range names {
			unit, key := cutProperty(name)
			unit = unitName(unit)
			if fact.IsTemplate(unit) {
				return nil, fmt.Errorf("%s is a template and has no properties: ask for an instance of it", unit)
			}
			show := "systemctl show --all -p " + backends.Quote(key) + " -- " + backends.Quote(unit)
			out = append(out, target.Question{
				Names: []string{name},
				Script: "systemctl show -p LoadState -- " + backends.Quote(unit) + " || exit; p=$(" + show + ") || exit; " +
					"case $p in ?*) printf '%s\\n' \"$p\";; *) echo; echo 'ALL PROPERTIES'; systemctl show --all -- " + backends.Quote(unit) + ";; esac; exit 0",
				Show: "systemctl show -p " + key + " " + unit,
			})
		}
		return out, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[propertyFact], error) {
		if !o.Status.Success() {
			return nil, systemctlFailed(o)
		}
		name := q.Names[0]
		_, key := cutProperty(name)
		load, rest, _ := strings.Cut(string(o.Stdout), "\n")
		state, ok := strings.CutPrefix(load, "LoadState=")
		if !ok {
			return nil, fmt.Errorf("systemctl does not tell whether the unit exists: %s", firstWords(o))
		}
		f := propertyFact{exists: state != "not-found"}
		if all, unknown := strings.CutPrefix("\n"+rest, "\n"+allProperties); unknown {
			f.near = similar(key, fact.PropertyNames(all))
		} else {
			var err error
			if f.value, f.known, err = fact.ParseProperty(rest, key); err != nil {
				return nil, err
			}
		}
		return map[string]target.Answer[propertyFact]{name: {Fact: f}}, nil
	},
}

func noProperties(init string) error {
	return fmt.Errorf("%s knows no properties of its services: only units of systemd have some", init)
}

// cutProperty undoes the name of a property. A unit's name may hold colons, a
// property's does not.
func cutProperty(name string) (unit, key string) {
	i := strings.LastIndexByte(name, ':')
	return name[:i], name[i+1:]
}

func (f propertyFact) say(key string) (found, near string) {
	switch {
	case !f.exists:
		return "no such unit", ""
	case !f.known:
		return "systemd has no property " + key + " here", strings.Join(f.near, ", ")
	}
	return key + "=" + evidence.Excerpt(f.value, 200), ""
}

// Property is a property of the unit, as systemctl show prints it: Restart,
// MemoryMax, User. Times and sizes come the way systemctl writes them, and of a
// property with several values each has a line. A property that systemd does not
// know is an error, and so is asking an init system that has no properties.
func (s *Service) Property(key string) (string, error) {
	l := NewLook(&s.Base, "Property")
	switch _, err := s.kind(); {
	case err != nil:
		return "", Refuse(&s.Base, err)
	case s.via != "" && s.via != systemd.name:
		return "", Refuse(&s.Base, noProperties(s.via))
	}
	f, err := Fact(l, unitProperties, s.Name()+":"+key, func(f propertyFact) (string, string) { return f.say(key) })
	switch {
	case err != nil:
		return "", err
	case !f.exists:
		return "", l.Missing()
	case !f.known:
		return "", l.Unknown(fmt.Sprintf("systemd knows no property %q of this unit", key), "")
	}
	return f.value, nil
}
