package backends

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
)

// ShellText is the command as POSIX shell text that becomes the command by exec: no
// shell stays in between to swallow a signal.
func ShellText(cmd Command) (string, error) {
	if err := CheckCommand(cmd); err != nil {
		return "", err
	}
	var s strings.Builder
	if dir := cmd.Dir; dir != "" {
		if !strings.HasPrefix(dir, "/") {
			// Else cd takes "-" for the previous directory and searches CDPATH.
			dir = "./" + dir
		}
		s.WriteString("cd " + Quote(dir) + " || exit 127; ")
	}
	s.WriteString("exec ")
	switch {
	case len(cmd.Env) == 0 && strings.HasPrefix(cmd.Args[0], "-"):
		s.WriteString("-- ")
	case len(cmd.Env) > 0:
		// env, and not export: a shell refuses names that are not identifiers and
		// guards some of its own variables.
		s.WriteString("env -- " + Quote(cmd.Env...) + " ")
		if strings.Contains(cmd.Args[0], "=") {
			// env would take the program for another variable.
			s.WriteString(`sh -c 'exec "$@"' sh `)
		}
	}
	s.WriteString(Quote(cmd.Args...))
	if cmd.Stdin == nil {
		s.WriteString(" </dev/null")
	}
	return s.String(), nil
}

// OwnShell returns what a command runs that is nothing but a shell which ends with its
// input. A shell that is there already may run that in place of starting another one.
func OwnShell(cmd Command) (text string, is bool) {
	if !cmd.EndsWithStdin || cmd.Stdin == nil || cmd.Dir != "" || len(cmd.Env) > 0 ||
		len(cmd.Args) != 3 || cmd.Args[0] != "sh" || cmd.Args[1] != "-c" {
		return "", false
	}
	return cmd.Args[2], true
}

// CheckCommand says what is wrong with a command that no process can be started by.
func CheckCommand(cmd Command) error {
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

// ByInput is short shell text for a script that is too long for a list of arguments. The
// script goes ahead of stdin as a line; read takes one byte at a time, hence leaves the
// rest alone. (A shell whose printf is a program, such as mksh, says "Argument list too
// long".)
func ByInput(script string) (text, ahead string) {
	name := NewVariable()
	return `IFS= read -r ` + name + ` && eval "$(printf %b "$` + name + `")"`, Escape(script) + "\n"
}

// NewVariable is the name of a variable that nobody has: to set one that is exported would
// change it for the command.
func NewVariable() string { return "v" + rand.Text() }

// Escape writes text for printf %b (POSIX: \0 and up to three octal digits) so
// that it stands unchanged between double quotes of a POSIX shell within single
// quotes of any login shell: csh expands ! even there and ends at a newline, fish
// reads \\ and \' there.
func Escape(text string) string {
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
