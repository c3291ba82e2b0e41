package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// ownerLabel is on every container made here and says whose it is.
const ownerLabel = "hostspec.owner"

// An owner is the process that a container belongs to. Engines are shared, and a
// process number alone means something else on another host, in another PID
// namespace, and after another process has got it.
type owner struct {
	// host is the host's name and machine-id(5), boot the kernel's boot_id.
	host, boot string
	// namespace is the PID namespace as namespaces(7) show it.
	namespace string
	pid       int
	// started is field 22 of proc_pid_stat(5), in clock ticks since the boot.
	started string
}

// thisProcess is an error where there is no Linux /proc: then containers are labelled
// with nothing that anybody could judge by.
func thisProcess() (o owner, err error) {
	name, err := os.Hostname()
	if err != nil {
		return o, err
	}
	machine, _ := os.ReadFile("/etc/machine-id") // a name has to do without
	o.host = name + "/" + string(bytes.TrimSpace(machine))
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return o, err
	}
	o.boot = string(bytes.TrimSpace(boot))
	if o.namespace, err = os.Readlink("/proc/self/ns/pid"); err != nil {
		return o, err
	}
	o.pid = os.Getpid()
	o.started, err = startTime(o.pid)
	return o, err
}

// startTime reads when a process of this PID namespace was started.
func startTime(pid int) (string, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", err
	}
	// The name before the last ")" may hold anything.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return "", fmt.Errorf("cannot read /proc/%d/stat: %q", pid, stat)
	}
	return string(fields[19]), nil
}

// String is the label's value: words, escaped so that they stay words.
func (o owner) String() string {
	return fmt.Sprintf("%s %s %s %d %s", url.QueryEscape(o.host), o.boot, o.namespace, o.pid, o.started)
}

func parseOwner(s string) (o owner, err error) {
	if _, err = fmt.Sscan(s, &o.host, &o.boot, &o.namespace, &o.pid, &o.started); err != nil {
		return o, err
	}
	o.host, err = url.QueryUnescape(o.host)
	return o, err
}

// dead tells whether the owner certainly runs no more, as far as self can see. After
// another boot that is so when the container does not run either: a clone of this
// host that has its name and its machine-id has a boot_id of its own.
func (o owner) dead(self owner, running bool) bool {
	switch {
	case o.host != self.host:
		return false
	case o.boot != self.boot:
		return !running
	case o.namespace != self.namespace:
		return false
	}
	started, err := startTime(o.pid)
	return errors.Is(err, os.ErrNotExist) || err == nil && started != o.started
}

// ownerLabels say that a container is ours.
func ownerLabels() map[string]string {
	o, err := thisProcess()
	if err != nil {
		return map[string]string{ownerLabel: "unknown"}
	}
	return map[string]string{ownerLabel: o.String()}
}

// sweep removes what dead processes of this host have left behind. That it fails is
// nothing to whoever wants a container now, and is tried again next time.
func sweep(ctx context.Context, api client.APIClient) {
	self, err := thisProcess()
	if err != nil {
		return
	}
	labelled, err := api.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", ownerLabel)),
	})
	if err != nil {
		return
	}
	drafts, err := api.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("name", draftPrefix)),
	})
	if err != nil {
		return
	}
	for _, c := range append(labelled, drafts...) {
		o, err := ownerOf(c)
		// One of an image without a shell is never started.
		running := !slices.Contains([]string{"exited", "created"}, strings.ToLower(c.State))
		if err == nil && o.dead(self, running) {
			_ = removeContainer(ctx, api, c.ID) // see above
		}
	}
}

// ownerOf reads whose a container is: by its label, or by the name of a draft.
func ownerOf(c container.Summary) (owner, error) {
	if label, ok := c.Labels[ownerLabel]; ok {
		return parseOwner(label)
	}
	for _, name := range c.Names {
		if o, err := draftOwner(name); err == nil {
			return o, nil
		}
	}
	return owner{}, errors.New("it names no owner")
}
