package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/hostspec/hostspec/backends/remote"
)

// systemds are where an image has it: the name that an init system has by custom, and
// systemd's own, old and new.
var systemds = []string{"/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd"}

// forSystemd is what is mounted for systemd alone.
var forSystemd = []string{"/run", "/run/lock", "/sys/fs/cgroup"}

// bootSystemd sets what systemd needs of a container (its CONTAINER_INTERFACE): a
// tmpfs on /run, and the cgroups. Of the first version it takes those of the host as
// they are, read-only. Of the second it needs to make some below its own, hence the
// host's tree writable, and to see where in it its own place is.
func (m *imageContainer) bootSystemd(ctx context.Context, config *container.Config, host *container.HostConfig) error {
	info, err := m.api.Info(ctx)
	if err != nil {
		return unreachable(m.target, "ask the engine about cgroups", err, "")
	}
	config.Entrypoint, config.Cmd = []string{systemds[0]}, []string{}
	if !m.opt.draft {
		config.StopSignal = "SIGRTMIN+3"
	}
	if config.User = ""; m.config.User != "" {
		config.User = "0"
	}
	host.Tmpfs = map[string]string{forSystemd[0]: "", forSystemd[1]: ""}
	v2 := info.CgroupVersion == "2"
	host.Mounts = append(host.Mounts, mount.Mount{
		Type: mount.TypeBind, Source: forSystemd[2], Target: forSystemd[2], ReadOnly: !v2,
	})
	if v2 {
		host.CgroupnsMode = container.CgroupnsModeHost
	}
	return nil
}

// checkSystemd says that an image has no systemd before it is started.
func (m *imageContainer) checkSystemd(ctx context.Context) error {
	link, err := m.api.ContainerStatPath(ctx, m.id, systemds[0])
	if err == nil && link.Mode&os.ModeSymlink != 0 && path.Base(link.LinkTarget) == "systemd" {
		return nil
	}
	is := "has no " + systemds[0]
	if err == nil {
		is = "has another init system at " + systemds[0]
	}
	advice := "Install the package that makes it systemd, systemd-sysv in Debian."
	for _, name := range systemds[1:] {
		if found, err := hasProgram(ctx, m.api, m.id, name); err == nil && found {
			return unreachable(m.target, "boot systemd", errors.New("the image has systemd, and "+is), advice)
		}
	}
	return unreachable(m.target, "boot systemd", errors.New("the image has no systemd"), advice)
}

// awaitSystemd waits for the end of the boot. The bus is not there at first.
func (m *imageContainer) awaitSystemd(ctx context.Context) error {
	b, err := m.bare(ctx)
	if err != nil {
		return err
	}
	seen := "it never answered"
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		if err := m.runs(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		var out remote.Tail
		// It knows --wait since version 240, and prints one word.
		_, err := b.run(ctx, "0", []string{binSh, "-c", "systemctl is-system-running --wait || systemctl is-system-running"}, &out)
		words := strings.Fields(out.String())
		if err == nil && len(words) > 0 {
			switch state := words[len(words)-1]; state {
			case "running", "degraded":
				return nil
			case "maintenance", "stopping":
				return unreachable(m.target, "boot systemd", fmt.Errorf("systemd says %q", state), lastWordsOf(ctx, m.api, m.id))
			}
			seen = "systemctl is-system-running says:\n" + visible(out.String())
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return unreachable(m.target, "boot systemd", context.Cause(ctx), seen+"\nconnect_timeout=2m waits longer.")
		}
	}
}
