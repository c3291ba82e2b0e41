package backends

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A URI names a target and how to use it. Its text form is what people write
// after --target:
//
//	local://
//	ssh://deploy@web1:2222?identity=/keys/deploy&timeout=2m
//	docker://web
//	exec:kubectl exec -i pod --
type URI struct {
	// Scheme is the driver's name.
	Scheme string
	// Rest is everything between the scheme and the options, byte for byte. For
	// ssh it is what net/url calls user and host.
	Rest string
	// Options are the scheme's own options. The common ones are the fields
	// below.
	Options url.Values

	// Sudo asks for everything to run as another user; SudoUser is that user,
	// root when empty.
	Sudo     bool
	SudoUser string
	// NoSudo says that this was ruled out in so many words, whatever holds for other
	// targets.
	NoSudo bool
	// ConnectTimeout bounds reaching the target; 0 means DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// Timeout bounds one question; 0 leaves it to the caller.
	Timeout time.Duration

	// opaque says that the text has no "//" behind its scheme.
	opaque bool
}

// DefaultConnectTimeout bounds reaching a target when its URI does not say.
const DefaultConnectTimeout = 10 * time.Second

// CommonOptions returns the names of the options that are understood whatever the scheme.
func CommonOptions() []string { return slices.Clone(commonOptions) }

var commonOptions = []string{"sudo", "sudo_user", "connect_timeout", "timeout"}

// A URIError says what is wrong with the text of a target. It never repeats a
// password.
type URIError struct {
	// Text is the text, with a password replaced.
	Text string
	// Reason says what is wrong and what would be right.
	Reason string
}

func (e *URIError) Error() string { return fmt.Sprintf("target %q: %s", e.Text, e.Reason) }

// Parse reads a target's text. It touches nothing outside this process: that the
// target exists is found out by Open.
func Parse(text string) (*URI, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	driver, registered := lookup(scheme)
	known := append(CommonOptions(), driver.Options...)
	fail := func(format string, args ...any) (*URI, error) {
		shown := text
		if !driver.Literal {
			shown = hideSecrets(text, known)
		}
		return nil, &URIError{Text: shown, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case text == "":
		return fail("it is empty; write local:// for this machine or ssh://HOST")
	case !ok && registered:
		return fail("did you mean %s://?", text)
	case !ok || scheme == "" || strings.ContainsAny(scheme, " /@?"):
		return fail("it has no scheme; did you mean ssh://%s?", hideSecrets(text, known))
	case !registered:
		return fail("unknown scheme %q; known: %s", scheme, strings.Join(Schemes(), ", "))
	}
	if after, slashes := strings.CutPrefix(rest, "//"); slashes {
		rest = after
	} else if !driver.Opaque {
		return fail("write %s://%s", scheme, hideSecrets(rest, known))
	}
	if _, _, found := cutPassword(rest); found && !driver.Literal {
		return fail(holdsPassword)
	}
	u := &URI{Scheme: scheme, Options: url.Values{}}
	var options string
	u.Rest, options = cutOptions(rest, known, driver.Literal)
	if err := u.readOptions(options, known); err != nil {
		return fail("%v", err)
	}
	if driver.Check != nil {
		if err := driver.Check(u); err != nil {
			return fail("%v", err)
		}
	}
	return u, nil
}

// ParseForeign is Parse for whoever hands the text on to a program that may have more
// drivers, as a package of specs may have. Of a scheme that is registered here it says
// what Parse says. Of others it checks what holds for all of them, takes what follows a
// "?" for options, and leaves those to the driver.
func ParseForeign(text string) (*URI, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	if _, registered := lookup(scheme); registered || !ok || !isScheme(scheme) {
		return Parse(text)
	}
	rest, slashes := strings.CutPrefix(rest, "//")
	if _, _, found := cutPassword(rest); found {
		return nil, &URIError{Text: hideSecrets(text, nil), Reason: holdsPassword}
	}
	rest, _, _ = strings.Cut(rest, "?")
	return &URI{Scheme: scheme, Rest: rest, Options: url.Values{}, opaque: !slashes}, nil
}

// isScheme reports whether a text is the scheme of a URI (RFC 3986, 3.1), in small
// letters, as drivers are registered.
func isScheme(s string) bool {
	return s != "" && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

const holdsPassword = "it holds a password, which reports and process lists would show; set HOSTSPEC_SSH_PASSWORD instead"

// readOptions sets what the options say, by name, so that the same text always
// gives the same error.
func (u *URI) readOptions(options string, known []string) error {
	values, err := url.ParseQuery(options)
	if err != nil {
		return errors.New("cannot read its options: want name=value&name=value, with %25 for a % and %26 for an & in a value")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			return unknownOption(name, known)
		}
		if len(values[name]) > 1 && slices.Contains(commonOptions, name) {
			return fmt.Errorf("option %q is given twice", name)
		}
		if err := u.set(name, values[name]); err != nil {
			return err
		}
	}
	if u.SudoUser == "" {
		return nil
	}
	if values.Has("sudo") && !u.Sudo {
		return fmt.Errorf("options sudo=%s and sudo_user=%s contradict each other", values.Get("sudo"), u.SudoUser)
	}
	u.Sudo = true
	return nil
}

func unknownOption(name string, known []string) error {
	list := strings.Join(known, ", ")
	switch {
	case !isWord(name):
		// Not repeated, since it may be the rest of a password with a "?" in it.
		return fmt.Errorf("what follows the ? is not an option; known: %s", list)
	case strings.Contains(name, "pass"):
		return fmt.Errorf("unknown option %q, and reports and process lists would show it; "+
			"set HOSTSPEC_SSH_PASSWORD, HOSTSPEC_SSH_PASSPHRASE or HOSTSPEC_SUDO_PASSWORD instead", name)
	}
	return fmt.Errorf("unknown option %q; known: %s", name, list)
}

func (u *URI) set(name string, values []string) (err error) {
	value := values[0]
	switch name {
	case "sudo":
		if u.Sudo, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("option sudo=%s: want true or false", value)
		}
		u.NoSudo = !u.Sudo
	case "sudo_user":
		if value == "" {
			return fmt.Errorf("option sudo_user is empty")
		}
		u.SudoUser = value
	case "connect_timeout":
		u.ConnectTimeout, err = parseTimeout(name, value)
	case "timeout":
		u.Timeout, err = parseTimeout(name, value)
	default:
		u.Options[name] = values
	}
	return err
}

func parseTimeout(name, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("option %s=%s: want a time above zero such as 30s or 2m", name, value)
	}
	return d, nil
}

// cutOptions splits off the options. Where everything is literal, only a "?"
// that is followed by known options begins them, so that "?" may stand in the
// words of a command; elsewhere any "?" does, and unknown options are told.
func cutOptions(s string, known []string, literal bool) (rest, options string) {
	if !literal {
		rest, options, _ = strings.Cut(s, "?")
		return rest, options
	}
	i := strings.LastIndexByte(s, '?')
	if i < 0 {
		return s, ""
	}
	for pair := range strings.SplitSeq(s[i+1:], "&") {
		if name, _, ok := strings.Cut(pair, "="); !ok || !slices.Contains(known, name) {
			return s, ""
		}
	}
	return s[:i], s[i+1:]
}

// cutPassword finds a password in what follows the scheme: it stands between the
// first ":" and the last "@" of the authority. One with a "?" in it would end the
// authority too early; then what seems to be a port is not a number.
func cutPassword(rest string) (user, host string, found bool) {
	authority, options, _ := strings.Cut(rest, "?")
	if !strings.Contains(authority, "@") && strings.Contains(options, "@") && !strings.HasPrefix(authority, "[") {
		if _, port, ok := strings.Cut(authority, ":"); ok && strings.Trim(port, "0123456789") != "" {
			authority = rest
		}
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return "", "", false
	}
	user, _, found = strings.Cut(authority[:at], ":")
	return user, rest[at:], found
}

// hideSecrets makes a target's text fit to be shown: without a password, and
// without the values of options that nobody knows.
func hideSecrets(text string, known []string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if ok {
		scheme += "://"
	} else {
		scheme, rest = "", text
	}
	if user, host, found := cutPassword(rest); found {
		rest = user + ":***" + host
	}
	rest, options, ok := strings.Cut(rest, "?")
	if !ok {
		return scheme + rest
	}
	pairs := strings.Split(options, "&")
	for i, pair := range pairs {
		name, _, hasValue := strings.Cut(pair, "=")
		switch {
		case slices.Contains(known, name):
		case !isWord(name):
			pairs[i] = "***"
		case hasValue:
			pairs[i] = name + "=***"
		}
	}
	return scheme + rest + "?" + strings.Join(pairs, "&")
}

// isWord says whether a text could be the name of an option.
func isWord(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// String is the target as people and reports see it: without options, and
// without anything secret.
func (u *URI) String() string {
	if d, ok := lookup(u.Scheme); ok && d.Opaque || u.opaque {
		return u.Scheme + ":" + u.Rest
	}
	return u.Scheme + "://" + u.Rest
}
