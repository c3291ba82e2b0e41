package fact

import (
	"path"
	"slices"
	"strings"
)

// An interpreter is a program that people name by what it runs. Its options are
// told apart by whether a value follows them.
type interpreter struct {
	names []string // without a version
	// letters are the options of one letter that take a value, either attached or
	// as the next argument. They may stand at the end of several: -eo pipefail.
	letters string
	// attached are those whose value, if they have one, is attached.
	attached string
	// code are those after which there is no script: what is run follows itself.
	code      string
	codeWords []string
	// module are those whose value names what is run.
	module string
	// words are the long options, with their dashes, whose value is the next
	// argument.
	words []string
	// script are the words among them whose value is the script or the like.
	script []string
	// whole says that options of one dash are words, too: java -cp.
	whole bool
	// plus says that options may begin with "+", too.
	plus bool
	// loads says that what it runs is a program with arguments of its own, which
	// names the process as if it had been executed itself.
	loads bool
	// class says that what it runs may be the name of a class.
	class bool
}

var interpreters = []*interpreter{
	{names: []string{"sh", "dash", "bash", "ash", "rbash", "ksh", "ksh93", "rksh", "mksh", "lksh", "pdksh", "zsh", "yash", "hush"},
		letters: "oOA", code: "cs", plus: true, words: []string{"--rcfile", "--init-file", "--emulate"}},
	{names: []string{"fish"}, letters: "CdDf", code: "c", words: []string{"--init-command", "--debug", "--debug-output", "--features", "--profile", "--profile-startup"}},
	{names: []string{"csh", "tcsh", "bsd-csh"}, code: "c"},
	{names: []string{"python", "platform-python", "pypy"}, letters: "WXQ", code: "c", module: "m", words: []string{"--check-hash-based-pycs"}},
	{names: []string{"perl"}, letters: "I", attached: "MmxiDFV", code: "eE"},
	{names: []string{"ruby", "jruby", "truffleruby"}, letters: "CEIrX", attached: "xiKFW", code: "e",
		words: []string{"--encoding", "--external-encoding", "--internal-encoding", "--enable", "--disable", "--dump", "--backtrace-limit"}},
	{names: []string{"node", "nodejs", "iojs"}, letters: "rC", code: "ep", codeWords: []string{"--eval", "--print"}, words: []string{
		"--require", "--import", "--loader", "--experimental-loader", "--conditions", "--env-file", "--env-file-if-exists", "--title", "--input-type", "--icu-data-dir",
		"--openssl-config", "--inspect-port", "--debug-port", "--redirect-warnings", "--report-dir", "--report-directory", "--report-filename", "--disable-warning",
		"--stack-trace-limit", "--watch-path"}},
	{names: []string{"php", "php-cli"}, letters: "cdzSt", code: "rBREF", module: "f", words: []string{"--php-ini", "--define", "--zend-extension"}, script: []string{"--file"}},
	{names: []string{"lua", "luajit", "texlua"}, letters: "le"},
	{names: []string{"tclsh", "wish"}},
	{names: []string{"java"}, whole: true, class: true, words: []string{
		"-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path", "--add-modules", "--limit-modules", "--add-reads", "--add-exports", "--add-opens",
		"--patch-module", "--enable-native-access", "--source", "-d", "--describe-module"},
		script: []string{"-m", "--module"}},
	{names: []string{"dotnet", "mono"}, words: []string{"--additionalprobingpath", "--additional-deps", "--depsfile", "--fx-version", "--roll-forward", "--runtimeconfig"}},
	// The loader of programs, which may be asked to load one by hand.
	{names: []string{"ld.so", "ld-linux.so", "ld-linux-x86-64.so", "ld-linux-aarch64.so", "ld-linux-armhf.so", "ld-musl-x86_64.so", "ld-musl-aarch64.so"},
		loads: true, words: []string{"--library-path", "--argv0", "--preload", "--audit", "--inhibit-rpath", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask"}},
}

// interpreterOf finds the interpreter that a program is, by its base name with or
// without a version; nil where it is none.
func interpreterOf(program string) *interpreter {
	if program == "" {
		return nil
	}
	bare := withoutVersion(program)
	for _, i := range interpreters {
		if slices.Contains(i.names, program) || slices.Contains(i.names, bare) {
			return i
		}
	}
	return nil
}

// withoutVersion is python of python3.11.
func withoutVersion(program string) string {
	return strings.TrimSuffix(strings.TrimRight(program, "0123456789."), "-")
}

// sameInterpreter reports whether an interpreter that was called by one name may be
// a program of another one: python3 is a link to python3.11, and sh to dash.
func sameInterpreter(called, program string) bool {
	lang := interpreterOf(called)
	return lang != nil && lang == interpreterOf(program) && (called == "sh" || withoutVersion(called) == withoutVersion(program))
}

// run returns the arguments from what is run on; nil where that is not a file, a
// module or a class.
func (l *interpreter) run(args []string) []string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return args[i+1:]
		case slices.Contains(l.script, arg):
			return args[i+1:]
		case arg == "-", arg == "", slices.Contains(l.codeWords, arg):
			return nil // it reads its standard input, or an argument
		case slices.Contains(l.words, arg):
			i++
		case strings.HasPrefix(arg, "--"), l.whole && arg[0] == '-', l.class && arg[0] == '@':
			for _, word := range l.script {
				if value, ok := strings.CutPrefix(arg, word+"="); ok {
					return []string{value}
				}
			}
		case arg[0] == '-', l.plus && arg[0] == '+':
			run, next, done := l.cluster(arg[1:], args[i+1:])
			if done {
				return run
			}
			if next {
				i++
			}
		default:
			return args[i:]
		}
	}
	return nil
}

// cluster reads options of one letter that stand together. next says that the last
// one takes the next argument; done that nothing else need be looked at.
func (l *interpreter) cluster(options string, following []string) (run []string, next, done bool) {
	for i := range len(options) {
		attached := options[i+1:]
		switch c := options[i]; {
		case strings.IndexByte(l.code, c) >= 0:
			return nil, false, true
		case strings.IndexByte(l.module, c) >= 0 && attached != "":
			return append([]string{attached}, following...), false, true
		case strings.IndexByte(l.module, c) >= 0:
			return following, false, true
		case strings.IndexByte(l.letters, c) >= 0:
			// A shell's options take the next argument even when more letters
			// follow; all others take what is attached.
			return nil, attached == "" || l.plus, false
		case strings.IndexByte(l.attached, c) >= 0, c == ':':
			return nil, false, false
		}
	}
	return nil, false, false
}

// called are the names that what is run gives: the base name of a file, or a class
// with and without its package.
func (l *interpreter) called(what string) []string {
	file := path.Base(what) // of module/class, too
	class := file[strings.LastIndexByte(file, '.')+1:]
	if l.class && class != "" && class[0] >= 'A' && class[0] <= 'Z' {
		return []string{file, class}
	}
	return []string{file}
}
