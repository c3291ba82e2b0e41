package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/kevinburke/ssh_config"
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
		return askOpenSSH(ctx, ssh, file, a)
	}
	return readOurselves(file, a)
}

// askOpenSSH has OpenSSH's client evaluate ssh_config (ssh(1), -G), including what
// Match exec runs.
func askOpenSSH(ctx context.Context, ssh, file string, a address) (settings, error) {
	args := []string{"-G"}
	if file != "" {
		args = append(args, "-F", file)
	}
	if a.user != "" {
		args = append(args, "-l", a.user)
	}
	if a.port != "" {
		args = append(args, "-p", a.port)
	}
	cmd := exec.CommandContext(ctx, ssh, append(args, "--", a.host)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if words := strings.TrimSpace(stderr.String()); words != "" {
			return nil, fmt.Errorf("ssh -G: %s", words)
		}
		return nil, fmt.Errorf("ssh -G: %w", err)
	}
	s := settings{}
	for line := range strings.Lines(stdout.String()) {
		keyword, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		s[keyword] = append(s[keyword], value)
	}
	return s, nil
}

// keywords are those that we read ourselves where OpenSSH's client is missing.
var keywords = []string{
	"HostName", "User", "Port", "IdentityFile", "CertificateFile", "IdentitiesOnly", "IdentityAgent",
	"ProxyJump", "ProxyCommand", "UserKnownHostsFile", "GlobalKnownHostsFile", "HostKeyAlias",
	"StrictHostKeyChecking", "ServerAliveInterval", "ServerAliveCountMax",
}

// readOurselves reads Host blocks and Include.
func readOurselves(file string, a address) (settings, error) {
	files := []string{tilde("~/.ssh/config"), systemConfig}
	if file != "" {
		files = []string{file}
	}
	s := settings{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && file == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := readFile(s, text, a.host); err != nil {
			return nil, fmt.Errorf("%s: %w (OpenSSH's client is not installed, and without it only Host blocks are understood; "+
				"install it, or say ssh_config=none)", name, err)
		}
	}
	if name := s.get("hostname"); name != "" {
		var err error
		if s["hostname"][0], err = expand(name, map[byte]string{'h': a.host, '%': "%"}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func readFile(s settings, text []byte, host string) error {
	config, err := ssh_config.DecodeBytes(text)
	if err != nil {
		return err
	}
	for _, keyword := range keywords {
		values, err := config.GetAll(host, keyword)
		if err != nil {
			return err
		}
		for _, v := range values {
			if keyword == "IdentityFile" || keyword == "CertificateFile" || keyword == "IdentityAgent" {
				v = strings.Trim(v, `"`)
			}
			s[strings.ToLower(keyword)] = append(s[strings.ToLower(keyword)], v)
		}
	}
	return nil
}
