package docker

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// An owner is the process that a container or a passing image belongs to. Engines are
// shared, and a process number alone means something else on another host, in another
// PID namespace, and after another process has got it.
//
// Its proof is the name of what it owns. A label would not do: a commit writes the
// labels of a container into the image, and every container of that image then has them.
type owner struct {
	// host stands for the host's name and machine-id(5), boot for the kernel's boot_id.
	host, boot string
	// namespace is the inode of the PID namespace; see namespaces(7).
	namespace string
	pid       int
	// started is field 22 of proc_pid_stat(5), in clock ticks since the boot.
	started string
}

// thisProcess fails where there is no Linux /proc. What is made there has a name of the
// engine's choice, and is never swept.
func thisProcess() (o owner, err error) {
	name, err := os.Hostname()
	if err != nil {
		return o, err
	}
	machine, _ := os.ReadFile("/etc/machine-id") // a name has to do without
	o.host = short(name + "/" + string(bytes.TrimSpace(machine)))
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return o, err
	}
	o.boot = short(string(bytes.TrimSpace(boot)))
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return o, err
	}
	o.namespace = strings.TrimSuffix(strings.TrimPrefix(namespace, "pid:["), "]")
	o.pid = os.Getpid()
	o.started, err = startTime(o.pid)
	return o, err
}

// short stands for a text in a name.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
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

// ownedPrefix begins the name of everything that may be swept.
const ownedPrefix = "hostspec-of-"

// name returns a name that was never given before and that readOwner reads. It is valid
// for containers and for tags of images.
func (o owner) name() string {
	return fmt.Sprintf("%s%s-%s-%s-%d-%s-%s", ownedPrefix, o.host, o.boot, o.namespace, o.pid, o.started, strings.ToLower(rand.Text()))
}

var ownedName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^` + ownedPrefix + `([0-9a-f]{12})-([0-9a-f]{12})-([0-9]+)-([0-9]{1,10})-([0-9]+)-[0-9a-z]+$`)
})

// readOwner reads whose a thing of this name is; ok is false if it is nobody's.
func readOwner(name string) (o owner, ok bool) {
	m := ownedName().FindStringSubmatch(name)
	if m == nil {
		return owner{}, false
	}
	pid, err := strconv.Atoi(m[4])
	return owner{host: m[1], boot: m[2], namespace: m[3], pid: pid, started: m[5]}, err == nil
}

// ownName is a name for what this process makes, or "" where it cannot prove that it
// made it.
func ownName() string {
	o, err := thisProcess()
	if err != nil {
		return ""
	}
	return o.name()
}

// dead reports whether the owner has certainly ended, as far as self can see. After
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

// sweep removes what dead processes of this host have left behind. Whoever wants a
// container now does not care if that fails: the next one tries again.
func sweep(ctx context.Context, api client.APIClient) {
	self, err := thisProcess()
	if err != nil {
		return
	}
	list, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", ownedPrefix))})
	if err != nil {
		return
	}
	for _, c := range list {
		// A container of an image without a shell is never started.
		running := !slices.Contains([]string{"exited", "created"}, strings.ToLower(c.State))
		if slices.ContainsFunc(c.Names, func(name string) bool {
			o, ok := readOwner(strings.TrimPrefix(name, "/"))
			return ok && o.dead(self, running)
		}) {
			_ = removeContainer(ctx, api, c.ID) // see above
		}
	}
	sweepImages(ctx, api, self)
}

// sweepImages removes the images that were on their way to be promoted. One that has
// another name too only loses this one, and one with a container stays.
func sweepImages(ctx context.Context, api client.APIClient, self owner) {
	list, err := api.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", ownedPrefix+"*"))})
	if err != nil {
		return
	}
	for _, i := range list {
		for _, tag := range i.RepoTags {
			name, _, _ := strings.Cut(tag, ":")
			if o, ok := readOwner(name); ok && o.dead(self, false) {
				_, _ = api.ImageRemove(ctx, tag, image.RemoveOptions{}) // see sweep
			}
		}
	}
}
