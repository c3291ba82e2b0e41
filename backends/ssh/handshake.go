package ssh

import (
	"context"
	"net"
	"sync"

	xssh "golang.org/x/crypto/ssh"
)

// handshake is one attempt to log in and what came to light in it.
type handshake struct {
	*dialer
	host     *host
	isTarget bool

	keys *keyring

	mu      sync.Mutex
	hostKey error
	// note is what reports are to say about the host key.
	note   string
	banner string
	// allowed and partial are the methods that the server allows, and those that
	// it has accepted without being content.
	allowed, partial []string
}

func (l *handshake) close() {
	if l.keys != nil {
		l.keys.close()
	}
}

// config says how to log in.
func (l *handshake) config(ctx context.Context) (*xssh.ClientConfig, error) {
	known, err := l.knownHosts(l.host)
	if err != nil {
		return nil, err
	}
	if l.keys, err = l.loadKeys(ctx, l.host); err != nil {
		return nil, err
	}
	config := &xssh.ClientConfig{
		User: l.host.user,
		HostKeyCallback: func(name string, _ net.Addr, key xssh.PublicKey) error {
			note, err := known.check(name, key)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.hostKey, l.note = err, note
			return err
		},
		HostKeyAlgorithms: known.algorithms(l.host.known(), l.host.algorithms.hostKeys),
		BannerCallback: func(message string) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.banner += message
			return nil
		},
		AuthCallback: func(auth *xssh.ClientAuthContext) (xssh.AuthMethod, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.allowed, l.partial = auth.AllowedMethods, auth.PartialSuccessMethods
			return nil, nil // what is in Auth, in its order
		},
		Auth: l.methods(),
	}
	l.host.algorithms.apply(config)
	return config, nil
}
