// Package ssh runs processes on hosts over SSH, under the scheme ssh:
//
//	ssh://deploy@web1
//	ssh://[2001:db8::7]:2222?identity=~/.ssh/deploy&known_hosts=./known_hosts
//
// # Settings
//
// Host, user, port, keys, jump hosts and proxies come from the user's ssh_config, as
// OpenSSH's client understands it where it is installed (ssh -G), and as far as we
// read it ourselves where not. What stands in the URI wins. Options of the URI:
//
//	ssh_config=FILE               read FILE and nothing else; "none" reads nothing
//	identity=FILE                 offer this key first; may be given several times
//	known_hosts=FILE              believe the host keys in FILE alone
//	host_key=strict|accept-new    whether an unknown host's key is added to the file
//
// known_hosts, host_key and identity hold for jump hosts as well. Variables:
// HOSTSPEC_SSH_CONFIG is ssh_config where the URI does not say;
// HOSTSPEC_SSH_PASSPHRASE opens encrypted keys; HOSTSPEC_SSH_PASSWORD answers the
// target's password prompts, and no jump host's.
//
// Key exchanges, ciphers, MACs, host keys and signatures are those that ssh_config
// allows (KexAlgorithms and its like). OpenSSH's client knows some that are not known
// here: exec:ssh HOST leaves the connection to it.
//
// # Host keys
//
// A host whose key is unknown or has changed is UNREACHABLE, except that accept-new
// adds unknown ones, and except for a host of which ssh_config says that its key is not
// to be kept: StrictHostKeyChecking no together with UserKnownHostsFile /dev/null, as
// Vagrant prints. Every report notes then that the key was not verified. host_key and
// known_hosts in the URI win. A changed key is never accepted.
//
// # Processes
//
// A command travels whole in the exec request, in a form that no login shell
// misreads, and a POSIX sh on the target becomes the command. What the login
// shell's rc files print stands before the command's own output.
//
// A command given up by its context is killed with its process group by sshd. OpenSSH
// refuses that for logins as root and under ForceCommand; there, on Linux, another
// session looks for the group's members in /proc and kills them. What has left the
// group, what runs as another user, and what is on a host that can no longer be
// reached, is not killed.
package ssh
