package spec

import (
	"context"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/password"
	"github.com/hostspec/hostspec/spec/target"
)

// Programs that specs start are not to inherit the password: it is taken out of the
// environment when the package is loaded. What is wrong with it is told by Run.
func init() {
	theSuite.password, theSuite.passwordErr = takePassword()
	rememberSecrets()
}

// rememberSecrets has what drivers log in with masked everywhere.
func rememberSecrets() {
	for _, secret := range backends.Secrets() {
		Secret(secret)
	}
}

// takePassword takes the password from `hostspec run`, which started this process, or
// from the environment.
func takePassword() (*password.Source, error) {
	source, err := password.Received()
	if source == nil && err == nil {
		source, err = password.FromEnvironment(nil)
	}
	if err != nil {
		return &password.Source{}, err
	}
	Secret(source.Known)
	return source, nil
}

// newTarget makes a target that is asked as its URI says, or else as the environment
// does.
func (s *suite) newTarget(uri *backends.URI, timeout time.Duration) (*target.Target, error) {
	as, err := target.IdentityOf(uri)
	if err != nil {
		return nil, err
	}
	if s.passwordErr != nil {
		return nil, s.passwordErr
	}
	rememberSecrets()
	opt := target.Options{Timeout: timeout, As: as, SudoPassword: s.password.Known, PasswordTries: s.password}
	if s.password.CanAsk() {
		opt.AskSudoPassword = func(ctx context.Context) (string, error) {
			text, err := s.password.Ask(ctx, uri.String())
			return Secret(text), err
		}
	}
	return target.New(uri, opt), nil
}
