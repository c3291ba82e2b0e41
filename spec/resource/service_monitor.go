package resource

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// monitTable is all services that monit knows.
type monitTable []fact.MonitService

var monit = &target.Kind[monitTable]{
	Name: "monit",
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{Names: names, Script: "monit -B status"}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[monitTable], error) {
		if !o.Status.Success() {
			return nil, fmt.Errorf("monit cannot be asked: %s", firstWords(o))
		}
		list, err := fact.ParseMonitStatus(string(o.Stdout))
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, errors.New("monit tells about no service, not even the system")
		}
		return map[string]target.Answer[monitTable]{q.Names[0]: {Fact: list}}, nil
	},
}

func (t monitTable) find(name string) (s fact.MonitService, names []string) {
	for _, m := range t {
		if m.Name == name {
			s = m
		}
		names = append(names, m.Name)
	}
	return s, names
}

// MonitoredBy reports whether a monitor watches the service: monit is the one that
// is supported, and knows a service of exactly this name, of which it says that it
// is monitored. Where monit does not run or may not be asked (its configuration is
// root's) it is an error.
func (s *Service) MonitoredBy(monitor string) (bool, error) {
	const question = "MonitoredBy"
	if err := checkWord("monitor", monitor, []string{"monit"}, nil); err != nil {
		return false, Refuse(&s.Base, err)
	}
	if err := checkUnit(s.Name()); err != nil {
		return false, Refuse(&s.Base, err)
	}
	t, err := Ask(&s.Base, question, monit, allOf, func(t monitTable) (found, near string) {
		m, names := t.find(s.Name())
		if m.Name == "" {
			return "monit knows no such service", strings.Join(similar(s.Name(), names), ", ")
		}
		return fmt.Sprintf("%s, its status is %q", m.Monitoring, m.Status), ""
	})
	if err != nil {
		return false, err
	}
	m, _ := t.find(s.Name())
	return m.Monitoring == "Monitored", nil
}
