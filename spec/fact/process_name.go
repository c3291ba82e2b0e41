package fact

import (
	"path"
	"slices"
	"strings"
)

// A Verdict answers a question that what was read may leave open.
type Verdict int

// The three answers.
const (
	No Verdict = iota
	Yes
	Unsure
)

// Named reports whether people call the process by a name. A process has several:
//
//   - the base name of its program, unless that is many programs in one (busybox),
//   - the base name of its first argument, without the "-" of a login shell; of a
//     title that was put there ("php-fpm: pool www") what precedes the colon,
//   - the base name of the script that it interprets, or of Java's archive or class,
//   - what the kernel calls it, unless that may be cut off.
//
// Unsure is the answer where the name of the program may not be read and the kernel's
// name may be this one cut off, or where a title has replaced the arguments of an
// interpreter. Threads of the kernel and zombies have no name.
func (p *Process) Named(name string) Verdict {
	if name == "" || p.Zombie() || p.Kernel() {
		return No
	}
	named := false
	p.names(func(n string) bool {
		named = n == name
		return !named
	})
	switch {
	case named:
		return Yes
	case p.maybe(name):
		return Unsure
	}
	return No
}

// Name is the name that shows best what the process is; empty where nothing does.
func (p *Process) Name() string {
	best := ""
	if !p.Zombie() && !p.Kernel() {
		p.names(func(n string) bool { best = n; return false })
	}
	return best
}

// names yields the names of the process, the best one first, some of them twice,
// until yield returns false.
func (p *Process) names(yield func(string) bool) {
	exe := p.program()
	if exe != "" && !multiCall(exe) && !yield(exe) {
		return
	}
	if !argumentNames(p.Args, exe, yield) {
		return
	}
	if script := p.scriptOfComm(exe); script != "" && !yield(script) {
		return
	}
	if p.Comm != "" && len(p.Comm) < maxComm && !multiCall(p.Comm) {
		yield(p.Comm)
	}
}

// program is the base name of the program; empty where it is not known.
func (p *Process) program() string {
	if p.Exe == "" {
		return ""
	}
	return path.Base(strings.TrimSuffix(p.Exe, " (deleted)"))
}

// multiCall reports whether a program is many in one, which it tells apart by its
// first argument. What such a process is called is not the program's own name.
func multiCall(program string) bool {
	name, _, _ := strings.Cut(program, ".") // busybox.static
	name, _, _ = strings.Cut(name, "-")     // toybox-x86_64
	return name == "busybox" || name == "toybox" || program == "coreutils"
}

// argumentNames yields the names that a command line gives, until yield returns
// false, which it returns then. exe is the base name of the program, or empty.
func argumentNames(args []string, exe string, yield func(string) bool) bool {
	if len(args) == 0 || args[0] == "" {
		return true
	}
	first := invoked(args[0])
	if !yield(first) {
		return false
	}
	if login, ok := strings.CutPrefix(first, "-"); ok {
		if first = login; !yield(first) {
			return false
		}
	}
	if multiCall(first) {
		return argumentNames(applet(args[1:]), "", yield)
	}
	lang := interpreterOf(exe)
	if lang == nil {
		lang = interpreterOf(first)
	}
	if lang == nil {
		return true
	}
	run := lang.run(args[1:])
	if lang.loads {
		return argumentNames(run, "", yield)
	}
	if len(run) == 0 {
		return true
	}
	for _, name := range lang.called(run[0]) {
		if !yield(name) {
			return false
		}
	}
	return true
}

// invoked is the name that a first argument gives: its base name, or what precedes
// the colon of a title.
func invoked(arg string) string {
	if title, _, ok := strings.Cut(arg, ": "); ok && !strings.Contains(title, "/") {
		return title
	}
	return path.Base(arg)
}

// applet is the command line of an applet that was called by the program of many:
// busybox httpd -f.
func applet(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	if name, ok := strings.CutPrefix(args[0], "--coreutils-prog="); ok {
		return append([]string{name}, args[1:]...)
	}
	if strings.HasPrefix(args[0], "-") {
		return nil
	}
	return args
}

// scriptOfComm is the name of the script of an interpreter that is not known to us,
// where the kernel's name is that of the script, cut off: the kernel takes the name
// of what was executed.
func (p *Process) scriptOfComm(exe string) string {
	if exe == "" || len(p.Comm) != maxComm || strings.HasPrefix(exe, p.Comm) || len(p.Args) == 0 {
		return ""
	}
	for _, arg := range p.Args[1:] {
		if name := path.Base(arg); strings.HasPrefix(name, p.Comm) {
			return name
		}
	}
	return ""
}

// maybe reports whether a process that has none of the names known may have this
// one.
func (p *Process) maybe(name string) bool {
	exe := p.program()
	if exe == "" && len(p.Comm) == maxComm && strings.HasPrefix(name, p.Comm) {
		return true
	}
	if len(p.Args) == 0 {
		return false
	}
	first := strings.TrimPrefix(invoked(p.Args[0]), "-")
	// A title without a colon may name anything.
	inTitle := title(p.Args) && first == path.Base(p.Args[0]) && holdsWord(p.Args[0], name)
	if exe == "" {
		return sameInterpreter(first, name) || inTitle
	}
	if lang := interpreterOf(exe); lang == nil || lang == interpreterOf(first) {
		return false
	}
	return inTitle || title(p.Args) && sameInterpreter(exe, name)
}

// title reports whether arguments look like a title that has replaced them.
func title(args []string) bool {
	return strings.Contains(args[0], " ") && !slices.ContainsFunc(args[1:], func(a string) bool { return a != "" })
}

// holdsWord reports whether a word stands somewhere in a text.
func holdsWord(text, word string) bool {
	partOfWord := func(c byte) bool {
		return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("._-+", c) >= 0
	}
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(word)
		if (i == 0 || !partOfWord(text[i-1])) && (end == len(text) || !partOfWord(text[end])) {
			return true
		}
		from = i + 1
	}
}
