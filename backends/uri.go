package backends

import (
	"fmt"
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
	// ConnectTimeout bounds reaching the target; 0 means DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// Timeout bounds one question; 0 leaves it to the caller.
	Timeout time.Duration
}

// DefaultConnectTimeout bounds reaching a target when its URI does not say.
const DefaultConnectTimeout = 10 * time.Second

// commonOptions are understood whatever the scheme.
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
	fail := func(format string, args ...any) (*URI, error) {
		return nil, &URIError{Text: hidePassword(text), Reason: fmt.Sprintf(format, args...)}
	}
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || scheme == "" || strings.ContainsAny(scheme, " /@?") {
		if text == "" {
			return fail("it is empty; write local:// for this machine or ssh://HOST")
		}
		return fail("it has no scheme; did you mean ssh://%s?", hidePassword(text))
	}
	driver, ok := lookup(scheme)
	if !ok {
		return fail("unknown scheme %q; known: %s", scheme, strings.Join(Schemes(), ", "))
	}
	if after, slashes := strings.CutPrefix(rest, "//"); slashes {
		rest = after
	} else if !driver.Opaque {
		return fail("write %s://%s", scheme, hidePassword(rest))
	}
	u := &URI{Scheme: scheme, Options: url.Values{}}
	known := append(slices.Clone(commonOptions), driver.Options...)
	var options string
	u.Rest, options = cutOptions(rest, known, !driver.Literal)
	values, err := url.ParseQuery(options)
	if err != nil {
		return fail("cannot read its options: %v", err)
	}
	for name, v := range values {
		if !slices.Contains(known, name) {
			return fail("unknown option %q; known: %s", name, strings.Join(known, ", "))
		}
		if len(v) > 1 && slices.Contains(commonOptions, name) {
			return fail("option %q is given twice", name)
		}
		if err := u.set(name, v); err != nil {
			return fail("%v", err)
		}
	}
	if driver.Check != nil {
		if err := driver.Check(u); err != nil {
			return fail("%v", err)
		}
	}
	return u, nil
}

func (u *URI) set(name string, values []string) (err error) {
	value := values[0]
	switch name {
	case "sudo":
		if u.Sudo, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("option sudo=%s: want true or false", value)
		}
	case "sudo_user":
		if value == "" {
			return fmt.Errorf("option sudo_user is empty")
		}
		u.SudoUser, u.Sudo = value, true
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
func cutOptions(s string, known []string, any bool) (rest, options string) {
	i := strings.LastIndexByte(s, '?')
	if any {
		i = strings.IndexByte(s, '?')
	}
	if i < 0 {
		return s, ""
	}
	if !any {
		for pair := range strings.SplitSeq(s[i+1:], "&") {
			if name, _, ok := strings.Cut(pair, "="); !ok || !slices.Contains(known, name) {
				return s, ""
			}
		}
	}
	return s[:i], s[i+1:]
}

// hidePassword replaces what stands between the first ":" and the last "@" of
// an authority.
func hidePassword(text string) string {
	before, rest, ok := strings.Cut(text, "://")
	if !ok {
		before, rest = "", text
	} else {
		before += "://"
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return text
	}
	if user, _, ok := strings.Cut(rest[:at], ":"); ok {
		return before + user + ":***" + rest[at:]
	}
	return text
}

// String is the target as people and reports see it: without options, and
// without anything secret.
func (u *URI) String() string {
	if d, ok := lookup(u.Scheme); ok && d.Opaque {
		return u.Scheme + ":" + u.Rest
	}
	return u.Scheme + "://" + u.Rest
}
