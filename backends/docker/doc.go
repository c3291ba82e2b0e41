// Package docker runs processes in containers of a Docker engine, or of whatever else
// serves its API, such as podman, under the schemes docker and docker-image:
//
//	docker://web
//	docker://www-data@web
//	docker-image://debian:12
//	docker-image://registry.example/web:1.4?boot=systemd&env=STAGE=test
//
// # Engine
//
// The engine is the one that the docker command would speak to: DOCKER_HOST, else
// DOCKER_CONTEXT, else the current context of ~/.docker/config.json (in DOCKER_CONFIG
// where that is set), else unix:///var/run/docker.sock; with DOCKER_TLS_VERIFY,
// DOCKER_TLS, DOCKER_CERT_PATH and DOCKER_API_VERSION as there. Engines named by ssh:// are reached
// by OpenSSH's client. The API has to be 1.41 (Docker 20.10) or newer.
//
// # Containers
//
// Processes are started by exec, as the container's own user in its own working
// directory with its own environment, or as the user of the URI. A container that
// does not run, or that has no sh, is reached all the same, through the archive API,
// which reads files (see backends.Limited); podman's, which says that all belongs to
// root, is replaced by an export of the whole container, once for what is asked together.
// One that is paused, restarting, or being removed is UNREACHABLE.
//
// A command given up by its context is killed with its process group, by another exec
// that looks for the group's members in the container's /proc. An exec's exit code
// does not tell a signal from a code above 128. Code 137 costs another look, at
// whether the container itself has ended.
//
// # Images
//
// A container is made from the image, labelled with its owner, and removed by Close;
// containers of dead processes of this host are swept when the next one is made.
// Nothing is pulled. The container runs the image's own command, and is ready when
// its health check, if it has one, has passed once. Where there is no command or only
// a shell, a process that waits stands in; with no shell either the container is not
// started and its files are read. Options of the URI:
//
//	boot=systemd         boot the image's systemd and wait until it is up
//	env=NAME=VALUE       add to its environment; may be given several times
//	mount=SRC:DST[:ro]   bind a folder or file of the engine's host, or a volume; likewise
//	entrypoint=WORDS     run this instead of the image's command
//
// Reaching a container of an image may take a minute unless connect_timeout says
// otherwise.
package docker
