package ssh

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

// systemConfig is where OpenSSH looks after the user's own file.
const systemConfig = "/etc/ssh/ssh_config"

// readConfig returns what ssh_config says about a host.
func (d *dialer) readConfig(ctx context.Context, a address) (settings, error) {
	file := d.options.config
	if file == "none" {
		return settings{}, nil
	}
	if file != "" {
		// ssh -F says nothing about a file that is not there but its name.
		if _, err := os.Stat(file); err != nil {
			return nil, err
		}
	}
	if ssh, err := exec.LookPath("ssh"); err == nil {
		return d.askOpenSSH(ctx, ssh, a)
	}
	return readOurselves(file, a)
}

// askOpenSSH has OpenSSH's client evaluate ssh_config (ssh(1), -G), including what
// Match exec runs.
func (d *dialer) askOpenSSH(ctx context.Context, ssh string, a address) (settings, error) {
	// -v names the files that are read.
	args := []string{"-v", "-G"}
	if d.options.config != "" {
		args = append(args, "-F", d.options.config)
	}
	if a.user != "" {
		args = append(args, "-l", a.user)
	}
	if a.port != "" {
		args = append(args, "-p", a.port)
	}
	cmd := exec.CommandContext(ctx, ssh, append(args, "--", a.host)...)
	cmd.Env = backends.Environ()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	files, words := readLog(stderr.String())
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if words != "" {
			return nil, fmt.Errorf("ssh -G: %s", words)
		}
		return nil, fmt.Errorf("ssh -G: %w", err)
	}
	s := parseSettings(stdout.String())
	return s, d.splitFileLists(s, files, a)
}

// parseSettings reads what ssh -G prints: a keyword and its value on each line.
func parseSettings(text string) settings {
	s := settings{}
	for line := range strings.Lines(text) {
		keyword, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		s[keyword] = append(s[keyword], value)
	}
	return s
}

// readLog takes the names of the files that were read out of what ssh -v says, and
// returns the rest of it that people are to see.
func readLog(text string) (files []string, words string) {
	var rest []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if name, ok := strings.CutPrefix(line, "debug1: Reading configuration data "); ok {
			files = append(files, name)
		} else if !strings.HasPrefix(line, "debug1: ") && !strings.HasPrefix(line, "OpenSSH_") {
			rest = append(rest, line)
		}
	}
	return files, strings.TrimSpace(strings.Join(rest, "\n"))
}

// splitFileLists splits the values of fileLists, which ssh -G has joined. The names are
// expanded already, and are quoted so that they are not expanded again.
func (d *dialer) splitFileLists(s settings, files []string, a address) error {
	t := tokens(&host{asked: a, name: s.get("hostname"), user: s.get("user"), port: s.get("port"),
		alias: s.get("hostkeyalias"), proxyJump: s.get("proxyjump")})
	if u, err := user.Current(); err == nil {
		t['d'] = u.HomeDir // OpenSSH does not look at $HOME
	}
	for keyword, defaults := range fileLists {
		printed := s.get(keyword)
		words := strings.Fields(printed)
		if len(words) > 1 && d.options.knownHosts == "" {
			text, err := readAll(files)
			expand := func(w string) (string, error) { return expandFile(w, t) }
			if keyword == "globalknownhostsfile" {
				expand = verbatim
			}
			lists := append(listsIn(text, keyword, expand), expanded(defaults, expand))
			if err == nil {
				words, err = chooseFiles(printed, lists)
			}
			if err != nil {
				return fmt.Errorf("cannot tell where the file names in %s begin and end: %q: %w; say known_hosts=FILE", keyword, printed, err)
			}
		}
		if keyword == "userknownhostsfile" {
			for i, w := range words {
				words[i] = strings.ReplaceAll(w, "%", "%%")
			}
		}
		if words != nil {
			s[keyword] = words
		}
	}
	return nil
}

// verbatim is for names that OpenSSH does not expand.
func verbatim(name string) (string, error) { return name, nil }

// expanded returns a list with all its words expanded.
func expanded(words []string, expand func(string) (string, error)) fileList {
	l := fileList{words: slices.Clone(words)}
	for i := range l.words {
		if l.err == nil {
			l.words[i], l.err = expand(l.words[i])
		}
	}
	return l
}
