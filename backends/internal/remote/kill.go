package remote

import "github.com/hostspec/hostspec/backends"

// GroupKiller is shell text that kills a process of the target, all its descendants, and
// its group. A server that gives its processes no group of their own shares that with
// this script too; then the group is left alone.
func GroupKiller(pid int) string { return backends.KillTree(pid) }
