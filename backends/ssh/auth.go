package ssh

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	xssh "golang.org/x/crypto/ssh"
)

// methods are the ways to log in, in the order in which they are tried.
func (l *handshake) methods() []xssh.AuthMethod {
	var m []xssh.AuthMethod
	if len(l.keys.signers) > 0 {
		m = append(m, xssh.PublicKeys(l.keys.signers...))
	}
	// The password is the target's: no jump host is to see it.
	if password := l.options.password; password != "" && l.isTarget {
		m = append(m, xssh.Password(password), xssh.KeyboardInteractive(answer(password)))
	}
	return m
}

// answer answers the one question of a keyboard-interactive login that asks for
// something secret (RFC 4256) with the password.
func answer(password string) xssh.KeyboardInteractiveChallenge {
	asked := false
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		if len(questions) == 0 {
			return nil, nil
		}
		if asked || len(questions) > 1 || echos[0] {
			if asked {
				return nil, errors.New("the password was refused")
			}
			return nil, fmt.Errorf("the server asks more than a password: %q", questions)
		}
		asked = true
		return []string{password}, nil
	}
}

// authError says who was not let in, and all that was tried.
func (l *handshake) authError(err error) error {
	byKey := slices.Contains(l.allowed, "publickey")
	byPassword := slices.Contains(l.allowed, "password") || slices.Contains(l.allowed, "keyboard-interactive")
	withPassword := l.options.password != "" && l.isTarget
	var reason string
	switch {
	case strings.Contains(err.Error(), "Too many authentication failures"):
		reason = "the server heard too many wrong keys and hung up"
	case len(l.partial) > 0:
		reason = strings.Join(l.partial, ", ") + " was accepted, and the server wants " + strings.Join(l.allowed, ", ") + " as well"
	case byPassword && withPassword && len(l.keys.offered) == 0:
		reason = "the password was not accepted"
	case byPassword && withPassword:
		reason = "neither key nor password was accepted"
	case byKey && len(l.keys.offered) > 0:
		reason = "no key was accepted"
	case byKey:
		reason = "there is no key to offer"
	case byPassword:
		reason = "the server wants a password"
	default:
		reason = "the server lets nobody in by key or password"
	}
	return l.unreachable("log in as "+l.host.user+" at "+l.host.where(), &worded{reason, err},
		strings.Join(l.tried(byKey, byPassword, withPassword), "\n"))
}

// tried lists what was offered and what was not, and what can be done.
func (l *handshake) tried(byKey, byPassword, withPassword bool) []string {
	lines := []string{"The server lets in by: " + strings.Join(l.allowed, ", ") + "."}
	for _, name := range l.keys.offered {
		lines = append(lines, "  offered      "+name)
	}
	for _, note := range l.keys.notes {
		lines = append(lines, "  not offered  "+note)
	}
	switch {
	case !byPassword:
	case withPassword:
		lines = append(lines, "  refused      the password of HOSTSPEC_SSH_PASSWORD")
	case l.isTarget:
		lines = append(lines, "  no password  HOSTSPEC_SSH_PASSWORD is not set")
	default:
		lines = append(lines, "  no password  HOSTSPEC_SSH_PASSWORD is for the target, not for jump hosts")
	}
	if strings.TrimSpace(l.banner) != "" {
		lines = append(lines, "  it says      "+visible([]byte(l.banner), 300))
	}
	if byKey && len(l.partial) == 0 {
		lines = append(lines, "Name the right key by identity=FILE, or add its public half to ~/.ssh/authorized_keys of "+l.host.user+" there.")
	}
	return lines
}
