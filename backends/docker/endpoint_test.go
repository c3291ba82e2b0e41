package docker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

const socket = "/var/run/docker.sock"

// freshSettings takes away whatever names an engine, and returns the folder of the
// docker command's settings.
func freshSettings(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH", "DOCKER_API_VERSION"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	return dir
}

// forward passes connections on to the engine, and counts them.
func forward(t *testing.T, l net.Listener) (address string, used func() bool) {
	t.Helper()
	var count = make(chan struct{}, 1000)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count <- struct{}{}
			go pass(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String(), func() bool { return len(count) > 0 }
}

func pass(c net.Conn) {
	defer c.Close()
	e, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer e.Close()
	go func() {
		_, _ = io.Copy(e, c)
		_ = e.(*net.UnixConn).CloseWrite()
	}()
	_, _ = io.Copy(c, e)
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEngineOfTheEnvironment(t *testing.T) {
	id := startContainer(t, busybox(t), "sh", "-c", wait)
	freshSettings(t)
	address, used := forward(t, listen(t, "tcp", "127.0.0.1:0"))
	// What a context says counts for nothing beside it.
	t.Setenv("DOCKER_CONTEXT", "nowhere")
	t.Setenv("DOCKER_HOST", "tcp://"+address)
	b := mustOpen(t, "docker://"+id)
	if got := output(t, b, "echo", "x"); got != "x\n" || !used() {
		t.Errorf("found %q, engine used: %v", got, used())
	}
	_ = b.Close()
}

func TestEngineOfAContext(t *testing.T) {
	id := startContainer(t, busybox(t), "sh", "-c", wait)
	one, usedOne := forward(t, listen(t, "unix", filepath.Join(t.TempDir(), "one.sock")))
	two, usedTwo := forward(t, listen(t, "unix", filepath.Join(t.TempDir(), "two.sock")))
	freshSettings(t)
	engine(t, "context", "create", "one", "--docker", "host=unix://"+one)
	engine(t, "context", "create", "two", "--docker", "host=unix://"+two)
	engine(t, "context", "use", "one")
	_ = mustOpen(t, "docker://"+id).Close()
	if !usedOne() || usedTwo() {
		t.Error("expected the current context to be used")
	}
	t.Setenv("DOCKER_CONTEXT", "two")
	_ = mustOpen(t, "docker://"+id).Close()
	if !usedTwo() {
		t.Error("expected DOCKER_CONTEXT to go before the current context")
	}
	t.Setenv("DOCKER_CONTEXT", "three")
	wantText(t, unreachableText(t, "docker://"+id), `DOCKER_CONTEXT names the docker context "three", which does not exist`, "There are: default, one, two.")
	t.Setenv("DOCKER_CONTEXT", "default")
	_ = mustOpen(t, "docker://"+id).Close()
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	dir := freshSettings(t)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, unreachableText(t, "docker://web"), "read docker's settings in "+dir)
}

// certificates makes an authority and a certificate by it for both ends.
func certificates(t *testing.T, dir string) {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, kind string, der []byte) {
		check(os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	check(err)
	write("ca.pem", "CERTIFICATE", der)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "end"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err = x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	check(err)
	write("cert.pem", "CERTIFICATE", der)
	der, err = x509.MarshalECPrivateKey(key)
	check(err)
	write("key.pem", "EC PRIVATE KEY", der)
}

func TestEngineOverTLS(t *testing.T) {
	id := startContainer(t, busybox(t), "sh", "-c", wait)
	dir := t.TempDir()
	certificates(t, dir)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	authority, _ := os.ReadFile(filepath.Join(dir, "ca.pem"))
	pool.AppendCertsFromPEM(authority)
	address, _ := forward(t, tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}))
	freshSettings(t)
	t.Run("by variables", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", "tcp://"+address)
		t.Setenv("DOCKER_TLS_VERIFY", "1")
		t.Setenv("DOCKER_CERT_PATH", dir)
		b := mustOpen(t, "docker://"+id)
		if got := output(t, b, "sh", "-c", "echo x"); got != "x\n" {
			t.Errorf("found %q", got)
		}
	})
	t.Run("by a context", func(t *testing.T) {
		engine(t, "context", "create", "far", "--docker",
			fmt.Sprintf("host=tcp://%s,ca=%s/ca.pem,cert=%[2]s/cert.pem,key=%[2]s/key.pem", address, dir))
		t.Setenv("DOCKER_CONTEXT", "far")
		output(t, mustOpen(t, "docker://"+id), "true")
	})
	t.Run("an engine that does not prove itself", func(t *testing.T) {
		other := t.TempDir()
		certificates(t, other)
		t.Setenv("DOCKER_HOST", "tcp://"+address)
		t.Setenv("DOCKER_TLS_VERIFY", "1")
		t.Setenv("DOCKER_CERT_PATH", other)
		wantText(t, unreachableText(t, "docker://"+id), "connect to the Docker engine at tcp://"+address, "certificate")
	})
	t.Run("without TLS", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", "tcp://"+address)
		wantText(t, unreachableText(t, "docker://"+id), "TLS")
	})
}

func TestEngineOverSSH(t *testing.T) {
	id := startContainer(t, busybox(t), "sh", "-c", wait)
	s := rig.StartSSHD(t)
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	// OpenSSH's client reads the settings of the account, whatever HOME says.
	dir := t.TempDir()
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(dir, "known_hosts")
	script := fmt.Sprintf("#!/bin/sh\nexec %s -F none -i %s -o UserKnownHostsFile=%s \"$@\"\n", ssh, backends.Quote(s.Identity), known)
	for file, text := range map[string]string{filepath.Join(dir, "ssh"): script, known: s.KnownHostsLine(s.Addr) + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	freshSettings(t)
	t.Setenv("DOCKER_HOST", "ssh://root@"+net.JoinHostPort(host, port))
	b := mustOpen(t, "docker://"+id)
	if got := output(t, b, "sh", "-c", "echo x"); got != "x\n" {
		t.Errorf("found %q", got)
	}
	var out strings.Builder
	p, err := b.Start(within(t, time.Minute), backends.Command{Args: []string{"cat"}, Stdin: strings.NewReader("in and out"), Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Wait(); err != nil || !status.Success() || out.String() != "in and out" {
		t.Errorf("found %v, %v, %q", status, err, out.String())
	}
	_ = b.Close()
	t.Setenv("DOCKER_HOST", "ssh://nobody-knows@"+net.JoinHostPort(host, port))
	wantText(t, unreachableText(t, "docker://"+id), "ssh says:", "Permission denied")
	t.Setenv("DOCKER_HOST", "ssh://root:secret@"+net.JoinHostPort(host, port))
	if text := unreachableText(t, "docker://"+id); !strings.Contains(text, "it holds a password") {
		t.Error(text)
	}
}

func TestEngineThatDoesNotRun(t *testing.T) {
	freshSettings(t)
	none := filepath.Join(t.TempDir(), "none.sock")
	t.Setenv("DOCKER_HOST", "unix://"+none)
	wantText(t, unreachableText(t, "docker://web"), "connect to the Docker engine at unix://"+none+": there is no such socket", "It is named by DOCKER_HOST. Does the engine run?")
	dead := filepath.Join(t.TempDir(), "dead.sock")
	l := listen(t, "unix", dead)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	t.Setenv("DOCKER_HOST", "unix://"+dead)
	wantText(t, unreachableText(t, "docker://web"), "connection refused")
	t.Setenv("DOCKER_HOST", "ftp://engine")
	wantText(t, unreachableText(t, "docker://web"), `unknown kind of address "ftp://"`)
}

func TestEngineThatIsSilent(t *testing.T) {
	freshSettings(t)
	l := listen(t, "unix", filepath.Join(t.TempDir(), "silent.sock"))
	t.Cleanup(func() { _ = l.Close() })
	t.Setenv("DOCKER_HOST", "unix://"+l.Addr().String())
	wantText(t, unreachableText(t, "docker://web?connect_timeout=1s"), "no answer within 1s")
}

func TestEngineThatIsTooOld(t *testing.T) {
	freshSettings(t)
	t.Setenv("DOCKER_API_VERSION", "1.40")
	wantText(t, unreachableText(t, "docker://web"), "its API is 1.40, too old: 1.41 (Docker 20.10) is the oldest", "DOCKER_API_VERSION asks for it")
	t.Setenv("DOCKER_API_VERSION", "")
	// The real one, that says it is older.
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine" },
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
		ModifyResponse: func(r *http.Response) error { r.Header.Set("Api-Version", "1.39"); return nil },
	}
	server := &http.Server{Handler: proxy}
	l := listen(t, "tcp", "127.0.0.1:0")
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	t.Setenv("DOCKER_HOST", "tcp://"+l.Addr().String())
	wantText(t, unreachableText(t, "docker://web"), "its API is 1.39, too old", "Update the engine.")
}

// TestSocketWithoutPermission runs this program again as somebody who may not.
func TestSocketWithoutPermission(t *testing.T) {
	if os.Getenv("HOSTSPEC_TEST_NOBODY") != "" {
		wantText(t, unreachableText(t, "docker://web"), "permission denied: the socket is for root and group docker", "Add yourself to group docker (sudo usermod -aG docker nobody)")
		return
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "test")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{os.WriteFile(program, self, 0o755), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run=^TestSocketWithoutPermission$")
	cmd.Dir, cmd.Env = "/", []string{"HOSTSPEC_TEST_NOBODY=1", "HOME=/nonexistent", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestSocketWithoutPermission") {
		t.Errorf("%v\n%s", err, out)
	}
}
