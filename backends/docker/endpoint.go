package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/client"
)

// An endpoint is where an engine listens.
type endpoint struct {
	// host is a URL: unix:///run/docker.sock, tcp://HOST:2376, ssh://USER@HOST.
	host string
	// from says in words who named it, for people.
	from string
	// tls says that the connection is encrypted; ca, cert and key are files, or
	// empty, and verify says that the engine has to prove itself.
	tls, verify   bool
	ca, cert, key string
}

// defaultContext is the context that stands for the environment.
const defaultContext = "default"

// findEndpoint chooses the engine in the order of the docker command: DOCKER_HOST,
// DOCKER_CONTEXT, the current context of config.json, the default socket.
func findEndpoint() (endpoint, error) {
	folder, err := configFolder()
	if err != nil {
		return endpoint{}, err
	}
	if os.Getenv(client.EnvOverrideHost) != "" {
		return environmentEndpoint(folder), nil
	}
	name, from := os.Getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
	if name == "" {
		from = filepath.Join(folder, "config.json")
		name, err = currentContext(from)
		if errors.Is(err, os.ErrPermission) {
			// As the docker command does: somebody else's home is no reason to stop.
			e := environmentEndpoint(folder)
			e.from += " (" + from + " may not be read)"
			return e, nil
		}
		if err != nil {
			return endpoint{}, err
		}
	}
	if name == "" || name == defaultContext {
		return environmentEndpoint(folder), nil
	}
	return contextEndpoint(folder, name, from)
}

// configFolder is where the docker command keeps its settings.
func configFolder() (string, error) {
	if folder := os.Getenv("DOCKER_CONFIG"); folder != "" {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find docker's settings: %w; set DOCKER_CONFIG or DOCKER_HOST", err)
	}
	return filepath.Join(home, ".docker"), nil
}

// environmentEndpoint is the one of the context "default".
func environmentEndpoint(folder string) endpoint {
	e := endpoint{host: os.Getenv(client.EnvOverrideHost), from: "DOCKER_HOST"}
	if e.host == "" {
		e.host, e.from = client.DefaultDockerHost, "docker's default"
	}
	e.verify = os.Getenv(client.EnvTLSVerify) != ""
	e.tls = (e.verify || os.Getenv("DOCKER_TLS") != "") && strings.HasPrefix(e.host, "tcp:")
	if certs := os.Getenv(client.EnvOverrideCertPath); certs != "" {
		folder = certs
	}
	e.materialIn(folder)
	return e
}

// materialIn notes which of the usual files of a folder are there.
func (e *endpoint) materialIn(folder string) {
	for name, file := range map[string]*string{"ca.pem": &e.ca, "cert.pem": &e.cert, "key.pem": &e.key} {
		if path := filepath.Join(folder, name); exists(path) {
			*file = path
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// currentContext reads what `docker context use` has written.
func currentContext(file string) (string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read docker's settings: %w", err)
	}
	var config struct{ CurrentContext string }
	if err := json.Unmarshal(text, &config); err != nil {
		return "", fmt.Errorf("read docker's settings in %s: %w", file, err)
	}
	return config.CurrentContext, nil
}

// contextMeta is contexts/meta/SHA256/meta.json as the docker command writes it.
type contextMeta struct {
	Name      string
	Endpoints map[string]struct {
		Host          string
		SkipTLSVerify bool
	}
}

// contextEndpoint reads a context. Its folder is named by the SHA-256 of its name.
func contextEndpoint(folder, name, from string) (endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	meta, err := readMeta(filepath.Join(folder, "contexts", "meta", id, "meta.json"))
	if errors.Is(err, os.ErrNotExist) {
		return endpoint{}, &adviceError{
			err:    fmt.Errorf("%s names the docker context %q, which does not exist", from, name),
			advice: "There are: " + strings.Join(contextNames(folder), ", ") + ".",
		}
	}
	if err != nil {
		return endpoint{}, fmt.Errorf("read the docker context %q: %w", name, err)
	}
	docker, ok := meta.Endpoints["docker"]
	if !ok {
		return endpoint{}, fmt.Errorf("the docker context %q names no Docker engine", name)
	}
	e := endpoint{host: docker.Host, from: fmt.Sprintf("the docker context %q", name), verify: !docker.SkipTLSVerify}
	if e.host == "" {
		e.host = client.DefaultDockerHost
	}
	e.materialIn(filepath.Join(folder, "contexts", "tls", id, "docker"))
	e.tls = strings.HasPrefix(e.host, "tcp:") && (e.ca != "" || e.cert != "" || docker.SkipTLSVerify)
	return e, nil
}

func readMeta(file string) (meta contextMeta, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return meta, err
	}
	return meta, json.Unmarshal(text, &meta)
}

// contextNames lists the contexts that can be read, "default" among them.
func contextNames(folder string) []string {
	names := []string{defaultContext}
	files, _ := filepath.Glob(filepath.Join(folder, "contexts", "meta", "*", "meta.json")) // no bad pattern
	for _, file := range files {
		if meta, err := readMeta(file); err == nil {
			names = append(names, meta.Name)
		}
	}
	slices.Sort(names[1:])
	return names
}
