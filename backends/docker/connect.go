package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/sockets"
	"github.com/docker/go-connections/tlsconfig"

	"github.com/hostspec/hostspec/backends"
)

// oldestAPI is the one of Docker 20.10.
const oldestAPI = "1.41"

// answerTimeout bounds the wait for the beginning of each answer of the engine, for
// questions without a deadline of their own.
const answerTimeout = time.Minute

// connect reaches the engine; target is for the errors, which are all
// *backends.UnreachableError.
func connect(ctx context.Context, target string) (*client.Client, error) {
	return connectWithin(ctx, target, answerTimeout)
}

// connectWithin is connect for questions that take longer.
func connectWithin(ctx context.Context, target string, answer time.Duration) (*client.Client, error) {
	e, err := findEndpoint()
	if err != nil {
		return nil, unreachable(target, "find the Docker engine", err, "")
	}
	api, err := e.client(answer)
	if err != nil {
		return nil, unreachable(target, "use the Docker engine at "+e.host, err, "It is named by "+e.from+".")
	}
	ping, err := api.Ping(ctx)
	if err != nil {
		_ = api.Close()
		return nil, e.explain(ctx, target, err)
	}
	api.NegotiateAPIVersionPing(ping)
	if v := api.ClientVersion(); versions.LessThan(v, oldestAPI) {
		_ = api.Close()
		err, advice := fmt.Errorf("its API is %s, too old: %s (Docker 20.10) is the oldest that is understood", v, oldestAPI), "Update the engine."
		if os.Getenv(client.EnvOverrideAPIVersion) != "" {
			advice = "DOCKER_API_VERSION asks for it; unset it."
		}
		return nil, unreachable(target, "use the Docker engine at "+e.host, err, advice)
	}
	return api, nil
}

// client makes the API's client; nothing is connected yet.
func (e endpoint) client(answer time.Duration) (*client.Client, error) {
	transport := &http.Transport{MaxIdleConns: 6, ResponseHeaderTimeout: answer}
	options := []client.Opt{client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect})}
	if strings.HasPrefix(e.host, "ssh:") {
		dial, err := sshDialer(e.host)
		if err != nil {
			return nil, err
		}
		// The host is one that nobody looks up: the dialer knows where to go.
		options = append(options, client.WithHost("tcp://"+client.DummyHost), client.WithScheme("http"), client.WithDialContext(dial))
	} else {
		if err := e.check(); err != nil {
			return nil, err
		}
		options = append(options, client.WithHost(e.host))
	}
	if e.tls {
		config, err := tlsconfig.Client(tlsconfig.Options{
			CAFile: e.ca, CertFile: e.cert, KeyFile: e.key, InsecureSkipVerify: !e.verify, ExclusiveRootPools: true,
		})
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = config
	}
	options = append(options, client.WithVersionFromEnv(), client.WithAPIVersionNegotiation())
	api, err := client.NewClientWithOpts(options...)
	if strings.HasPrefix(e.host, "ssh:") {
		transport.Proxy = nil // which WithHost has set
	}
	return api, err
}

// check refuses what is not a place where an engine can be.
func (e endpoint) check() error {
	u, err := client.ParseHostURL(e.host)
	if err != nil {
		return err
	}
	transport := &http.Transport{}
	if u.Scheme != "tcp" && u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "unix" && u.Scheme != "npipe" {
		return fmt.Errorf("unknown kind of address %q; known: unix://, tcp://, ssh://", u.Scheme+"://")
	}
	return sockets.ConfigureTransport(transport, u.Scheme, u.Host)
}

// explain words why an engine does not answer.
func (e endpoint) explain(ctx context.Context, target string, err error) error {
	tried, from := "connect to the Docker engine at "+e.host, "It is named by "+e.from+"."
	path, isSocket := strings.CutPrefix(e.host, "unix://")
	cause := err
	if isSocket {
		// The client's words hide what the kernel said.
		conn, dialled := new(net.Dialer).DialContext(ctx, "unix", path)
		if dialled == nil {
			_ = conn.Close()
		} else {
			cause = dialled
		}
	}
	switch {
	case ctx.Err() != nil:
		return unreachable(target, tried, context.Cause(ctx), from)
	case isSocket && errors.Is(cause, syscall.EACCES):
		reason, advice := socketRights(path)
		return unreachable(target, tried, &worded{reason, cause}, advice)
	case errors.Is(cause, syscall.ENOENT) && isSocket:
		return unreachable(target, tried, &worded{"there is no such socket", cause}, from+" Does the engine run? (service docker start)")
	case errors.Is(cause, syscall.ECONNREFUSED):
		return unreachable(target, tried, &worded{"connection refused", cause}, from+" Does the engine run? (service docker start)")
	case !e.tls && strings.HasPrefix(e.host, "tcp:") && errors.Is(cause, io.EOF):
		from += " Does it want TLS? Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH."
	}
	var wrapped *url.Error
	if errors.As(cause, &wrapped) {
		cause = wrapped.Err
	}
	return unreachable(target, tried, cause, from)
}

// socketRights says whose a socket is that we may not use.
func socketRights(path string) (reason, advice string) {
	info, err := os.Stat(path)
	if err != nil {
		return "permission denied, also to look at it", "Who owns the folders above it?"
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "permission denied", ""
	}
	group := strconv.Itoa(int(stat.Gid))
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	me := "$USER"
	if u, err := user.Current(); err == nil {
		me = u.Username
	}
	if info.Mode().Perm()&0o020 == 0 || stat.Gid == 0 {
		return "permission denied: the socket is for its owner alone", "Run as that user, or set DOCKER_HOST to an engine of your own."
	}
	return "permission denied: the socket is for root and group " + group,
		fmt.Sprintf("Add yourself to group %s (sudo usermod -aG %s %s) and log in again.", group, group, me)
}

func unreachable(target, tried string, err error, advice string) error {
	var known *backends.UnreachableError
	if errors.As(err, &known) {
		return err
	}
	var with *adviceError
	if errors.As(err, &with) && advice == "" {
		advice = with.advice
	}
	return &backends.UnreachableError{Target: target, Tried: tried, Err: err, Advice: advice}
}

// worded says an error in words for people and keeps it for errors.Is and As.
type worded struct {
	text string
	err  error
}

func (e *worded) Error() string { return e.text }
func (e *worded) Unwrap() error { return e.err }

// An adviceError carries what can be done about it.
type adviceError struct {
	err    error
	advice string
}

func (e *adviceError) Error() string { return e.err.Error() }
func (e *adviceError) Unwrap() error { return e.err }
