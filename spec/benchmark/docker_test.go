package benchmark

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// docker measures in a container. The floor is what people write: docker exec of a
// script, and one for each command.
func (s *bench) docker(out *table) {
	s.Helper()
	id := strings.TrimSpace(s.engine("run", "--detach", rig.Image(s), "sleep", "infinity"))
	s.Cleanup(func() { s.engine("rm", "--force", id) })
	listen := s.build("build", "listen")
	var ports []string
	for _, name := range s.has.Processes {
		ports = append(ports, s.listenIn(id, listen, name)...)
	}
	script := "docker exec -i " + id + " sh <" + s.questions + "\n"
	bareFile, file := filepath.Join(s.dir, "docker-questions"), filepath.Join(s.dir, "docker-script")
	s.must(os.WriteFile(bareFile, []byte(script), 0o644))
	for _, c := range s.has.Commands {
		script += "docker exec " + id + " sh -c " + backends.Quote(c) + "\n"
	}
	s.must(os.WriteFile(file, []byte(script), 0o644))
	target := []string{"HOSTSPEC_TARGET=docker://" + id, "HUNDRED_PORTS=" + strings.Join(ports, " ")}
	floor := &line{name: "floor: docker exec, six times", args: []string{"sh", file}}
	bare := &line{name: "floor without commands", args: []string{"sh", bareFile}}
	s.compare(out, "a container", []*line{
		floor,
		{name: "hostspec", args: []string{s.suite}, env: target, against: floor},
		bare,
		{name: "hostspec without commands", args: []string{s.suite, "-ginkgo.label-filter=!commands"}, env: target, against: bare},
	})
	out.costs(s.costs(target), s.costs(target, "-ginkgo.label-filter=!commands"))
}

// engine runs the docker command and returns what it printed.
func (s *bench) engine(args ...string) string {
	s.Helper()
	out, err := exec.CommandContext(context.WithoutCancel(s.Context()), "docker", args...).CombinedOutput()
	if err != nil {
		s.Fatalf("docker %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// listenIn starts a process of a name in a container and returns the ports it
// listens on.
func (s *bench) listenIn(id, program, name string) []string {
	s.Helper()
	s.engine("cp", program, id+":/usr/local/bin/"+name)
	cmd := exec.CommandContext(s.Context(), "docker", "exec", "-i", id, "/usr/local/bin/"+name)
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
