package ssh

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	xssh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/hostspec/hostspec/backends"
)

// knownHosts is what the known_hosts files say (sshd(8), SSH_KNOWN_HOSTS FILE
// FORMAT).
type knownHosts struct {
	db *knownhosts.HostKeyDB
	// file is where a new key is to be added.
	file string
	// acceptNew adds the keys of unknown hosts.
	acceptNew bool
	// acceptAny believes the keys of unknown hosts without adding them.
	acceptAny bool
	host      *host
}

// A hostKeyError says why a host key is not believed, and how to accept it.
type hostKeyError struct {
	text, advice string
	err          error
}

func (e *hostKeyError) Error() string { return e.text }
func (e *hostKeyError) Unwrap() error { return e.err }

func (d *dialer) knownHosts(h *host) (*knownHosts, error) {
	k := &knownHosts{host: h, acceptNew: d.options.hostKey == "accept-new"}
	if d.options.hostKey == "" {
		k.acceptNew = h.hostKeyChecking == "accept-new"
		k.acceptAny = d.options.knownHosts == "" && h.isUnverified()
	}
	if len(h.userKnown) > 0 {
		k.file = h.userKnown[0]
	} else if len(h.globalKnown) > 0 {
		k.file = h.globalKnown[0]
	}
	var files []string
	for _, file := range append(slices.Clone(h.userKnown), h.globalKnown...) {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			files = append(files, file)
		}
	}
	var err error
	if k.db, err = knownhosts.NewDB(files...); err != nil {
		return nil, d.unreachable("read known_hosts", err, "")
	}
	return k, nil
}

// isUnverified reports whether ssh_config says that the host has no key that stays the
// same, as Vagrant does: StrictHostKeyChecking no alone is not enough, since then keys
// are remembered.
func (h *host) isUnverified() bool {
	return slices.Contains([]string{"no", "off", "false"}, h.hostKeyChecking) &&
		!slices.ContainsFunc(h.userKnown, func(file string) bool { return file != os.DevNull })
}

// algorithms orders the host key algorithms as OpenSSH does: first those of the keys
// that are known, so that a host with several keys shows one that can be checked.
// Certificates are asked for only where an authority is known. allowed are those that
// ssh_config allows, nil where it does not say.
func (k *knownHosts) algorithms(name string, allowed []string) []string {
	supported := xssh.SupportedAlgorithms().HostKeys
	if allowed != nil {
		known := append(supported, xssh.InsecureAlgorithms().HostKeys...)
		supported = slices.DeleteFunc(slices.Clone(allowed), func(a string) bool { return !slices.Contains(known, a) })
	}
	var list []string
	add := func(algorithm string) {
		if slices.Contains(supported, algorithm) && !slices.Contains(list, algorithm) {
			list = append(list, algorithm)
		}
	}
	for _, a := range k.db.HostKeyAlgorithms(name) {
		add(a)
	}
	add(xssh.KeyAlgoED25519)
	for _, a := range supported {
		if !strings.Contains(a, "-cert-") {
			add(a)
		}
	}
	if len(list) == 0 {
		return allowed // the server's offer is told beside them
	}
	return list
}

// ask asks the files about a key. The address is left out: names are what people have
// compared.
func (k *knownHosts) ask(name string, key xssh.PublicKey) error {
	err := k.db.HostKeyCallback()(name, &net.TCPAddr{IP: net.IPv4zero}, key)
	if cert, ok := key.(*xssh.Certificate); ok {
		return k.askCertificate(name, cert, err)
	}
	return err
}

// askCertificate returns err, which is the library's answer about a certificate, unless
// a HostKeyAlias stands in brackets: that is compared as it stands.
func (k *knownHosts) askCertificate(name string, cert *xssh.Certificate, err error) error {
	if !strings.HasPrefix(k.host.alias, "[") {
		return err
	}
	isAuthority := func(known knownhosts.PublicKey) bool {
		return known.Cert && bytes.Equal(known.Marshal(), cert.SignatureKey.Marshal())
	}
	if cert.CertType != xssh.HostCert || !slices.ContainsFunc(k.db.HostKeys(name), isAuthority) {
		return err
	}
	checker := xssh.CertChecker{IsRevoked: func(c *xssh.Certificate) bool {
		return slices.ContainsFunc([]xssh.PublicKey{c.Key, c.SignatureKey}, func(key xssh.PublicKey) bool {
			var revoked *xknownhosts.RevokedError
			return errors.As(k.db.HostKeyCallback()(name, &net.TCPAddr{IP: net.IPv4zero}, key), &revoked)
		})
	}}
	return checker.CheckCert(k.host.alias, cert)
}

// check returns an error unless the key is the host's, or is believed without being
// known, of which the note tells.
func (k *knownHosts) check(name string, key xssh.PublicKey) (note string, err error) {
	err = k.ask(name, key)
	if err == nil {
		return "", nil
	}
	shown := key.Type() + " " + xssh.FingerprintSHA256(key)
	var revoked *xknownhosts.RevokedError
	var mismatch *xknownhosts.KeyError
	switch {
	case errors.As(err, &revoked):
		return "", &hostKeyError{text: fmt.Sprintf("its key %s is revoked by %s:%d", shown, revoked.Revoked.Filename, revoked.Revoked.Line), err: err}
	case !errors.As(err, &mismatch):
		return "", &hostKeyError{text: fmt.Sprintf("its certificate %s is not believed: %v", shown, err), err: err}
	case len(mismatch.Want) > 0 && !k.authoritiesAlone(name):
		return "", k.changed(name, key, shown, mismatch)
	case k.acceptNew:
		if err := k.add(name, key); err != nil {
			return "", &hostKeyError{text: fmt.Sprintf("its key %s is new and cannot be added: %v", shown, err), err: err}
		}
		return "", nil
	case k.acceptAny:
		return fmt.Sprintf("the host key of %s was not verified (%s): ssh_config says StrictHostKeyChecking no and UserKnownHostsFile %s",
			k.host.where(), shown, first(strings.Join(k.host.userKnown, " "), "none")), nil
	}
	return "", k.unknown(name, key, shown, err)
}

// authoritiesAlone reports whether known_hosts names certificate authorities for a
// host and no key.
func (k *knownHosts) authoritiesAlone(name string) bool {
	for _, known := range k.db.HostKeys(name) {
		if !known.Cert {
			return false
		}
	}
	return true
}

func (k *knownHosts) unknown(name string, key xssh.PublicKey, shown string, err error) error {
	if k.file == "" {
		return &hostKeyError{err: err, text: fmt.Sprintf("its key is unknown: %s, and there is no known_hosts file", shown)}
	}
	missing := ""
	if _, e := os.Stat(k.file); errors.Is(e, fs.ErrNotExist) {
		missing = ", which does not exist"
	}
	return &hostKeyError{
		err:  err,
		text: fmt.Sprintf("its key is unknown: %s is not in %s%s", shown, k.file, missing),
		advice: "Compare the fingerprint with the host's own (there: ssh-keygen -lf " + keyFile(key) + "), then accept it:\n  " +
			k.acceptCommand(name, key, k.file) + "\nor have unknown hosts accepted with host_key=accept-new.",
	}
}

func (k *knownHosts) changed(name string, key xssh.PublicKey, shown string, err *xknownhosts.KeyError) error {
	want := err.Want[0]
	for _, w := range err.Want {
		if w.Key.Type() == key.Type() {
			want = w
		}
	}
	return &hostKeyError{
		err: err,
		text: fmt.Sprintf("its key has CHANGED: it shows %s, but %s:%d says %s %s", shown,
			want.Filename, want.Line, want.Key.Type(), xssh.FingerprintSHA256(want.Key)),
		advice: "Either the host was installed anew, or somebody stands in between. If the fingerprint is the host's own (there: ssh-keygen -lf " +
			keyFile(key) + "), accept it:\n  " +
			"ssh-keygen -f " + backends.Quote(want.Filename) + " -R " + backends.Quote(knownhosts.Normalize(name)) +
			" && " + k.acceptCommand(name, key, want.Filename),
	}
}

// acceptCommand adds a host's key to a file. ssh-keyscan connects by itself, hence
// goes only where a direct way leads and known_hosts uses the same name.
func (k *knownHosts) acceptCommand(name string, key xssh.PublicKey, file string) string {
	h := k.host
	if h.alias != "" || h.proxyJump != "" || h.proxyCommand != "" {
		return "echo " + backends.Quote(knownhosts.Line([]string{name}, key)) + " >> " + backends.Quote(file)
	}
	port := ""
	if h.port != "22" {
		port = "-p " + h.port + " "
	}
	return "ssh-keyscan " + port + "-t " + shortType(key) + " " + backends.Quote(h.name) + " >> " + backends.Quote(file)
}

// shortType is how ssh-keyscan calls a type of key.
func shortType(key xssh.PublicKey) string {
	switch t := key.Type(); {
	case strings.Contains(t, "ed25519"):
		return "ed25519"
	case strings.Contains(t, "ecdsa"):
		return "ecdsa"
	}
	return "rsa"
}

// keyFile is where sshd keeps a host key of a type by default.
func keyFile(key xssh.PublicKey) string {
	return "/etc/ssh/ssh_host_" + shortType(key) + "_key.pub"
}

// add appends the key to the file, in one write, since several test binaries may do
// so at once.
func (k *knownHosts) add(name string, key xssh.PublicKey) error {
	if k.file == "" {
		return errors.New("there is no known_hosts file")
	}
	if err := os.MkdirAll(filepath.Dir(k.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(k.file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	line := knownhosts.Normalize(name) + " " + key.Type() + " " + base64.StdEncoding.EncodeToString(key.Marshal()) + "\n"
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}
