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
	h := l.host
	allowed := "publickey"
	if len(l.allowed) > 0 {
		allowed = strings.Join(l.allowed, ", ")
	}
	lines := []string{"The server lets in by: " + allowed + "."}
	for _, name := range l.keys.offered {
		lines = append(lines, "  offered      "+name)
	}
	for _, note := range l.keys.notes {
		lines = append(lines, "  not offered  "+note)
	}
	if len(l.keys.offered) == 0 {
		lines = append(lines, "  no key was there to offer")
	}
	byPassword := slices.Contains(l.allowed, "password") || slices.Contains(l.allowed, "keyboard-interactive")
	switch {
	case !byPassword:
	case l.options.password == "":
		lines = append(lines, "  no password  HOSTSPEC_SSH_PASSWORD is not set")
	case !l.isTarget:
		lines = append(lines, "  no password  HOSTSPEC_SSH_PASSWORD is for the target, not for jump hosts")
	default:
		lines = append(lines, "  refused      the password of HOSTSPEC_SSH_PASSWORD")
	}
	if words := strings.TrimSpace(visible([]byte(l.banner), 300)); words != "" {
		lines = append(lines, "  it says      "+words)
	}
	lines = append(lines, "Name the right key by identity=FILE, or add its public half to ~/.ssh/authorized_keys of "+h.user+" there.")
	reason := "not let in"
	switch {
	case strings.Contains(err.Error(), "Too many authentication failures"):
		reason = "the server heard too many wrong keys and hung up"
	case len(l.keys.offered) > 0 && !byPassword:
		reason = "no key was accepted"
	case byPassword && l.options.password != "" && l.isTarget:
		reason = "neither key nor password was accepted"
		if len(l.keys.offered) == 0 {
			reason = "the password was not accepted"
		}
	case len(l.keys.offered) > 0:
		reason = "no key was accepted"
	}
	return l.unreachable("log in as "+h.user+" at "+h.where(), &worded{reason, err}, strings.Join(lines, "\n"))
}
