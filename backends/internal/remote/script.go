package remote

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/hostspec/hostspec/backends"
)

// maxRequest is how many bytes of exec request are sent. sshd hands the request
// to the login shell as one word, and Linux takes no word above 128 KiB
// (execve(2), MAX_ARG_STRLEN).
const maxRequest = 100_000

// Request makes the one line of shell text that a command is sent as, and what has
// to go ahead of its stdin when the line alone cannot hold it.
func Request(cmd backends.Command, mark string) (exec string, ahead string, err error) {
	script, err := ownScript(cmd, mark)
	if err != nil {
		return "", "", err
	}
	if exec = Wrap(script); len(exec) <= maxRequest {
		return exec, "", nil
	}
	exec, ahead = shorten(script)
	return `sh -c '` + exec + `'`, ahead, nil
}

// Argv makes the words that a command is sent as where words arrive as they are, and
// what has to go ahead of its stdin. They are valid UTF-8, since engines take them
// as JSON. sh is the shell that is there.
//
// A line goes ahead of each stdin. An engine may lose the end of an input that nothing
// came before: in containerd up to 1.6 at least, that closes one end of a pipe whose other
// end may not have been opened yet, and is then waited for without end. A byte arrives
// only once both are open.
func Argv(sh string, cmd backends.Command, mark string) (args []string, ahead string, err error) {
	script, err := ownScript(cmd, mark)
	if err != nil {
		return nil, "", err
	}
	plain := script
	if !utf8.ValidString(script) {
		plain = evaluate(script)
	}
	switch {
	case len(plain) > maxRequest:
		plain, ahead = shorten(script)
	case cmd.Stdin != nil:
		plain, ahead = "read -r "+newName()+"; "+plain, "\n"
	}
	return []string{sh, "-c", plain}, ahead, nil
}

// shorten is shell text for a script that is too long, which goes ahead of stdin as a
// line. read takes one byte at a time, hence leaves the rest of stdin alone. (A shell
// whose printf is a program, such as mksh, says "Argument list too long".)
func shorten(script string) (exec, ahead string) {
	name := newName()
	return `IFS= read -r ` + name + ` && eval "$(printf %b "$` + name + `")"`, escape(script) + "\n"
}

// newName is one that no variable has: read would change one that is exported.
func newName() string { return "v" + rand.Text() }

// Wrap makes shell text one line that any login shell hands to sh unchanged.
func Wrap(script string) string { return `sh -c '` + evaluate(script) + `'` }

// evaluate is a script as one line of printable ASCII that may stand between single
// quotes of any login shell. It is evaluated by the shell that reads it, which needs a
// process to make it out where escape has to.
func evaluate(script string) string {
	if encoded.MatchString(script) {
		return `eval "$(printf %b "` + escape(script) + `")"`
	}
	return `eval "` + doubleQuoted.Replace(script) + `"`
}

// encoded finds what some login shell reads even between single quotes, and what is
// no ASCII. csh leaves ! alone before a blank or =.
var encoded = regexp.MustCompile(`[^\n\t -~]|\\|![^ =]|!$`)

// doubleQuoted writes text so that it stands unchanged between double quotes of a POSIX
// shell within single quotes of any login shell. A newline is made of the IFS that each
// POSIX shell begins with.
var doubleQuoted = strings.NewReplacer(`"`, `\"`, "$", `\$`, "`", "\\`", "'", `'\''`, "\n", `${IFS#??}`)

// ownScript is Script for a shell that has nothing else to do, and no subshell, whose $$
// would be that of another one: where the command is a shell that ends with its input, it
// need not be started once more.
func ownScript(cmd backends.Command, mark string) (string, error) {
	if cmd.EndsWithStdin && cmd.Stdin != nil && len(cmd.Env) == 0 && len(cmd.Args) == 3 && cmd.Args[0] == "sh" && cmd.Args[1] == "-c" {
		begin, err := beginning(cmd, mark)
		return begin + cmd.Args[2], err
	}
	return Script(cmd, mark)
}

// beginning is what comes before a command: its mark and its place.
func beginning(cmd backends.Command, mark string) (string, error) {
	if err := Check(cmd); err != nil {
		return "", err
	}
	// Our stderr begins with the mark and the process's number, for the killing of
	// what sshd refuses to signal.
	text := "echo " + mark + "$$ >&2; " + backends.AddToPath
	if cmd.Dir == "" {
		return text, nil
	}
	dir := cmd.Dir
	if !strings.HasPrefix(dir, "/") {
		// Else cd takes "-" for the previous directory and searches CDPATH.
		dir = "./" + dir
	}
	return text + "cd " + backends.Quote(dir) + " || exit 127; ", nil
}

// Script is the command as POSIX shell text that becomes the command by exec: no
// shell stays in between to swallow a signal.
func Script(cmd backends.Command, mark string) (string, error) {
	begin, err := beginning(cmd, mark)
	if err != nil {
		return "", err
	}
	var s strings.Builder
	s.WriteString(begin)
	s.WriteString("exec ")
	switch {
	case len(cmd.Env) == 0 && strings.HasPrefix(cmd.Args[0], "-"):
		s.WriteString("-- ")
	case len(cmd.Env) > 0:
		// env, and not export: a shell refuses names that are no identifiers and
		// guards some of its own variables.
		s.WriteString("env -- " + backends.Quote(cmd.Env...) + " ")
		if strings.Contains(cmd.Args[0], "=") {
			// env would take the program for another variable.
			s.WriteString(`sh -c 'exec "$@"' sh `)
		}
	}
	s.WriteString(backends.Quote(cmd.Args...))
	if cmd.Stdin == nil {
		s.WriteString(" </dev/null")
	}
	return s.String(), nil
}

// Check says what is wrong with a command that no process can be started by.
func Check(cmd backends.Command) error {
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return errors.New("no command was given")
	}
	for _, word := range append(append([]string{cmd.Dir}, cmd.Args...), cmd.Env...) {
		if strings.ContainsRune(word, 0) {
			return fmt.Errorf("%q holds a NUL byte, which no process can be given", word)
		}
	}
	for _, pair := range cmd.Env {
		if name, _, ok := strings.Cut(pair, "="); !ok || name == "" {
			return fmt.Errorf("environment %q: want NAME=value", pair)
		}
	}
	return nil
}

// escape writes text for printf %b (POSIX: \0 and up to three octal digits) so
// that it stands unchanged between double quotes of a POSIX shell within single
// quotes of any login shell: csh expands ! even there and ends at a newline, fish
// reads \\ and \' there.
func escape(text string) string {
	var b strings.Builder
	b.Grow(len(text) * 3 / 2)
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || strings.IndexByte("'\"\\!$`%", c) >= 0 {
			fmt.Fprintf(&b, `\0%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Stdin is what the process reads, behind what has to go ahead of it.
func Stdin(cmd backends.Command, ahead string) io.Reader {
	switch {
	case ahead == "":
		return cmd.Stdin
	case cmd.Stdin == nil:
		return strings.NewReader(ahead)
	}
	return io.MultiReader(strings.NewReader(ahead), cmd.Stdin)
}
