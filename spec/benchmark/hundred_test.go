package benchmark

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

var (
	runs = flag.Int("runs", 7, "how often each line of the tables is run")
	only = flag.String("only", "", "the tables to make, by a regular expression: local, start, many, docker, ssh0s, ssh20ms, ssh100ms, edit, loop")
	peer = flag.Bool("peers", true, "measure serverspec and testinfra, too, where they are installed")
	far  = flag.Bool("far", false, "measure them at long round trips, too, which takes minutes")
)

// peerRuns bounds how often the peers are run, which take long.
const peerRuns = 3

// A bench is what the tables are made with.
type bench struct {
	*testing.B
	dir   string
	has   checks
	env   []string // what every program is given
	suite string   // the test binary of the hundred checks
	// script and questions are files: all questions in one script, with the
	// commands and without.
	script, questions string
	measure, floor    string
	server            *rig.SSHD
	user              string
	asks              string // the user whom sudo asks for sudoPassword
}

const sudoPassword = "right"

// checks are what testdata/hundred/hundred.json holds.
type checks struct {
	Packages, Regular, Directories, Mode0644, Root, Users, Groups, Processes, Commands []string
}

// BenchmarkHundredChecks prints the tables.
func BenchmarkHundredChecks(b *testing.B) {
	s := &bench{B: b, dir: openDir(b)}
	s.prepare()
	out := printer(b)
	out.heading(*runs)
	wanted, err := regexp.Compile(*only)
	s.must(err)
	if wanted.MatchString("local") {
		s.local(out)
	}
	if wanted.MatchString("start") {
		s.start(out)
	}
	if wanted.MatchString("many") {
		s.many(out)
	}
	if wanted.MatchString("docker") {
		s.docker(out)
	}
	s.overSSH(out, wanted)
	if wanted.MatchString("edit") {
		s.editing(out)
	}
	if wanted.MatchString("loop") {
		s.loop(out)
	}
	b.ReportMetric(0, "ns/op") // the tables tell
}

// overSSH measures with an sshd on this machine.
func (s *bench) overSSH(out *table, wanted *regexp.Regexp) {
	s.Helper()
	trips := []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond}
	trips = slices.DeleteFunc(trips, func(rtt time.Duration) bool { return !wanted.MatchString("ssh" + rtt.String()) })
	if len(trips) == 0 {
		return
	}
	s.adopt()
	s.server = rig.StartSSHD(s)
	account := rig.NewAccount(s)
	rig.Sudoers(s, account, "USER ALL=(ALL) NOPASSWD: ALL")
	s.user = account.Name
	asks := rig.NewAccount(s, rig.Password(sudoPassword))
	rig.Sudoers(s, asks, "USER ALL=(ALL) ALL")
	s.asks = asks.Name
	for _, rtt := range trips {
		s.ssh(out, rtt)
	}
}

// openDir makes a directory that other accounts may enter.
func openDir(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// prepare builds the programs, starts what is to be found on the machine, and
// writes the script of the floor.
func (s *bench) prepare() {
	s.Helper()
	list, err := filepath.Abs("testdata/hundred/hundred.json")
	s.must(err)
	text, err := os.ReadFile(list)
	s.must(err)
	s.must(json.Unmarshal(text, &s.has))
	s.measure, s.floor = s.build("build", "measure"), s.build("build", "floor")
	s.suite = s.build("test", "hundred")
	listen := s.build("build", "listen")
	var ports []string
	for _, name := range s.has.Processes {
		ports = append(ports, s.listen(listen, name)...)
	}
	s.env = append(os.Environ(), "HUNDRED_LIST="+list, "HUNDRED_PORTS="+strings.Join(ports, " "), "NO_COLOR=1")
	s.questions, s.script = filepath.Join(s.dir, "questions"), filepath.Join(s.dir, "script")
	s.must(os.WriteFile(s.questions, []byte(s.has.questions()), 0o644))
	s.must(os.WriteFile(s.script, []byte(s.has.questions()+strings.Join(s.has.Commands, "\n")+"\n"), 0o644))
}

func (s *bench) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// build builds a program of testdata.
func (s *bench) build(how, name string) string {
	s.Helper()
	file := filepath.Join(s.dir, name)
	args := []string{how, "-o", file}
	if how == "test" {
		args = append(args, "-c")
	}
	out, err := exec.CommandContext(s.Context(), "go", append(args, "./testdata/"+name)...).CombinedOutput()
	if err != nil {
		s.Fatalf("go %s %s: %v\n%s", how, name, err, out)
	}
	return file
}

// listen starts a process of a name and returns the ports it listens on.
func (s *bench) listen(program, name string) []string {
	s.Helper()
	file := filepath.Join(s.dir, name)
	s.must(os.Link(program, file))
	cmd := exec.CommandContext(s.Context(), file)
	stdin, err := cmd.StdinPipe()
	s.must(err)
	stdout, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	s.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait() // it was told to end, or is ended by its context
	})
	ports := make([]string, 2)
	_, err = fmt.Fscan(stdout, &ports[0], &ports[1])
	s.must(err)
	return ports
}

// questions asks all that the checks without a command ask, as few programs as
// that can be.
func (c checks) questions() string {
	words := func(lists ...[]string) string {
		var out []string
		for _, list := range lists {
			for _, w := range list {
				out = append(out, backends.Quote(w))
			}
		}
		return strings.Join(out, " ")
	}
	return strings.Join([]string{
		`dpkg-query -W -f '${Package}\t${Version}\t${Status}\n' -- ` + words(c.Packages),
		`stat -c '%f %h %u %g %s %Y %U %G %n' -- ` + words(c.Regular, c.Directories, c.Mode0644, c.Root),
		`cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6`,
		`getent passwd ` + words(c.Users),
		`getent group ` + words(c.Groups),
		`cat /proc/[0-9]*/stat 2>/dev/null || :`,
	}, "\n") + "\n"
}

// local measures on this machine.
func (s *bench) local(out *table) {
	floor := &line{name: "floor: one script by sh", args: []string{"sh", s.script}}
	bare := &line{name: "floor without commands", args: []string{"sh", s.questions}}
	lines := append([]*line{
		floor,
		{name: "hostspec", args: []string{s.suite}, against: floor},
		bare,
		{name: "hostspec without commands", args: []string{s.suite, "-ginkgo.label-filter=!commands"}, against: bare},
	}, s.peers(floor, nil)...)
	s.compare(out, "this machine", lines)
	out.costs(s.costs(nil), s.costs(nil, "-ginkgo.label-filter=!commands"))
}

// ssh measures over SSH, where a round trip takes rtt.
func (s *bench) ssh(out *table, rtt time.Duration) {
	addr := s.server.Addr
	if rtt > 0 {
		addr = rig.DelayProxy(s, addr, rtt)
	}
	uri := s.server.URIAt(addr, s.user)
	u, err := url.Parse(uri)
	s.must(err)
	known := u.Query().Get("known_hosts")
	args := func(quick bool, script string, commands ...string) []string {
		a := []string{s.floor}
		if quick {
			a = append(a, "-quick")
		}
		return append(append(a, addr, s.user, s.server.Identity, known, script), commands...)
	}
	target := []string{"HOSTSPEC_TARGET=" + uri}
	asks := []string{"HOSTSPEC_TARGET=" + s.server.URIAt(addr, s.asks, "sudo=true"), "HOSTSPEC_SUDO_PASSWORD=" + sudoPassword}
	// What people have: their own ssh_config, read by ssh -G.
	usual := []string{"HOSTSPEC_TARGET=" + s.server.URIAt(addr, s.user, "known_hosts="+known, "ssh_config=")}
	floor := &line{name: "floor: one script, five sessions", args: args(false, s.questions, s.has.Commands...)}
	bare := &line{name: "floor without commands", args: args(false, s.questions)}
	lines := []*line{
		floor,
		{name: "hostspec", args: []string{s.suite}, env: target, against: floor},
		{name: "hostspec, sudo", args: []string{s.suite}, env: append(slices.Clone(target), "HOSTSPEC_SUDO=true"), against: floor},
		{name: "hostspec, sudo with a password", args: []string{s.suite}, env: asks, against: floor},
		{name: "hostspec with ssh -G", args: []string{s.suite}, env: usual, against: floor},
		{name: "floor with the two tricks", args: args(true, s.questions, s.has.Commands...), against: floor},
		bare,
		{name: "hostspec without commands", args: []string{s.suite, "-ginkgo.label-filter=!commands"}, env: target, against: bare},
		{name: "floor without commands, two tricks", args: args(true, s.questions), against: bare},
	}
	if rtt == 0 || *far {
		lines = append(lines, s.peers(floor, &peerTarget{addr: addr, known: known})...)
	}
	for _, l := range lines {
		l.server = s.server.PID()
	}
	s.compare(out, fmt.Sprintf("ssh, round trip %v", rtt), lines)
	out.costs(s.costs(target), s.costs(target, "-ginkgo.label-filter=!commands"))
	out.note("with sudo: %s", s.costs(asks))
}

// A peerTarget is the server as the peers are told of it.
type peerTarget struct{ addr, known string }

// peers are serverspec and testinfra, where they are installed.
func (s *bench) peers(floor *line, to *peerTarget) []*line {
	var lines []*line
	if !*peer {
		return nil
	}
	if version := s.says("/usr/bin/ruby", "-e", "require 'serverspec/version'; puts Serverspec::VERSION"); version != "" {
		l := &line{name: "serverspec " + version, args: []string{"/usr/bin/ruby", "/usr/bin/rspec", "testdata/serverspec/hundred_spec.rb"}, against: floor, most: peerRuns}
		if to != nil {
			host, port, err := net.SplitHostPort(to.addr)
			s.must(err)
			l.env = []string{"HUNDRED_SSH_HOST=" + host, "HUNDRED_SSH_PORT=" + port, "HUNDRED_SSH_USER=" + s.user,
				"HUNDRED_SSH_IDENTITY=" + s.server.Identity, "HUNDRED_SSH_KNOWN_HOSTS=" + to.known}
		}
		lines = append(lines, l)
	}
	if version := s.says("/usr/bin/python3", "-c", "import importlib.metadata as m, testinfra; print(m.version('pytest-testinfra'))"); version != "" {
		l := &line{name: "testinfra " + version, args: []string{"/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "testdata/testinfra/test_hundred.py"},
			against: floor, most: peerRuns, env: []string{"PYTHONDONTWRITEBYTECODE=1"}}
		if to == nil {
			l.args = append(l.args, "--hosts=local://")
		} else {
			l.args = append(l.args, "--hosts=paramiko://"+s.user+"@"+to.addr, "--ssh-identity-file="+s.server.Identity)
		}
		lines = append(lines, l)
	}
	return lines
}

// says returns what a program prints, or nothing where it is not installed.
func (s *bench) says(args ...string) string {
	out, err := exec.CommandContext(s.Context(), args[0], args[1:]...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
