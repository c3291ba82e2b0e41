package remote

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
)

// hostile are words that some shell would like to read.
var hostile = []string{
	"", " ", "'", `"`, `\`, `\\`, `\'`, `\n`, "\n", "a\n\n", "\t", "!", "!!", "a!b", "$HOME", "$(id)", "`id`", "%s", "%%b", "\\0101",
	"-n", "--", "*", "~", "#", "&", "|", ";", "<>", "(", "{a,b}", "^", "\r", "\x01", "\x7f", "\xff\xfe", "ü", "=", "a=b", "\\c", "[!a]",
	"! ", "a != b", "$! \n", "a'b\"c`d$e", "\n\n",
}

// FuzzEncode has shells run a request as sshd does, SHELL -c REQUEST, and compares
// the words that arrive.
func FuzzEncode(f *testing.F) {
	var shells []string
	for _, s := range []string{"bash", "dash", "fish", "tcsh", "mksh", "ksh93", "rbash", "busybox"} {
		path, err := exec.LookPath(s)
		if err != nil {
			f.Fatalf("%v; Debian: apt-get install bash dash fish tcsh mksh ksh93u+m busybox", err)
		}
		shells = append(shells, path)
	}
	for i, w := range hostile {
		f.Add(w, hostile[(i*7+3)%len(hostile)])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ContainsRune(a+b, 0) {
			return
		}
		exec, ahead, err := Request(backends.Command{
			Args: []string{"sh", "-c", `for w in "$V" "$@"; do printf %s "$w"; echo; echo =; done`, "sh", a, b}, Env: []string{"V=" + b},
		}, "mark")
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`![^ =]|[^\t -~]`).MatchString(exec) {
			t.Errorf("%q holds what some login shell reads", exec)
		}
		want := b + "\n=\n" + a + "\n=\n" + b + "\n=\n"
		for _, shell := range shells {
			if got := runAs(t, shell, exec, ahead); got != want {
				t.Errorf("%s: %q arrived as %q", shell, want, got)
			}
		}
	})
}

// runAs runs a request as sshd has a login shell run it.
func runAs(t *testing.T, shell, request, stdin string) string {
	t.Helper()
	args := []string{"-c", request}
	if strings.HasSuffix(shell, "busybox") {
		args = append([]string{"sh"}, args...)
	}
	cmd := exec.Command(shell, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir()) // fish makes itself at home
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v: %s", shell, err, stderr.String())
	}
	return stdout.String()
}

// TestEncodeForEverySh runs requests where the target's sh is not Debian's.
func TestEncodeForEverySh(t *testing.T) {
	for _, sh := range [][]string{{"dash"}, {"bash", "--posix"}, {"busybox", "sh"}, {"mksh"}, {"ksh93"}} {
		t.Run(strings.Join(sh, " "), func(t *testing.T) {
			for _, long := range []bool{false, true} {
				if long && sh[0] == "mksh" {
					continue // its printf is a program and takes no more than others
				}
				words := hostile
				if long {
					words = append(words, strings.Repeat("'!\n", 30_000))
				}
				request, ahead, err := Request(backends.Command{
					Args: append([]string{"printf", `%s\0`}, words...), Dir: "/tmp", Env: []string{"A B=1"},
				}, "mark")
				if err != nil {
					t.Fatal(err)
				}
				if (ahead != "") != long {
					t.Errorf("a request of %d bytes", len(request))
				}
				// What a login shell makes of the request is the words sh, -c, SCRIPT.
				script := strings.TrimSuffix(strings.TrimPrefix(request, "sh -c '"), "'")
				cmd := exec.Command(sh[0], append(sh[1:], "-c", script)...)
				cmd.Stdin = strings.NewReader(ahead)
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v: %s", err, stderr.String())
				}
				if want := strings.Join(words, "\x00") + "\x00"; string(out) != want {
					t.Errorf("%q arrived as %.500q", want[:100], out)
				}
				if n := strings.TrimPrefix(stderr.String(), "mark"); strings.Trim(n, "0123456789\n") != "" {
					t.Errorf("stderr %q", stderr.String())
				}
			}
		})
	}
}

func TestBadCommands(t *testing.T) {
	for want, cmd := range map[string]backends.Command{
		"no command":    {},
		"NUL":           {Args: []string{"a\x00b"}},
		`"nothing"`:     {Args: []string{"true"}, Env: []string{"nothing"}},
		`"=value"`:      {Args: []string{"true"}, Env: []string{"=value"}},
		"holds a NUL b": {Args: []string{"true"}, Dir: "\x00"},
	} {
		if _, _, err := Request(cmd, "mark"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", cmd, err)
		}
	}
}

// TestRequest_StartsNoSecondShell for what ends with its input: the shell that makes out
// what it is to run does that itself, whatever the account's shell is.
func TestRequest_StartsNoSecondShell(t *testing.T) {
	for _, shell := range []string{"/bin/bash", "/bin/dash", "/bin/mksh", "/usr/bin/fish", "/bin/tcsh", "/bin/rbash"} {
		script := "a='! x'\n\tif [ \"$a\" != `echo y` ]; then echo \"$a\"; cat; fi"
		for _, ends := range []bool{true, false} {
			request, ahead, err := Request(backends.Command{Args: []string{"sh", "-c", script}, Stdin: strings.NewReader("x"), EndsWithStdin: ends}, "mark")
			if err != nil || ahead != "" {
				t.Fatal(ahead, err)
			}
			if strings.Contains(request, "exec sh") == ends || strings.Contains(request, "$(printf") {
				t.Errorf("%s", request)
			}
			if got := runAs(t, shell, request, "input"); got != "! x\ninput" {
				t.Errorf("%s: %q", shell, got)
			}
		}
	}
}

// TestArgv_TakesALineAheadOfStdin and nothing more of it, and leaves the environment as
// it is.
func TestArgv_TakesALineAheadOfStdin(t *testing.T) {
	for _, sh := range [][]string{{"dash"}, {"bash", "--posix"}, {"busybox", "sh"}, {"mksh"}, {"ksh93"}} {
		for name, cmd := range map[string]backends.Command{
			"plain":    {Args: []string{"sh", "-c", `echo "$s"; cat`}},
			"a shell":  {Args: []string{"sh", "-c", `echo "$s"; cat`}, EndsWithStdin: true},
			"no UTF-8": {Args: []string{"sh", "-c", `echo "$s"; cat`, "\xff"}},
			"long":     {Args: []string{"sh", "-c", `echo "$s"; cat`, strings.Repeat("'!\n", 40_000)}},
		} {
			if name == "long" && sh[0] == "mksh" {
				continue // its printf is a program and takes no more than others
			}
			for _, input := range []string{"", "\n", "one\ntwo", " \\\n "} {
				cmd.Stdin = strings.NewReader(input)
				args, ahead, err := Argv(sh[0], cmd, "mark")
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(ahead, "\n") {
					t.Errorf("%v, %s: %q goes ahead", sh, name, ahead)
				}
				run := exec.Command(sh[0], append(sh[1:], args[1:]...)...)
				run.Env = append(run.Environ(), "s=theirs")
				run.Stdin = Stdin(cmd, ahead)
				out, err := run.Output()
				if want := "theirs\n" + input; err != nil || string(out) != want {
					t.Errorf("%v, %s: expected %q, found %q, %v", sh, name, want, out, err)
				}
			}
		}
	}
}
