// Package docker is the backend for containers and images of a Docker engine, or of
// whatever else serves its API, such as podman. It registers the schemes docker and
// docker-image.
package docker

import _ "github.com/docker/docker/client" // until the backend is here
