package backends

import (
	"strconv"
	"strings"
)

// KillTree is shell text that kills a process, all its descendants, and the rest of
// its process group where the shell that runs the text is not in that group itself. It
// runs in a shell of its own, as `sh -c TEXT` does.
func KillTree(pid int) string {
	return killStart + `[ "$me" = $$ ] && top=` + strconv.Itoa(pid) + ` keep= harmless= && read -r l </proc/$top/stat || exit
set -- ${l##*")" }; g=$3; [ "$g" != "$mine" ] || g=none
` + killTree
}

// Guard is KillTree for a shell that waits until its input ends. A line of input has it
// end without killing anything.
func Guard(pid int) string { return guardStart + KillTree(pid) }

const guardStart = "read -r x && exit\n" + killStart

// IsGuard reports whether text is of Guard.
func IsGuard(text string) bool { return strings.HasPrefix(text, guardStart) }

// KillDescendants is shell text for a background process of a shell. It kills all other
// descendants of that shell, and what they left behind in its process group where the
// shell leads that. The shell itself lives, and waits for its children. Where what they do
// is harmless, all of them may go on for a moment and wait for theirs.
func KillDescendants(harmless bool) string {
	may := ""
	if harmless {
		may = "yes"
	}
	return killStart + `top=$$ keep=$$ harmless=` + may + `; g=$mine; [ "$g" = $$ ] || g=none
[ "$2" = $$ ] || [ "$g" = $$ ] || exit
` + killTree
}

// killStart finds out who runs the text: me, in the process group mine. Where /proc is
// missing, or is that of another PID namespace, nothing is killed: then the number of a
// process means another one, or nothing. The fields are those of proc(5),
// /proc/pid/stat.
const killStart = `set +efux; trap '' TERM HUP USR1; exec >/dev/null 2>&1; IFS=' '
read -r l </proc/self/stat || exit; me=${l%% *}; set -- ${l##*")" }; mine=$3
`

// killTree stops all processes first, so that none starts another or does something
// about the death of another. Then it kills those that have no children. Their parents
// should run for a moment to take note of it: else the dead stay for ever as zombies where
// the first process of a container waits for nobody. But none is to go on with its work.
// So a parent that catches SIGTERM or SIGINT, as shells do that wait, is sent that, and
// continued when its child is dead, for longer and longer until it has ended. One that
// catches neither is killed, unless all that is done there is harmless. Since shells end
// for SIGINT when their child has died of it, too, a child is sent that first, and killed
// when it is still there. Only what the shell does itself is used, because there may be no
// room for another process. Never write `kill -9 -GROUP`: what that means differs from
// shell to shell, and a mistake kills all there is.
//
// The kernel's threads and the first process are in the group 0, so that 0 must never
// stand for no group at all; a family with the first process in it is never ours.
const killTree = `[ "$g" = none ] || [ "$g" -gt 1 ] || exit
[ "$top" -gt 1 ] || exit
others=' ' was=' ' asked=' ' told=' ' last= d=1
read -r l x </proc/uptime; end=$((${l%%.*}+6))
while read -r l x </proc/uptime && [ "${l%%.*}" -lt $end ]; do
	all=
	for p in /proc/[0-9]*; do
		p=${p#/proc/}
		case $others in *" $p "*) continue;; esac
		read -r l </proc/$p/stat || continue
		set -- ${l##*")" }
		all="$all $p:$2:$3:$1"
	done
	family=" $top " more=1
	while [ $more ]; do
		more=
		for e in $all; do
			IFS=:; set -- $e; IFS=' '
			case $family in *" $1 "*) continue;; esac
			[ $1 != $me ] || continue
			case $family:$3: in *" $2 "*|*":$g:") family="$family$1 " more=1;; esac
		done
	done
	case $family in *' 1 '*) exit;; esac
	trap '' TERM
	[ "$others" != ' ' ] || for e in $all; do
		p=${e%%:*}
		case $family in *" $p "*) ;; *) others="$others$p ";; esac
	done
	alive= grieving= dead= stopped=' '
	for e in $all; do
		p=${e%%:*} child=
		case $family$e in *" $p "*[ZX]) continue;; *" $p "*) ;; *) continue;; esac
		[ $p != "$keep" ] || continue
		alive=1
		case $e in
		*[Tt]) stopped="$stopped$p ";;
		*)
			kill -s STOP $p
			while read -r l x; do case $l$x in SigCgt:*[4-7c-f]???) kill -s TERM $p; told="$told$p ";; SigCgt:*[2367abef]) kill -s INT $p; told="$told$p ";; esac; done </proc/$p/status
			continue;;
		esac
		case $was in *" $p "*) ;; *) continue;; esac
		for x in $all; do
			case $x in $me:*) ;; *:$p:*:[ZX]) child=${child:-dead} dead=$dead${x%%:*}:;; *:$p:*:?) child=alive;; esac
		done
		case $child$asked in
		dead*) case $told$harmless in *" $p "*|*yes) grieving="$grieving $p";; *) kill -s KILL $p;; esac;;
		alive*) ;;
		*" $p "*) kill -s KILL $p;;
		*) asked="$asked$p "; kill -s INT $p; kill -s CONT $p;;
		esac
	done
	was=$stopped
	[ $alive ] || break
	[ "$grieving" ] || continue
	d=$((d*2)); [ "$dead" = "$last" ] && [ $d -lt 100000 ] || d=1
	last=$dead was=' '
	for p in $grieving; do kill -s CONT $p; done
	i=$d; while [ $i -gt 0 ]; do i=$((i-1)); done
	for p in $grieving; do kill -s STOP $p; done
done
for p in $family; do [ $p = "$keep" ] || kill -s KILL $p; done
:
`
