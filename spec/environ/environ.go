// Package environ knows the variables of the environment that hostspec reads. A
// variable with a wrong name would change nothing and say nothing, and specs would
// run against another target than the one that was meant.
package environ

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/near"
	"github.com/hostspec/hostspec/spec/wire"
)

// prefix is how our variables begin.
const prefix = "HOSTSPEC_"

// public are the variables that people set.
var public = []string{
	"HOSTSPEC_INVENTORY",
	"HOSTSPEC_SSH_CONFIG",
	"HOSTSPEC_SSH_PASSPHRASE",
	"HOSTSPEC_SSH_PASSWORD",
	"HOSTSPEC_SUDO",
	"HOSTSPEC_SUDO_PASSWORD",
	"HOSTSPEC_SUDO_PASSWORD_COMMAND",
	"HOSTSPEC_TARGET",
	"HOSTSPEC_TIMEOUT",
}

// internal are those that hostspec sets for processes that it starts: test
// binaries, and the commands of hostspec tdd.
var internal = []string{
	"HOSTSPEC_CONTAINER",
	"HOSTSPEC_CONVERGE",
	"HOSTSPEC_DOCKER_CONTAINER",
	wire.EventsVariable,
	wire.OnVariable,
	wire.PasswordVariable,
	wire.VersionVariable,
}

// Check returns an error if one of the variables, which are written as
// os.Environ returns them, has a name that begins with ours and that nobody
// knows.
func Check(variables []string) error {
	for _, v := range variables {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(strings.ToUpper(name), prefix) {
			continue
		}
		if !slices.Contains(public, name) && !slices.Contains(internal, name) {
			return fmt.Errorf("%s is not a variable that hostspec knows%s (known: %s)",
				name, near.DidYouMean(name, public), strings.Join(public, ", "))
		}
	}
	return nil
}

// Target returns what specs run against where no flag says so: HOSTSPEC_TARGET,
// or this machine. A variable that is set to nothing, as CI systems do with one
// that they were not given, does not mean this machine.
func Target() (string, error) {
	text, set := os.LookupEnv("HOSTSPEC_TARGET")
	switch {
	case !set:
		return "local://", nil
	case strings.TrimSpace(text) == "":
		return "", errors.New("HOSTSPEC_TARGET is set, and empty; unset it, or name a target such as local:// or ssh://user@host")
	}
	return text, nil
}
