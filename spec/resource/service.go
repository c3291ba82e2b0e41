package resource

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/target"
)

// A Service is what an init system or a supervisor runs, by its name there. Under
// systemd a bare name is that of a service, so that "nginx" is nginx.service, and
// "docker.socket" is what it says; an alias answers with the unit it stands for.
// Elsewhere it is the name of the script, the service directory or the program.
//
// The target's own init system is asked: systemd, OpenRC, runit, sysvinit, and in a
// container whose first process is one, s6 or supervisor. Where none runs, it
// could not be told; processes are never searched for one of that name.
type Service struct {
	Base[Service]
}

// NewService makes a Service.
func NewService(a Asker, name string) *Service {
	s := &Service{}
	s.Base = New(a, "Service", name, s)
	return s
}

// Under names what is asked in place of the target's own init system: "systemd",
// "openrc", "runit", "sysvinit", "supervisor" or "s6". It need not be what PID 1
// is, and where it does not run, that is told as an error. A program of supervisor
// within a group is named "group:program".
func (s *Service) Under(init string) *Service {
	return s.Derive(func(c *Service) { c.via = init })
}

// serviceFact is what is known of one service, whatever runs it.
type serviceFact struct {
	init                     string
	exists                   bool
	running, enabled, masked aspect
	pid                      int
	noPID                    string // why no PID is known of what runs, where that is
	// startsAt are the run levels that start it, of those that there are. Both are
	// nil where there are none.
	startsAt, levels []string
	// triggers are units that start it though it is not enabled itself.
	triggers []string
}

// An aspect is the answer to one question about a service, in words too.
type aspect struct {
	holds       bool
	found, near string
	err         error // it could not be told
}

// kind is what is asked about the service.
func (s *Service) kind() (*target.Kind[serviceFact], error) {
	if s.via == "" {
		return ownServices, nil
	}
	for i, k := range namedServices {
		if initSystems[i].name == s.via {
			return k, nil
		}
	}
	return nil, checkWord("init system", s.via, initNames(), nil)
}

// ask asks about the service; the answer holds what is asked for by of.
func (s *Service) ask(l *Look, of func(serviceFact) aspect) (serviceFact, error) {
	k, err := s.kind()
	if err != nil {
		return serviceFact{}, Refuse(&s.Base, err)
	}
	f, err := Fact(l, k, s.Name(), func(f serviceFact) (found, near string) { return of(f).found, of(f).near })
	if err != nil {
		return f, err
	}
	if f.init == systemd.name {
		s.hintUnits(l, f)
	}
	if err := of(f).err; err != nil {
		return f, l.Unknown(err.Error(), "")
	}
	return f, nil
}

func ofRunning(f serviceFact) aspect { return f.running }
func ofEnabled(f serviceFact) aspect { return f.enabled }
func ofMasked(f serviceFact) aspect  { return f.masked }

// ofExistence is the words about what is enabled, which tell best whether there is
// such a service; that it could not be told whether it is enabled does not matter.
func ofExistence(f serviceFact) aspect {
	return aspect{found: f.enabled.found, near: f.enabled.near}
}

// Installed reports whether there is such a service: a unit, be it masked or broken; a
// script in /etc/init.d; a service directory; a program that supervisor has loaded.
func (s *Service) Installed() (bool, error) {
	f, err := s.ask(NewLook(&s.Base, "Installed"), ofExistence)
	return err == nil && f.exists, err
}

// Enabled reports whether the service's own enablement starts it at boot.
//
//   - systemd: its state, as systemctl is-enabled says it, is enabled or
//     enabled-runtime, or it was generated and something wants it (a script of
//     /etc/init.d with links in /etc/rc?.d). An alias counts as the unit it stands
//     for. A static or indirect unit is not enabled: it starts when something else
//     wants it, although systemctl is-enabled exits 0 for it too.
//   - OpenRC: it is in the runlevel sysinit, boot or default, in one stacked on
//     those, or in the one that was booted.
//   - runit, s6: it stands in the directory that is watched and has no file "down".
//   - sysvinit: a link /etc/rcN.d/S??NAME starts it at the run level 2, 3, 4, 5 or S.
//   - supervisor: its autostart holds; that supervisord itself is started at boot is
//     another question.
func (s *Service) Enabled() (bool, error) {
	f, err := s.ask(NewLook(&s.Base, "Enabled"), ofEnabled)
	return err == nil && f.enabled.holds, err
}

// EnabledAtLevel reports whether the service is started at a run level: by a link of
// sysvinit in /etc/rcN.d, or in a runlevel of OpenRC that has this number as its
// name. It is an error where there is no such run level.
func (s *Service) EnabledAtLevel(level int) (bool, error) {
	l := NewLook(&s.Base, "EnabledAtLevel")
	f, err := s.ask(l, ofEnabled)
	if err != nil {
		return false, err
	}
	number := strconv.Itoa(level)
	switch {
	case f.levels == nil:
		return false, l.Unknown(fmt.Sprintf("run level %d means nothing here: levels are those of sysvinit, and %s has none", level, f.init), "")
	case !slices.Contains(f.levels, number):
		return false, l.Unknown(fmt.Sprintf("there is no run level %d here: %s has %s", level, f.init, strings.Join(f.levels, ", ")), "")
	}
	return slices.Contains(f.startsAt, number), nil
}

// Running reports whether the service runs, as its init system says: it never looks
// for a process of that name.
//
//   - systemd: the unit is active or reloading, as for systemctl is-active. A oneshot
//     service that stays active after its end counts; one that is just starting,
//     stopping, or has failed does not.
//   - OpenRC, sysvinit: the status of its script says so. A script that has no such
//     action is not run, and it could not be told. What OpenRC takes for started
//     while the process that it has noted is gone does not run.
//   - runit, s6: its supervisor says run or up.
//   - supervisor: RUNNING.
func (s *Service) Running() (bool, error) {
	f, err := s.ask(NewLook(&s.Base, "Running"), ofRunning)
	return err == nil && f.running.holds, err
}

// Masked reports whether the unit is masked, for good or until the next boot. Only
// systemd masks: asked of another init system it is an error.
func (s *Service) Masked() (bool, error) {
	f, err := s.ask(NewLook(&s.Base, "Masked"), ofMasked)
	return err == nil && f.masked.holds, err
}

// PID is the service's main process. A service that has none, since it does not run
// or since it is active without a process, is an error, and so is asking an init
// system that does not know its services' processes.
func (s *Service) PID() (int, error) {
	l := NewLook(&s.Base, "PID")
	f, err := s.ask(l, ofRunning)
	switch {
	case err != nil:
		return 0, err
	case f.pid > 0:
		return f.pid, nil
	case !f.exists:
		return 0, l.Missing()
	case f.running.holds && f.noPID != "":
		return 0, l.Unknown(f.noPID, "")
	}
	return 0, &evidence.Missing{Evidence: l.Explain(), What: "the main process of " + s.String(), Instead: "does not exist: the service is " + f.running.found}
}

// noMasks is the aspect of being masked where nothing can be.
func noMasks(init string) aspect {
	return aspect{err: fmt.Errorf("%s masks nothing: only units of systemd can be masked", init)}
}

// noInit says that nothing is known to run the services of a target.
func noInit(sys target.System) error {
	const advice = `; what supervises services here is named by Under("supervisor") and the like`
	switch sys.PID1 {
	case "":
		return errors.New("no init system is known to run here: the name of PID 1 could not be read" + advice)
	case "init":
		return errors.New(`no init system that is known runs here: PID 1 is "init", and is neither systemd's nor sysvinit's` + advice)
	}
	return fmt.Errorf("no init system runs here: PID 1 is %q%s", sys.PID1, advice)
}
