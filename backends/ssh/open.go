package ssh

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

func init() {
	backends.Register("ssh", backends.Driver{
		Options: []string{"ssh_config", "identity", "known_hosts", "host_key"},
		Files:   []string{"ssh_config", "identity", "known_hosts"},
		Check:   checkURI,
		Open:    open,
	})
}

// options are what the URI and the environment say beside host, user and port.
type options struct {
	// config is a file, "none", or empty for OpenSSH's own places.
	config     string
	identities []string
	knownHosts string
	// hostKey is "strict", "accept-new", or empty for what ssh_config says.
	hostKey              string
	password, passphrase string
}

func checkURI(u *backends.URI) error {
	_, err := parseAddress(u.Rest)
	if err != nil {
		return err
	}
	for name, values := range u.Options {
		if name != "identity" && len(values) > 1 {
			return fmt.Errorf("option %q is given twice", name)
		}
		if slices.Contains(values, "") {
			return fmt.Errorf("option %q is empty", name)
		}
	}
	if v := u.Options.Get("host_key"); v != "" && v != "strict" && v != "accept-new" {
		return fmt.Errorf("option host_key=%s: want strict or accept-new", v)
	}
	return nil
}

// address is a host as somebody wrote it; what was left out is empty.
type address struct {
	user, host, port string
}

func (a address) String() string {
	s := a.host
	if strings.Contains(s, ":") {
		s = "[" + s + "]"
	}
	if a.user != "" {
		s = a.user + "@" + s
	}
	if a.port != "" {
		s += ":" + a.port
	}
	return s
}

// bareZone is the % of an IPv6 zone as people write it; net/url wants it as %25
// (RFC 6874).
var bareZone = regexp.MustCompile(`^([^\[]*\[[0-9A-Fa-f:.]+)%(25)?`)

// parseAddress reads USER@HOST:PORT as net/url does.
func parseAddress(text string) (address, error) {
	u, err := url.Parse("ssh://" + bareZone.ReplaceAllString(text, "${1}%25"))
	if err != nil {
		// The error of net/url repeats the text; its cause does not.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return address{}, fmt.Errorf("cannot read it as ssh://USER@HOST:PORT: %w", err)
	}
	if _, set := u.User.Password(); set {
		return address{}, fmt.Errorf("a password in a target is seen by everybody; set HOSTSPEC_SSH_PASSWORD instead")
	}
	a := address{user: u.User.Username(), host: u.Hostname(), port: u.Port()}
	switch {
	case a.host == "":
		return a, fmt.Errorf("it names no host; write ssh://USER@HOST:PORT")
	case u.Path != "" && u.Path != "/":
		return a, fmt.Errorf("%q after the host means nothing; write ssh://USER@HOST:PORT", u.Path)
	case u.Fragment != "":
		return a, fmt.Errorf("%q after the host means nothing", "#"+u.Fragment)
	case strings.HasPrefix(a.host, "-"), strings.HasPrefix(a.user, "-"):
		return a, fmt.Errorf("neither host nor user begins with a dash")
	case strings.ContainsFunc(a.host+a.user, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return a, fmt.Errorf("host and user hold no white space or control characters")
	}
	if a.port != "" {
		if n, err := strconv.Atoi(a.port); err != nil || n < 1 || n > 65535 {
			return a, fmt.Errorf("port %s: want 1 to 65535", a.port)
		}
	}
	return a, nil
}

func readOptions(u *backends.URI) options {
	o := options{
		config:     u.Options.Get("ssh_config"),
		knownHosts: tilde(u.Options.Get("known_hosts")),
		hostKey:    u.Options.Get("host_key"),
		password:   backends.Secret("HOSTSPEC_SSH_PASSWORD"),
		passphrase: backends.Secret("HOSTSPEC_SSH_PASSPHRASE"),
	}
	if o.config == "" {
		o.config = os.Getenv("HOSTSPEC_SSH_CONFIG")
	}
	if o.config != "none" {
		o.config = tilde(o.config)
	}
	for _, file := range u.Options["identity"] {
		o.identities = append(o.identities, tilde(file))
	}
	return o
}

// tilde replaces a ~ at the beginning by the home directory.
func tilde(file string) string {
	rest, ok := strings.CutPrefix(file, "~")
	if !ok || (rest != "" && rest[0] != '/') {
		return file
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return file
	}
	return filepath.Join(home, rest)
}

func open(ctx context.Context, u *backends.URI) (backends.Backend, error) {
	a, err := parseAddress(u.Rest)
	if err != nil {
		return nil, &backends.URIError{Text: u.String(), Reason: err.Error()}
	}
	d := &dialer{target: u.String(), options: readOptions(u)}
	h, err := d.resolve(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	l, err := d.connect(ctx, h, nil)
	if err != nil {
		return nil, err
	}
	b := newBackend(ctx, l.client, l.via, &l.conn.heard)
	b.notes = d.notes
	go b.keepAliveLoop(h.aliveInterval, h.aliveMax)
	return b, nil
}
