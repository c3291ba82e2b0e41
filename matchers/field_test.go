package matchers_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	. "github.com/hostspec/hostspec/matchers"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/command"
	_ "github.com/hostspec/hostspec/backends/docker"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
)

// TestField_ContainerDiesInMidRun is where others say that a file, a package, a service
// and a user do not exist.
func TestField_ContainerDiesInMidRun(t *testing.T) {
	for way, prefix := range map[string]string{"docker": "docker://", "exec": "exec:docker exec -i "} {
		t.Run(way, func(t *testing.T) {
			m := rig.StartMachine(t, rig.WithoutSystemd())
			a := askerFor(t, prefix+m.ID)
			for _, want := range ordinary(a) {
				holds(t, want.subject, want.matcher)
			}
			// One reconnect is what a restart costs, and sshd is up again after a while.
			rig.Docker(t, "restart", "--time", "0", m.ID)
			NewWithT(t).Eventually(resource.NewPort(a, 22)).WithTimeout(10 * time.Minute).Should(BeListening())
			for _, want := range ordinary(a) {
				holds(t, want.subject, want.matcher)
			}
			rig.Docker(t, "kill", m.ID)
			for _, want := range append(ordinary(a), expected{resource.NewService(a, "ssh"), BeRunning()}) {
				errs(t, want.subject, want.matcher, "could not tell", "the connection was lost and could not be restored", m.ID)
			}
		})
	}
}

// expected is what should be true of a subject.
type expected struct {
	subject any
	matcher types.GomegaMatcher
}

// ordinary is what holds of every machine of the rig.
func ordinary(a *resourcetest.Target) []expected {
	return []expected{
		{resource.NewFile(a, "/etc/passwd"), Exist()}, {resource.NewPackage(a, "bash"), BeInstalled()},
		{resource.NewUser(a, "root"), Exist()}, {resource.NewGroup(a, "root"), Exist()},
		{resource.NewProcess(a, "sshd"), BeRunning()}, {resource.NewPort(a, 22), BeListening()},
		{resource.NewCommand(a, "exit 0"), ExitWith(0)},
	}
}

// TestField_KilledIsNoSuccess is what others over SSH take for exit 0.
func TestField_KilledIsNoSuccess(t *testing.T) {
	m := rig.SharedMachine(t)
	ssh := askerFor(t, m.URI("root"))
	for _, script := range []string{"kill -9 $$", "kill -9 0"} {
		fails(t, resource.NewCommand(ssh, script), ExitWith(0), "killed by SIGKILL")
	}
	// It ends the session that runs it, too, and nobody is left to tell how.
	errs(t, resource.NewCommand(ssh, "kill -9 $PPID $$"), ExitWith(0), "could not tell")
	container := askerFor(t, "docker://"+m.ID)
	fails(t, resource.NewCommand(container, "kill -9 $$"), ExitWith(0), "137")
	for _, a := range []*resourcetest.Target{ssh, container} {
		holds(t, resource.NewCommand(a, "exit 0"), ExitWith(0))
	}
}

// TestField_CommandNeverEnds shows what was printed, and that a grandchild which holds
// the output open is not waited for.
func TestField_CommandNeverEnds(t *testing.T) {
	m := rig.SharedMachine(t)
	for way, uri := range map[string]string{"ssh": m.URI("root"), "docker": "docker://" + m.ID, "exec": "exec:docker exec -i " + m.ID} {
		t.Run(way, func(t *testing.T) {
			a := askerFor(t, uri)
			endless := resource.NewCommand(a, "echo halfway; sleep 7654; echo never").WithTimeout(5 * time.Second)
			errs(t, endless, ExitWith(0), "could not tell", "within 5s", "halfway")
			holds(t, resource.NewCommand(a, "sleep 4567 & echo parent").WithTimeout(time.Minute), HaveStdout("parent"))
			// What hung was killed there, and what was left behind was left alone.
			processes := func() string { return m.Exec(t, "ps -eo args=") }
			NewWithT(t).Eventually(processes).WithTimeout(2 * time.Minute).ShouldNot(ContainSubstring("sleep 7654"))
			NewWithT(t).Expect(processes()).To(ContainSubstring("sleep 4567"))
			m.Exec(t, "kill $(pgrep -x -f 'sleep 4567')")
		})
	}
}
