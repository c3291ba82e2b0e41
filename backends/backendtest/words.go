package backendtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

var wordChecks = []Check{
	{"words arrive byte for byte", exactWords},
	{"many and long words", longWords},
	{"program with a hostile name", hostileProgram},
	{"environment", environment},
	{"directory", directory},
	{"directory that does not exist", noDirectory},
	{"NUL in a word is an error", nulWord},
	{"no program is an error", noProgram},
}

// hostileWords would each be something else to some shell, or to some tool that
// takes them for options.
func hostileWords() []string {
	var everything strings.Builder
	for i := 1; i < 256; i++ {
		everything.WriteByte(byte(i))
	}
	return []string{
		"plain", "", " ", "  two  spaces  ", "\t", "tab\tbed",
		"\n", "new\nline", "trailing\n", "trailing\n\n", "\r\n", "cr\r",
		"'", "''", "it's", "'quoted'", `"`, `"quoted"`, `'"'"'`, `\'`, `'\''`,
		"$HOME", "${HOME}", "$(echo no)", "$((1+1))", "$1", "$@", "$$", "$",
		"`echo no`", "`", "!", "!!", "!ls", "bang!", "^a^b",
		`\`, `\\`, `a\`, `\n`, `\0`, `\x41`, `a\ b`, "%s", "%", "%d%n",
		"-", "--", "-n", "-e", "-c", "-x", "--help", "--version",
		"*", "?", "[a-z]*", "/*", "~", "~root", "{a,b}", "{1..3}",
		";", "a;b", "&", "a&&b", "|", "a||b", "<", ">", ">/dev/null", "2>&1", "<<EOF", "(", ")", "{", "}",
		"#", "#no", "a#b", "=", "A=b", "FOO=bar baz", "if", "then", "exit", "done", "time",
		"gr\u00fc\u00df", "\u65e5\u672c", "\U0001f40b", "\xff", "\xfe\xffa", "caf\xe9", "\xc3", "\xe2\x82'",
		"\x01", "\x03", "\x04", "\x1b[31m", "\x7f", "\u2028", "\ufeff", everything.String(),
	}
}

// printWords prints its arguments, each with a NUL after it.
const printWords = `for a; do printf '%s\0' "$a"; done`

func exactWords(ctx context.Context, s *session) error {
	words := hostileWords()
	if err := checkWords(ctx, s, words); err != nil {
		return err
	}
	// Each alone and in last place too, where a newline at the end is lost most
	// easily.
	return together(len(words), 8, func(i int) error { return checkWords(ctx, s, words[i:i+1]) })
}

func checkWords(ctx context.Context, s *session, words []string) error {
	r, err := run(ctx, s, sh(printWords, words...))
	if err != nil {
		return fmt.Errorf("words %.100q: %w", words, err)
	}
	if err := errors.Join(r.ok(), same("stderr", "", r.stderr)); err != nil {
		return fmt.Errorf("words %.100q: %w", words, err)
	}
	found := strings.SplitAfter(r.stdout, "\x00")
	found = found[:len(found)-1]
	if len(found) != len(words) {
		return fmt.Errorf("expected %d words, found %d: %s", len(words), len(found), excerpt(fmt.Sprintf("%q", found)))
	}
	for i, w := range words {
		if err := same("the word", w, strings.TrimSuffix(found[i], "\x00")); err != nil {
			return err
		}
	}
	return nil
}

// longWords stays below what Linux takes as one word, 128 KiB, and what engines
// over a wire take as one request.
func longWords(ctx context.Context, s *session) error {
	if err := checkWords(ctx, s, []string{strings.Repeat("it's ", 5_000)}); err != nil {
		return err
	}
	many := make([]string, 2_000)
	for i := range many {
		many[i] = fmt.Sprintf("word '%d'", i)
	}
	return checkWords(ctx, s, many)
}

// hostileProgram runs a script whose own name has to be left alone.
func hostileProgram(ctx context.Context, s *session) error {
	dir, err := s.tempDir(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"two words", "it's", `a"b`, "$HOME", "a;b", "new\nline", "-dash", "A=b", "caf\xe9"} {
		path := dir + "/" + name
		if _, err := must(ctx, s, `printf '#!/bin/sh\nprintf %%s "$0$1"\n' >"$1" && chmod 700 "$1"`, path); err != nil {
			return err
		}
		r, err := run(ctx, s, backends.Command{Args: []string{path, "-x"}})
		if err := errors.Join(err, r.ok(), same("stdout", path+"-x", r.stdout)); err != nil {
			return fmt.Errorf("program %q: %w", name, err)
		}
	}
	return nil
}

func environment(ctx context.Context, s *session) error {
	words := hostileWords()
	cmd := backends.Command{}
	var script strings.Builder
	for i, w := range words {
		cmd.Env = append(cmd.Env, fmt.Sprintf("BT_%d=%s", i, w))
		fmt.Fprintf(&script, "printf '%%s\\0' \"$BT_%d\"\n", i)
	}
	cmd.Args = []string{"sh", "-c", script.String()}
	r, err := run(ctx, s, cmd)
	if err != nil {
		return err
	}
	errs := []error{r.ok()}
	found := strings.Split(r.stdout, "\x00")
	for i, w := range words {
		if i >= len(found) {
			return fmt.Errorf("expected %d variables, found %d", len(words), len(found)-1)
		}
		errs = append(errs, same("the variable", w, found[i]))
	}
	return errors.Join(append(errs, added(ctx, s))...)
}

// added checks that what is given replaces a known name, and that the rest stays.
// There is no shell between, which would tidy up a name that comes twice.
func added(ctx context.Context, s *session) error {
	plain, err := run(ctx, s, backends.Command{Args: []string{"env"}})
	if err != nil {
		return err
	}
	r, err := run(ctx, s, backends.Command{Args: []string{"env"}, Env: []string{"HOME=/no/where"}})
	if err != nil {
		return err
	}
	found := strings.Split(r.stdout, "\n")
	var homes []string
	for _, line := range found {
		if strings.HasPrefix(line, "HOME=") {
			homes = append(homes, line)
		}
	}
	if !slices.Equal(homes, []string{"HOME=/no/where"}) {
		err = fmt.Errorf("expected HOME to be replaced, found %q", homes)
	}
	for line := range strings.SplitSeq(plain.stdout, "\n") {
		name, _, _ := strings.Cut(line, "=")
		// A shell on the way may set these as it likes.
		if !slices.Contains(found, line) && !slices.Contains([]string{"HOME", "_", "PWD", "OLDPWD", "SHLVL"}, name) {
			err = errors.Join(err, fmt.Errorf("expected the target's own %q to stay, found %q", line, excerpt(r.stdout)))
		}
	}
	return err
}

func directory(ctx context.Context, s *session) error {
	base, err := s.tempDir(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"plain", "two words", "it's", "new\nline", "trailing\n", "$HOME", "-dash", "`x`", "caf\xe9", "a\\b"} {
		dir := base + "/" + name
		if _, err := must(ctx, s, `mkdir "$1"`, dir); err != nil {
			return err
		}
		// By the kernel's word: a shell's pwd may believe the variable PWD. The x
		// keeps a newline at the end.
		r, err := run(ctx, s, backends.Command{
			Args: []string{"sh", "-c", `pwd -P; echo x; exit 6`}, Dir: dir})
		if err := errors.Join(err, same("directory", dir+"\nx\n", r.stdout), same("status", "exit 6", r.Status.String())); err != nil {
			return err
		}
	}
	return nil
}

// noDirectory must not run the program somewhere else.
func noDirectory(ctx context.Context, s *session) error {
	base, err := s.tempDir(ctx)
	if err != nil {
		return err
	}
	for _, dir := range []string{base + "/missing", "/dev/null", "/dev/null/below"} {
		cmd := sh(`echo ran`)
		cmd.Dir = dir
		r, err := run(ctx, s, cmd)
		if r.stdout != "" || err == nil && r.Success() {
			return fmt.Errorf("directory %q: expected an error or an exit code, found %v and stdout %q", dir, r.Status, r.stdout)
		}
	}
	return nil
}

func nulWord(ctx context.Context, s *session) error {
	var errs []error
	for what, cmd := range map[string]backends.Command{
		"an argument": {Args: []string{"echo", "a\x00b"}},
		"the program": {Args: []string{"ec\x00ho"}},
		"a variable":  {Args: []string{"echo"}, Env: []string{"A=b\x00c"}},
		"the folder":  {Args: []string{"echo"}, Dir: "/tmp\x00"},
	} {
		errs = append(errs, noStart(ctx, s, "NUL in "+what, cmd))
	}
	return errors.Join(errs...)
}

func noProgram(ctx context.Context, s *session) error {
	return errors.Join(
		noStart(ctx, s, "no words", backends.Command{}),
		noStart(ctx, s, "an empty program", backends.Command{Args: []string{"", "x"}}))
}

// noStart wants an error of Start.
func noStart(ctx context.Context, s *session, what string, cmd backends.Command) error {
	p, err := s.Start(ctx, cmd)
	if err != nil {
		return nil
	}
	status, err := p.Wait()
	return fmt.Errorf("%s: expected an error of Start, found a process that ended with %v, %w", what, status, orNil(err))
}
