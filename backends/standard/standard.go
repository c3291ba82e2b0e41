// Package standard registers the backends that hostspec comes with: local, ssh, docker,
// docker-image and exec.
package standard

import (
	_ "github.com/hostspec/hostspec/backends/command"
	_ "github.com/hostspec/hostspec/backends/docker"
	_ "github.com/hostspec/hostspec/backends/local"
	_ "github.com/hostspec/hostspec/backends/ssh"
)
