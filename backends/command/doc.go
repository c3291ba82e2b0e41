// Package command runs processes by way of any command that starts a shell somewhere
// else, under the scheme exec:
//
//	exec:kubectl exec -i pod --
//	exec:podman exec -i web
//	exec:lxc-attach -n web --
//	exec:nsenter --all --target 4711
//	exec:chroot /srv/root
//	exec:ssh -o ControlMaster=auto -o ControlPath=~/.ssh/%C -o ControlPersist=60 web1
//
// The words of the prefix follow the quoting of the POSIX shell (backslash, single
// and double quotes) and are otherwise taken as they stand: nothing is expanded, so
// that only the program itself can give ~ or $HOME a meaning.
//
// # How
//
// Each process is one run of PREFIX sh, which reads what it has to do from its stdin.
// So it is all the same whether a prefix passes words on as they are (docker, kubectl,
// nsenter, chroot) or has a remote shell read them (ssh), and which shell that is; and
// no list of processes shows more than the command itself. A random word before and after what
// the process prints, on each of both streams, tells its output from what the prefix
// and login shells say, and brings its exit code, so that it does not matter how the
// prefix itself ends. The first process takes the shell that was started to see
// whether the target can be reached.
//
// The prefix must pass stdin on (-i of docker, podman and kubectl), keep stdout and
// stderr apart (no -t; machinectl shell cannot: use nsenter, or systemd-run --machine=M
// --quiet --pipe --wait), and lead to the same target each time (a pod, not a
// deployment). It has no terminal: what needs a password fails at once or when
// connect_timeout has passed. Variables such as HOSTSPEC_SSH_PASSWORD are kept from it.
// ssh with ControlMaster wants ControlPersist too, or all ends with the process that
// came first.
//
// # Limits
//
// At most 8 processes run at once. How a signal ended a process is told by exit code
// 128+n alone. A command given up by its context is killed with its process group: one
// more run of the prefix looks for the group's members in /proc of the target, which is
// to be a Linux. What has left the group, what runs as another user, and what is on a
// target that can no longer be reached, is not killed.
package command
