package rig

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// bootTimeout is generous: a boot takes about two seconds, on a machine that is
// busy with other packages' tests a good deal longer.
const bootTimeout = 10 * time.Minute

// A Machine is a Debian of its own in a Docker container, with systemd or another
// init system as PID 1 and OpenSSH's sshd. What is on it (accounts, units, packages in every state)
// is written in .ci/image. Below /data lies a file system that knows the
// attributes of chattr(1).
type Machine struct {
	// ID is the container's ID.
	ID string
	// IP is the machine's IPv4 address, reachable from this host.
	IP string
	// Identity is a file with a private key that is let in as any account.
	Identity string
	// KnownHosts is a file in the format of known_hosts(5) that knows the
	// machine's host key.
	KnownHosts string
	// SSHConfig is an empty ssh_config(5), so that nobody's own settings come
	// into a test.
	SSHConfig string
}

// An Option changes how a Machine is started.
type Option func(*options)

type options struct {
	dockerArgs []string
	// image is the variant of the test image, by the name that .ci/inits takes;
	// empty is the test image itself.
	image string
	// first is the command of PID 1; systemd where it is nil.
	first []string
	// startSSH has the rig start sshd, since nothing else does.
	startSSH bool
}

// DockerArgs adds arguments to "docker create", such as "--cap-add", "NET_ADMIN".
func DockerArgs(args ...string) Option {
	return func(o *options) { o.dockerArgs = append(o.dockerArgs, args...) }
}

// WithoutSystemd makes sshd PID 1: systemctl is there and cannot be asked.
func WithoutSystemd() Option {
	return func(o *options) { o.first = []string{"sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -D"} }
}

// WithInit boots another init system as PID 1: "sysvinit", "openrc" or "runit". The
// same services are enabled as under systemd.
func WithInit(name string) Option {
	return func(o *options) {
		o.image, o.first = name, []string{"/sbin/init"}
		if name == "openrc" {
			o.first = []string{"/sbin/openrc-init"}
		}
	}
}

// WithFirst makes a command PID 1, on a machine that has supervisor and s6 and on
// which no init system runs but what the command is. The rig starts its sshd.
func WithFirst(command ...string) Option {
	return func(o *options) { o.image, o.first, o.startSSH = "supervisors", command, true }
}

// StartMachine boots a machine and removes it when the test ends. Without a
// working Docker the test is skipped, by Skip with the key "docker".
func StartMachine(tb testing.TB, opts ...Option) *Machine {
	tb.Helper()
	needDocker(tb)
	m, err := start(tb.Context(), tb.TempDir(), opts)
	if m != nil {
		// The test's context has ended by the time of the cleanup.
		ctx := context.WithoutCancel(tb.Context())
		tb.Cleanup(func() {
			if err := m.remove(ctx); err != nil {
				tb.Error(err)
			}
		})
	}
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// start returns a machine beside an error when there is something to remove.
func start(ctx context.Context, dir string, opts []Option) (*Machine, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bootTimeout+imageTimeout, errors.New("the test machine did not start in time"))
	defer cancel()
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	image, err := prepare(ctx)
	if err == nil && o.image != "" {
		image, err = variant(ctx, o.image)
	}
	if err != nil {
		return nil, err
	}
	owner, err := thisProcess()
	if err != nil {
		return nil, err
	}
	args := []string{"create", "--label", ownerLabel + "=" + owner.String(),
		"--tmpfs", "/run", "--tmpfs", "/run/lock", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:ro",
		// An anonymous volume lies on the host's own file system, not on overlayfs.
		"--volume", "/data",
		// What root of a real machine may do, and what the tests need of it.
		"--cap-add", "SYS_PTRACE", "--cap-add", "LINUX_IMMUTABLE",
		// Docker turns IPv6 off where its network has none.
		"--sysctl", "net.ipv6.conf.all.disable_ipv6=0"}
	args = append(args, o.dockerArgs...)
	args = append(args, image)
	if o.first == nil {
		args = append(args, "/sbin/init")
	}
	args = append(args, o.first...)
	id, err := docker(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	m := &Machine{
		ID:         strings.TrimSpace(id),
		Identity:   filepath.Join(dir, "machine_key"),
		KnownHosts: filepath.Join(dir, "machine_known_hosts"),
		SSHConfig:  filepath.Join(dir, "machine_ssh_config"),
	}
	return m, m.boot(ctx, o)
}

func (m *Machine) boot(ctx context.Context, o options) error {
	hostKey, err := m.installKeys(ctx)
	if err != nil {
		return err
	}
	if _, err := docker(ctx, nil, "start", m.ID); err != nil {
		return err
	}
	ip, err := docker(ctx, nil, "inspect", "--format", "{{.NetworkSettings.IPAddress}}", m.ID)
	if err != nil {
		return err
	}
	m.IP = strings.TrimSpace(ip)
	known := []byte(m.IP + " " + string(ssh.MarshalAuthorizedKey(hostKey)))
	if err := os.WriteFile(m.KnownHosts, known, 0o600); err != nil {
		return err
	}
	if o.startSSH {
		if _, err := docker(ctx, nil, "exec", m.ID, "sh", "-c", "mkdir -p /run/sshd && /usr/sbin/sshd"); err != nil {
			return err
		}
	}
	if o.first != nil {
		return m.awaitSSH(ctx)
	}
	return m.awaitSystemd(ctx)
}

// installKeys makes the machine's keys and puts them where its sshd looks for
// them.
func (m *Machine) installKeys(ctx context.Context) (hostKey ssh.PublicKey, err error) {
	clientPublic, clientPrivate, err := newKey()
	if err != nil {
		return nil, err
	}
	hostKey, hostPrivate, err := newKey()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(m.Identity, clientPrivate, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(m.SSHConfig, nil, 0o600); err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range []struct {
		name    string
		mode    int64
		content []byte
	}{
		{"etc/ssh/rig_host_key", 0o600, hostPrivate},
		{"etc/ssh/rig_keys", 0o644, ssh.MarshalAuthorizedKey(clientPublic)},
	} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: time.Now()}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	_, err = docker(ctx, &archive, "cp", "-", m.ID+":/")
	return hostKey, err
}

func newKey() (ssh.PublicKey, []byte, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "hostspec test rig")
	if err != nil {
		return nil, nil, err
	}
	key, err := ssh.NewPublicKey(public)
	return key, pem.EncodeToMemory(block), err
}

// awaitSystemd waits for the end of the boot. "degraded" is a good end: the
// image has a unit that fails on purpose.
func (m *Machine) awaitSystemd(ctx context.Context) error {
	return m.await(ctx, func() (string, bool) {
		// It exits 1 for anything but "running", also before there is a bus.
		state, err := docker(ctx, nil, "exec", m.ID, "systemctl", "is-system-running", "--wait")
		state = strings.TrimSpace(state)
		if state == "running" || state == "degraded" {
			return "", true
		}
		return fmt.Sprintf("systemd says %q (%v)", state, err), false
	})
}

func (m *Machine) awaitSSH(ctx context.Context) error {
	return m.await(ctx, func() (string, bool) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(m.IP, "22"))
		if err != nil {
			return err.Error(), false
		}
		conn.Close()
		return "", true
	})
}

func (m *Machine) await(ctx context.Context, ready func() (why string, ok bool)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		why, ok := ready()
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			logs, _ := docker(context.WithoutCancel(ctx), nil, "logs", "--tail", "20", m.ID)
			return fmt.Errorf("boot test machine %.12s: %w; last seen: %s\n%s", m.ID, context.Cause(ctx), why, logs)
		}
	}
}

// Addr is the address of the machine's sshd, as host:port.
func (m *Machine) Addr() string { return net.JoinHostPort(m.IP, "22") }

// URI is the target's URI for an account of the machine. Options, each as
// NAME=value, come in addition to those that name the rig's key, known hosts and
// ssh_config, or in place of them.
func (m *Machine) URI(user string, options ...string) string {
	q := url.Values{
		"identity":    {m.Identity},
		"known_hosts": {m.KnownHosts},
		"ssh_config":  {m.SSHConfig},
	}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		q.Set(name, value)
	}
	return "ssh://" + user + "@" + m.Addr() + "?" + q.Encode()
}

// Exec runs a script by sh as root on the machine, not over SSH, and returns
// what it printed. The test ends here when the script exits with anything but 0.
func (m *Machine) Exec(tb testing.TB, script string) string {
	tb.Helper()
	stdout, stderr, code := m.TryExec(tb, script)
	if code != 0 {
		tb.Fatalf("on the test machine: exit %d\n%s\n%s%s", code, script, stdout, stderr)
	}
	return stdout
}

// TryExec is Exec for scripts that may fail.
func (m *Machine) TryExec(tb testing.TB, script string) (stdout, stderr string, code int) {
	tb.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(tb.Context(), "docker", "exec", m.ID, "sh", "-c", script)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() < 0 {
			tb.Fatalf("docker exec: %v", err)
		}
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// WriteFile writes a file of root's on the machine, with the folders above it.
func (m *Machine) WriteFile(tb testing.TB, name string, content []byte, mode os.FileMode) {
	tb.Helper()
	const script = `mkdir -p -- "$(dirname -- "$1")" && cat > "$1" && chmod -- "$2" "$1"`
	_, err := docker(tb.Context(), bytes.NewReader(content), "exec", "-i", m.ID, "sh", "-c", script, "sh",
		name, fmt.Sprintf("%o", mode.Perm()))
	if err != nil {
		tb.Fatalf("write %s on the test machine: %v", name, err)
	}
}

// Stop removes the machine at once, as if its power had been cut. It may be
// called more than once.
func (m *Machine) Stop(tb testing.TB) {
	tb.Helper()
	if err := m.remove(context.WithoutCancel(tb.Context())); err != nil {
		tb.Fatal(err)
	}
}

func (m *Machine) remove(ctx context.Context) error { return removeContainer(ctx, m.ID) }
