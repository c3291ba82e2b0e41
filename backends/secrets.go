package backends

import (
	"os"
	"strings"
)

// secretVariables hold what drivers log in with.
var secretVariables = []string{"HOSTSPEC_SSH_PASSWORD", "HOSTSPEC_SSH_PASSPHRASE"}

// taken is what they held when the program began. It is taken out of the environment, so
// that no program that we start inherits it.
var taken = takeSecrets()

func takeSecrets() map[string]string {
	secrets := map[string]string{}
	for _, name := range secretVariables {
		if value, ok := os.LookupEnv(name); ok {
			secrets[name] = value
			_ = os.Unsetenv(name) // fails for names that are not valid alone
		}
	}
	return secrets
}

// Secret returns a secret that a driver logs in with, by the name of its variable: what
// the variable holds now, or held when the program began.
func Secret(name string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return taken[name]
}

// Secrets returns all secrets that drivers log in with, for whoever masks them.
func Secrets() []string {
	var values []string
	for _, name := range secretVariables {
		for _, value := range []string{os.Getenv(name), taken[name]} {
			if value != "" {
				values = append(values, value)
			}
		}
	}
	return values
}

// SecretEnviron returns the secrets as NAME=value, for a test binary that is to log in
// itself.
func SecretEnviron() []string {
	var env []string
	for _, name := range secretVariables {
		if value := Secret(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Environ is our environment without secrets, for programs that we start here.
func Environ() []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "HOSTSPEC_") || !strings.Contains(name, "PASS") {
			env = append(env, pair)
		}
	}
	return env
}
