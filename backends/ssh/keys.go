package ssh

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// keyring is what is offered to a server, in order.
type keyring struct {
	signers []xssh.Signer
	// offered names the signers for people, notes says why others are missing.
	offered, notes []string

	passphrase string
	algorithms algorithms
	seen       map[string]bool
	certs      []*xssh.Certificate
	held       []held
	agent      net.Conn
}

// held is a key that the agent has.
type held struct {
	signer xssh.Signer
	name   string
}

func (k *keyring) close() {
	if k.agent != nil {
		_ = k.agent.Close()
	}
}

// loadKeys gathers keys in the order in which they are offered: each that the server
// does not want costs a round trip, and most servers bear six (sshd_config(5),
// MaxAuthTries). First come those named in the URI, then in ssh_config, then the
// agent's, then those that OpenSSH tries unasked.
func (d *dialer) loadKeys(ctx context.Context, h *host) (*keyring, error) {
	k := &keyring{passphrase: d.options.passphrase, algorithms: h.algorithms, seen: map[string]bool{}}
	k.askAgent(ctx, h.agent)
	for _, file := range h.certificates {
		if err := k.loadCertificate(file); err != nil {
			k.note("certificate %s: %v", file, err)
		}
	}
	for _, file := range d.options.identities {
		if err := k.addFile(file); err != nil {
			k.close()
			return nil, d.unreachable("use identity "+file, err, "")
		}
	}
	for _, file := range h.identities {
		if err := k.addFile(file); err != nil {
			k.note("%s: %v", file, err)
		}
	}
	if !h.identitiesOnly {
		for _, a := range k.held {
			k.add(a.signer, a.name)
		}
	}
	for _, file := range h.defaults {
		if err := k.addFile(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.note("%s: %v", file, err)
		}
	}
	return k, nil
}

func (k *keyring) note(format string, args ...any) {
	k.notes = append(k.notes, fmt.Sprintf(format, args...))
}

// askAgent asks the ssh-agent at socket which keys it holds.
func (k *keyring) askAgent(ctx context.Context, socket string) {
	if socket == "" {
		return
	}
	var n net.Dialer
	c, err := n.DialContext(ctx, "unix", socket)
	if err != nil {
		k.note("the ssh-agent does not answer: %v", err)
		return
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	k.agent = c
	client := agent.NewClient(c)
	keys, err := client.List()
	if err == nil {
		var signers []xssh.Signer
		if signers, err = client.Signers(); err == nil && len(signers) == len(keys) {
			for i, s := range signers {
				k.held = append(k.held, held{s, fmt.Sprintf("key %q of the ssh-agent", keys[i].Comment)})
			}
			return
		}
	}
	if err != nil {
		k.note("the ssh-agent does not tell its keys: %v", err)
	}
}

// add appends a signer, with its certificates before it, unless it is there.
func (k *keyring) add(s xssh.Signer, name string) {
	pub := s.PublicKey()
	for _, c := range k.certs {
		if !slices.Equal(c.Key.Marshal(), pub.Marshal()) {
			continue
		}
		if withCert, err := xssh.NewCertSigner(c, s); err == nil {
			k.append(withCert, name+" with certificate "+c.KeyId)
		}
	}
	k.append(s, name)
}

func (k *keyring) append(s xssh.Signer, name string) {
	id := string(s.PublicKey().Marshal())
	if k.seen[id] {
		return
	}
	k.seen[id] = true
	if s = k.algorithms.restrict(s); s == nil {
		k.note("%s: PubkeyAcceptedAlgorithms in ssh_config does not allow it", name)
		return
	}
	k.signers = append(k.signers, s)
	k.offered = append(k.offered, fmt.Sprintf("%s (%s %s)", name, s.PublicKey().Type(), xssh.FingerprintSHA256(s.PublicKey())))
}

// addFile adds the key of a file and the certificate beside it.
func (k *keyring) addFile(file string) error {
	if err := k.loadCertificate(file + "-cert.pub"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.note("%s-cert.pub: %v", file, err)
	}
	s, err := k.load(file)
	if err != nil {
		return err
	}
	k.add(s, file)
	return nil
}

func (k *keyring) loadCertificate(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	pub, _, _, _, err := xssh.ParseAuthorizedKey(text)
	if err != nil {
		return err
	}
	c, ok := pub.(*xssh.Certificate)
	if !ok {
		return fmt.Errorf("holds a key without a certificate")
	}
	k.certs = append(k.certs, c)
	return nil
}

// load reads a private key. One that is encrypted, or of which only the public half
// is here, is the agent's when it has it.
func (k *keyring) load(file string) (xssh.Signer, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if s := k.heldAs(readPublic(file + ".pub")); s != nil {
			return s, nil
		}
	}
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return nil, path.Err
		}
		return nil, err
	}
	s, err := xssh.ParsePrivateKey(text)
	if err == nil {
		return s, nil
	}
	var encrypted *xssh.PassphraseMissingError
	if !errors.As(err, &encrypted) {
		if pub := readPublic(file); pub != nil {
			if s := k.heldAs(pub); s != nil {
				return s, nil
			}
			return nil, errors.New("is a public key, and no ssh-agent has the private one")
		}
		return nil, &worded{"is not a private key: " + strings.TrimPrefix(err.Error(), "ssh: "), err}
	}
	pub := encrypted.PublicKey
	if pub == nil {
		pub = readPublic(file + ".pub")
	}
	if s := k.heldAs(pub); s != nil {
		return s, nil
	}
	if k.passphrase == "" {
		return nil, &worded{"is encrypted; set HOSTSPEC_SSH_PASSPHRASE, or add it to an ssh-agent", encrypted}
	}
	s, err = xssh.ParsePrivateKeyWithPassphrase(text, []byte(k.passphrase))
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, &worded{"is encrypted, and HOSTSPEC_SSH_PASSPHRASE does not open it", err}
	}
	return s, err
}

// heldAs is the agent's signer for a key, or nil.
func (k *keyring) heldAs(pub xssh.PublicKey) xssh.Signer {
	if pub == nil {
		return nil
	}
	for _, a := range k.held {
		if slices.Equal(a.signer.PublicKey().Marshal(), pub.Marshal()) {
			return a.signer
		}
	}
	return nil
}

// readPublic is the public key in a file, or nil.
func readPublic(file string) xssh.PublicKey {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	pub, _, _, _, err := xssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil
	}
	return pub
}
