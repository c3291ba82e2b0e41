package remote

import "strconv"

// groupKiller, behind p=NUMBER, kills the members of the process group that p is in, one by one: what
// a negative number means to kill differs from shell to shell, and the mistake
// would be everybody's end. All are stopped first, until no new one is found, so that
// none sees another die and does something about it. A server that gives its
// processes no group of their own shares it with this script too; then p alone is
// killed. The fields are those of proc(5), /proc/pid/stat.
const groupKiller = `exec 2>/dev/null
group() { sed "s/.*) . [0-9]* \\([0-9]*\\) .*/\\1/" /proc/$1/stat; }
members() { grep -lsE "^[0-9]+ \\(.*\\) [^$1] [0-9]+ $g " /proc/[0-9]*/stat; }
send() { for p in $f; do p=${p#/proc/}; kill -s $1 "${p%/stat}"; done; }
g=$(group $p) && test "$g" -gt 1 || exit
if test "$g" = "$(group $$)"; then kill -s KILL $p; exit; fi
for n in 1 2 3 4 5 6 7 8 9; do f=$(members ZTX); test -n "$f" || break; send STOP; done
for n in 1 2 3; do f=$(members ZX); test -n "$f" || break; send KILL; done`

// GroupKiller is shell text that kills a process of the target and its group.
func GroupKiller(pid int) string { return "p=" + strconv.Itoa(pid) + "\n" + groupKiller }
