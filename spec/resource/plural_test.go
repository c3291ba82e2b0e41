package resource_test

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// batchAsker notes all questions first, and then answers them from one exchange,
// as one-liners do.
type batchAsker struct {
	testAsker
	plan *target.Plan
	done *bool
}

func (a batchAsker) View() (context.Context, target.View, error) {
	v := target.View{Target: a.target, Epoch: 1}
	if !*a.done {
		v.Plan = a.plan
	}
	return a.ctx, v, nil
}

// Many services, packages, ports, sockets and processes are one exchange, and
// each answer belongs to its question, whatever shell answers.
func TestManyQuestionsAreOneExchange(t *testing.T) {
	m := rig.SharedMachine(t)
	for _, user := range []string{"root", "in-dash", "in-bash", "in-busybox", "in-mksh", "in-ksh93"} {
		t.Run(user, func(t *testing.T) {
			g := NewWithT(t)
			a := batchAsker{askerFor(t, m.URI(user)), &target.Plan{}, new(bool)}
			type check struct {
				name string
				ask  func() (bool, error)
				want bool
			}
			var checks []check
			for name, want := range map[string]bool{
				"nginx": true, "rig-alias": true, "rig-oneshot": true, "nope": false, "rig-worker@": false, "cron": true, "rig-worker@1": true, "rig-masked": false,
				"nope@": false, "rig-failed": false, "-.mount": true, "rig-disabled": false, "rig-worker@9": false, "ngnix": false,
			} {
				checks = append(checks, check{"service " + name, resource.NewService(a, name).Running, want})
			}
			for name, want := range map[string]bool{"nginx-light": true, "logrotate": false, "nope": false, "tcsh": true} {
				checks = append(checks, check{"package " + name, resource.NewPackage(a, name).Installed, want})
			}
			for number, want := range map[int]bool{22: true, 80: true, 81: false, 65535: false} {
				checks = append(checks, check{"port", resource.NewPort(a, number).Listening, want})
			}
			for name, want := range map[string]bool{"nginx": true, "cron": true, "ngnix": false} {
				checks = append(checks, check{"process " + name, resource.NewProcess(a, name).Running, want})
			}
			for name, want := range map[string]bool{"/run/dbus/system_bus_socket": true, "/run/it's nope": false, "@nope": false} {
				checks = append(checks, check{"socket " + name, resource.NewUnixSocket(a, name).Listening, want})
			}
			user := resource.NewService(a, "rig-worker@1")
			checks = append(checks, check{"property", func() (bool, error) { v, err := user.Property("User"); return v == "deploy", err }, true})
			for _, c := range checks {
				_, err := c.ask()
				g.Expect(errors.Is(err, target.ErrPlanned)).To(BeTrue(), "%s: %v", c.name, err)
			}
			g.Expect(a.target.Fetch(a.ctx, target.Identity{}, a.plan.Wants, 1)).To(Succeed())
			*a.done = true
			for _, c := range checks {
				got, err := c.ask()
				g.Expect(err).NotTo(HaveOccurred(), c.name)
				g.Expect(got).To(Equal(c.want), c.name)
			}
			g.Expect(a.target.Stats().Exchanges).To(Equal(2), "the greeting, and all of these")
		})
	}
}
