package ssh

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/hostspec/hostspec/backends/internal/quickack"
)

// conn is the connection to a host: it acknowledges at once, counts what it hears,
// and remembers the first of it, which tells what is there when it is not an sshd.
type conn struct {
	net.Conn
	heard atomic.Int64

	mu    sync.Mutex
	first []byte
}

// firstBytes is how much of what a server says first is remembered: more than an
// identification string (RFC 4253, 4.2: 255 bytes).
const firstBytes = 512

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	quickack.Set(c.Conn)
	if n > 0 && c.heard.Add(int64(n)) <= firstBytes+int64(n) {
		c.mu.Lock()
		c.first = append(c.first, p[:min(n, firstBytes-len(c.first))]...)
		c.mu.Unlock()
	}
	return n, err
}

// greeting is what the server said first.
func (c *conn) greeting() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}
