package ssh

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// host is everything ssh_config(5) says about one host that matters to us.
type host struct {
	// asked is what was asked for, before ssh_config replaced any of it.
	asked address
	// name is HostName, user and port are never empty.
	name, user, port string
	// alias is HostKeyAlias, or empty.
	alias string
	// identities are the IdentityFiles, defaults those of them that OpenSSH
	// tries unasked.
	identities, defaults []string
	certificates         []string
	identitiesOnly       bool
	// agent is the socket of the ssh-agent, or empty.
	agent string
	// userKnown is where new host keys are added, in the first of them.
	userKnown, globalKnown []string
	hostKeyChecking        string
	proxyJump              string
	proxyCommand           string
	algorithms             algorithms
	aliveInterval          time.Duration
	aliveMax               int
}

// defaultIdentities are what OpenSSH tries without being told (ssh_config(5),
// IdentityFile).
var defaultIdentities = []string{
	"~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519",
	"~/.ssh/id_ed25519_sk", "~/.ssh/id_xmss", "~/.ssh/id_dsa",
}

// variable is the only form of an environment variable in ssh_config(5).
var variable = regexp.MustCompile(`\$\{\w+\}`)

// settings are keywords of ssh_config in lower case and their values, in order.
type settings map[string][]string

func (s settings) get(keyword string) string {
	if v := s[keyword]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// list returns the values of a keyword that takes several, or the defaults.
func (s settings) list(keyword string, defaults []string) []string {
	if v := s[keyword]; len(v) > 0 {
		return v
	}
	return defaults
}

// resolve finds out what ssh_config says about a host. jump replaces its ProxyJump
// when set.
func (d *dialer) resolve(ctx context.Context, a address, jump *string) (*host, error) {
	s, err := d.readConfig(ctx, a)
	if err != nil {
		return nil, d.unreachable("read ssh_config for "+a.String(), err, "")
	}
	h := &host{asked: a, name: s.get("hostname"), user: s.get("user"), port: s.get("port")}
	h.name = first(h.name, a.host)
	h.user = first(a.user, h.user, me())
	h.port = first(a.port, h.port, "22")
	h.alias = s.get("hostkeyalias")
	h.proxyJump = s.get("proxyjump")
	if jump != nil {
		h.proxyJump = *jump
	}
	if err := h.fill(s, tokens(h)); err != nil {
		return nil, d.unreachable("read ssh_config for "+a.String(), err, "")
	}
	if d.options.knownHosts != "" {
		h.userKnown, h.globalKnown = []string{d.options.knownHosts}, nil
	}
	return h, nil
}

// fill takes over what may hold tokens and everything that has a default.
func (h *host) fill(s settings, t map[byte]string) (err error) {
	files := func(values []string) []string {
		var out []string
		for _, v := range values {
			if v == "none" {
				continue
			}
			file, e := expandFile(v, t)
			if e != nil && err == nil {
				err = e
			}
			out = append(out, file)
		}
		return out
	}
	switch asked := s["identityfile"]; {
	case len(asked) == 0:
		h.defaults = files(defaultIdentities)
	case areDefaults(asked):
		h.defaults = files(asked)
	default:
		h.identities = files(asked)
	}
	h.certificates = files(s["certificatefile"])
	h.identitiesOnly = s.get("identitiesonly") == "yes"
	switch agent := first(s.get("identityagent"), "SSH_AUTH_SOCK"); {
	case agent == "none":
	case agent == "SSH_AUTH_SOCK", strings.HasPrefix(agent, "$") && !strings.HasPrefix(agent, "${"):
		h.agent = os.Getenv(strings.TrimPrefix(agent, "$"))
	default:
		h.agent = files([]string{agent})[0]
	}
	h.userKnown = files(s.list("userknownhostsfile", fileLists["userknownhostsfile"]))
	h.globalKnown = slices.DeleteFunc(slices.Clone(s.list("globalknownhostsfile", fileLists["globalknownhostsfile"])),
		func(name string) bool { return name == "none" })
	h.hostKeyChecking = s.get("stricthostkeychecking")
	h.algorithms = s.algorithms()
	if h.proxyJump == "none" {
		h.proxyJump = ""
	}
	if command := s.get("proxycommand"); command != "none" && command != "" && h.proxyJump == "" {
		if h.proxyCommand, err = expand(command, t); err != nil {
			return err
		}
	}
	h.aliveInterval, h.aliveMax = keepAlive, unanswered
	if n, e := strconv.Atoi(s.get("serveraliveinterval")); e == nil && n > 0 {
		h.aliveInterval = time.Duration(n) * time.Second
	}
	if n, e := strconv.Atoi(s.get("serveralivecountmax")); e == nil && n > 0 {
		h.aliveMax = n
	}
	return err
}

// tokens are the percent tokens of ssh_config(5), TOKENS, that we know.
func tokens(h *host) map[byte]string {
	home, _ := os.UserHomeDir()
	local, _ := os.Hostname()
	short, _, _ := strings.Cut(local, ".")
	sum := sha1.Sum([]byte(local + h.name + h.port + h.user + h.proxyJump))
	return map[byte]string{
		'%': "%", 'h': h.name, 'n': h.asked.host, 'p': h.port, 'r': h.user, 'u': me(),
		'd': home, 'i': strconv.Itoa(os.Getuid()), 'l': local, 'L': short,
		'k': first(h.alias, h.asked.host), 'j': h.proxyJump, 'C': hex.EncodeToString(sum[:]),
	}
}

// me is the name of who runs this.
func me() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// expandFile replaces a tilde at the beginning, tokens, and variables in a file name.
func expandFile(name string, tokens map[byte]string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		name = filepath.Join("%d", rest)
	}
	name, err := expand(name, tokens)
	return variable.ReplaceAllStringFunc(name, func(v string) string {
		return os.Getenv(v[len("${") : len(v)-len("}")])
	}), err
}

func expand(text string, tokens map[byte]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) {
			return "", fmt.Errorf("%q ends in the middle of a token", text)
		}
		value, ok := tokens[text[i]]
		if !ok {
			return "", fmt.Errorf("%q holds %%%c, which is not supported", text, text[i])
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// areDefaults reports whether these are the identities that ssh -G prints when none is
// configured; which they are depends on its version.
func areDefaults(identities []string) bool {
	for _, file := range identities {
		if !slices.Contains(defaultIdentities, file) {
			return false
		}
	}
	return len(identities) > 1
}
