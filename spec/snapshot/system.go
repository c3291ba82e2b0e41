package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// packages asks every package manager whose database is there. pacman fails where
// it knows no package.
func (r *request) packages() section {
	script := fmt.Sprintf(`if [ -e /var/lib/dpkg/status ]; then echo; echo "%[1]s dpkg"
dpkg-query -W -f '${Package}\t${Architecture}\t${Version}\t${Status}\n' || exit; fi
for d in /var/lib/rpm /usr/lib/sysimage/rpm; do
if [ -e $d/rpmdb.sqlite ] || [ -e $d/Packages.db ] || [ -e $d/Packages ]; then echo; echo "%[1]s rpm"
rpm -qa --nosignature --nodigest --qf '%%{NAME}\t%%{EPOCH}\t%%{VERSION}\t%%{RELEASE}\t%%{ARCH}\n' || exit; break; fi; done
for f in /lib/apk/db/installed /usr/lib/apk/db/installed; do
if [ -e $f ]; then echo; echo "%[1]s apk"; cat $f || exit; break; fi; done
if [ -d /var/lib/pacman/local ]; then echo; echo "%[1]s pacman"; pacman -Q || { set -- /var/lib/pacman/local/*/desc; [ ! -e "$1" ] || exit 1; }; fi
exit 0`, r.mark)
	return section{name: "packages", kinds: []string{KindPackage}, script: script,
		read: func(_ *Snapshot, _ target.System, o target.Output, _ map[string]answered) ([]Fact, error) {
			if !o.Status.Success() {
				return nil, failure(o)
			}
			versions := map[string][]string{}
			databases := r.sectionsOf(o.Stdout)
			delete(databases, "")
			for manager, text := range databases {
				text = strings.TrimSuffix(text, "\n") // of the echo before the next
				all, err := packageParsers[manager](strings.NewReader(text))
				if err != nil {
					return nil, err
				}
				addVersions(versions, all)
			}
			if len(databases) == 0 {
				return []Fact{newFact(KindPackage, "", keyNone, "no package database is here")}, nil
			}
			var out []Fact
			for name, list := range versions {
				slices.Sort(list)
				out = append(out, newFact(KindPackage, name, "version", strings.Join(list, ", ")))
			}
			return out, nil
		}}
}

// packageParsers read what each package manager was asked for above.
var packageParsers = map[string]func(io.Reader) ([]fact.Package, error){
	"dpkg": fact.ParseDpkgQuery, "rpm": fact.ParseRPMQuery, "apk": fact.ParseApkInstalled, "pacman": fact.ParsePacmanQuery,
}

// addVersions notes what is on the disk of each package. Of one that was removed
// only its configuration is, which is told as files.
func addVersions(versions map[string][]string, all []fact.Package) {
	count := map[string]int{}
	for _, p := range all {
		if !strings.HasSuffix(p.Status, "config-files") && !strings.HasSuffix(p.Status, "not-installed") {
			count[p.Name]++
		}
	}
	for _, p := range all {
		words := strings.Fields(p.Status)
		state := words[len(words)-1]
		if state == "config-files" || state == "not-installed" {
			continue
		}
		text := p.Version
		if count[p.Name] > 1 && p.Architecture != "" {
			text += " " + p.Architecture
		}
		if state != "installed" {
			text += " (" + state + ")"
		}
		if words[0] == "hold" {
			text += " (hold)"
		}
		versions[p.Name] = append(versions[p.Name], text)
	}
}

// initNames are programs that run services when they are the first process.
var initNames = []string{"init", "systemd", "openrc-init", "runit", "s6-svscan", "dinit", "procd", "upstart"}

// services asks systemd for what is enabled and what runs.
func (r *request) services() section {
	script := fmt.Sprintf(`if ! [ -d /run/systemd/system ]; then p=; read -r p </proc/1/comm; echo; echo "%[1]s none"; echo "$p"; exit 0; fi
systemctl list-unit-files --type=service,timer,socket --no-legend --no-pager --plain --full || exit
echo; echo "%[1]s states"
systemctl show --no-pager -p %[2]s -- '*.service' '*.timer' '*.socket'`, r.mark, fact.UnitStateProperties)
	return section{name: "services", kinds: []string{KindService}, script: script,
		read: func(_ *Snapshot, _ target.System, o target.Output, _ map[string]answered) ([]Fact, error) {
			if !o.Status.Success() {
				return nil, failure(o)
			}
			parts := r.sectionsOf(o.Stdout)
			if first, ok := parts["none"]; ok {
				first = strings.TrimSpace(first)
				if first == "" || slices.Contains(initNames, first) {
					return nil, fmt.Errorf("only systemd is known here so far, and the first process is %q", first)
				}
				return []Fact{newFact(KindService, "", keyNone, "no init system runs here: the first process is "+first)}, nil
			}
			states, ok := parts["states"]
			if !ok {
				return nil, errors.New("the list of units is not whole")
			}
			return unitFacts(parts[""], states)
		}}
}

// unitFacts joins what stands in unit files with what is loaded. systemd forgets at
// any time what has no file, is not enabled and does not run, so that is left out;
// and other names of a unit are no units.
func unitFacts(files, states string) ([]Fact, error) {
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
	var out []Fact
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
		out = append(out, newFact(KindService, u.ID, "enabled", state, "active", u.ActiveState, ".pid", pid, ".since", since))
	}
	for name, state := range enabled {
		out = append(out, newFact(KindService, name, "enabled", state, "active", "inactive"))
	}
	return out, nil
}

var socketTables = []string{"tcp", "tcp6", "udp", "udp6"}

// ports reads the kernel's tables. Where IPv6 is off, two of them are not there.
func (r *request) ports() section {
	script := fmt.Sprintf(`for t in %[2]s; do echo "%[1]s $t"
if [ $t = tcp ] || [ -e /proc/net/$t ]; then cat /proc/net/$t || exit; fi; done`, r.mark, strings.Join(socketTables, " "))
	return section{name: "ports", kinds: []string{KindPort}, script: script,
		read: func(_ *Snapshot, sys target.System, o target.Output, _ map[string]answered) ([]Fact, error) {
			if !o.Status.Success() {
				return nil, failure(o)
			}
			var out []Fact
			tables := r.sectionsOf(o.Stdout)
			for _, protocol := range socketTables {
				if tables[protocol] == "" && protocol != "tcp" {
					continue
				}
				sockets, err := fact.ParseProcNet([]byte(tables[protocol]), protocol, fact.ByteOrder(sys.Machine))
				if err != nil {
					return nil, err
				}
				for _, s := range sockets {
					out = append(out, Fact{Kind: KindPort, Name: fact.Listener{Protocol: protocol, Address: s.Address.String(), Port: s.Port}.String()})
				}
			}
			return out, nil
		}}
}

// passingOptions are of one mounting of the same file system and differ with each.
var passingOptions = []string{"lowerdir=", "upperdir=", "workdir=", "fd=", "pgrp=", "pipe_ino=", "user_id=", "group_id="}

// mounts reads what is mounted. Of several on one path the last is what is seen.
func (r *request) mounts() section {
	return section{name: "mounts", kinds: []string{KindMount}, script: "cat /proc/self/mountinfo",
		read: func(_ *Snapshot, _ target.System, o target.Output, _ map[string]answered) ([]Fact, error) {
			if !o.Status.Success() {
				return nil, failure(o)
			}
			mounts, err := fact.ParseMountinfo(bytes.NewReader(o.Stdout))
			if err != nil {
				return nil, err
			}
			var out []Fact
			for _, m := range mounts {
				options := slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool {
					return slices.ContainsFunc(passingOptions, func(p string) bool { return strings.HasPrefix(o, p) })
				})
				slices.Sort(options)
				out = append(out, newFact(KindMount, m.Path, "type", m.Type, "device", m.Device, "options", strings.Join(options, ",")))
			}
			return out, nil
		}}
}

// parameters reads what root can set below /proc/sys, but for keys, and for what
// changes by being looked at. What the kernel itself cannot tell has an error for a
// value.
func (r *request) parameters() section {
	const script = `if ! [ -d /proc/sys ]; then echo none; exit 0; fi
find /proc/sys -type f -perm -600 ! -name ns_last_pid ! -name tcp_fastopen_key ! -name stable_secret ! -name stat_refresh -print0 | xargs -0 -r grep -H ''
exit 0`
	return section{name: "parameters", kinds: []string{KindParameter}, script: script,
		read: func(_ *Snapshot, _ target.System, o target.Output, _ map[string]answered) ([]Fact, error) {
			if string(o.Stdout) == "none\n" {
				return []Fact{newFact(KindParameter, "", keyNone, "there is no /proc/sys")}, nil
			}
			values, err := fact.ParseParameters(string(o.Stdout))
			if err != nil {
				return nil, err
			}
			reasons, other := fact.ParseComplaints(o.Stderr)
			if len(values) == 0 || len(other) > 0 {
				return nil, failure(o)
			}
			var out []Fact
			for name, value := range values {
				// Numbers stand in columns there.
				out = append(out, newFact(KindParameter, name, "value", strings.ReplaceAll(value, "\t", " ")))
			}
			for path, reason := range reasons {
				name, ok := fact.ParameterName(path)
				switch {
				case !ok || reason == "No such file or directory":
				case isRefusal(reason):
					out = append(out, Fact{Kind: KindParameter, Name: name}.unknown("value", reason))
				default:
					out = append(out, newFact(KindParameter, name, "error", reason))
				}
			}
			return out, nil
		}}
}

// isRefusal tells whether somebody with more rights would have been answered.
func isRefusal(reason string) bool {
	return reason == "Permission denied" || reason == "Operation not permitted"
}
