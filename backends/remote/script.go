package remote

import (
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
	exec, ahead = backends.ByInput(script)
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
		plain, ahead = backends.ByInput(script)
	case cmd.Stdin != nil:
		plain, ahead = "read -r "+backends.NewVariable()+"; "+plain, "\n"
	}
	return []string{sh, "-c", plain}, ahead, nil
}

// Wrap makes shell text one line that any login shell hands to sh unchanged.
func Wrap(script string) string { return `sh -c '` + evaluate(script) + `'` }

// evaluate is a script as one line of printable ASCII that may stand between single
// quotes of any login shell. It is evaluated by the shell that reads it, which needs a
// process to make it out where escape has to.
func evaluate(script string) string {
	if encoded.MatchString(script) {
		return `eval "$(printf %b "` + backends.Escape(script) + `")"`
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
// would be that of another one.
func ownScript(cmd backends.Command, mark string) (string, error) {
	if text, is := backends.OwnShell(cmd); is {
		return beginning(mark) + text, backends.CheckCommand(cmd)
	}
	return Script(cmd, mark)
}

// beginning is what comes before a command. Our stderr begins with the mark and the
// process's number, for the killing of what sshd refuses to signal.
func beginning(mark string) string { return "echo " + mark + "$$ >&2; " + backends.AddToPath }

// Script is the command as POSIX shell text that becomes the command by exec.
func Script(cmd backends.Command, mark string) (string, error) {
	text, err := backends.ShellText(cmd)
	return beginning(mark) + text, err
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
