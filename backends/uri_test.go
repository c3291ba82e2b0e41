package backends_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
)

var errOpened = errors.New("opened")

// The schemes of these tests are of each kind that a driver can be.
func init() {
	open := func(context.Context, *backends.URI) (backends.Backend, error) { return nil, errOpened }
	backends.Register("plain", backends.Driver{Open: open, Options: []string{"identity"}, Check: func(u *backends.URI) error {
		if u.Rest == "bad" {
			return errors.New("bad is no host")
		}
		return nil
	}})
	backends.Register("literal", backends.Driver{Open: open, Literal: true})
	backends.Register("opaque", backends.Driver{Open: open, Literal: true, Opaque: true})
}

func TestParse(t *testing.T) {
	for text, want := range map[string]backends.URI{
		"plain://":                    {},
		"plain://web1":                {Rest: "web1"},
		"plain://me@web1:22":          {Rest: "me@web1:22"},
		"plain://[fe80::1%25eth0]:22": {Rest: "[fe80::1%25eth0]:22"},
		"plain://web1?identity=/a&timeout=2m": {Rest: "web1", Timeout: 2 * time.Minute,
			Options: url.Values{"identity": {"/a"}}},
		"plain://web1?identity=/a&identity=k@h": {Rest: "web1", Options: url.Values{"identity": {"/a", "k@h"}}},
		"plain://web1:22?identity=k@h":          {Rest: "web1:22", Options: url.Values{"identity": {"k@h"}}},
		"plain://[::1]?identity=k@h":            {Rest: "[::1]", Options: url.Values{"identity": {"k@h"}}},
		"plain://web1?connect_timeout=3s":       {Rest: "web1", ConnectTimeout: 3 * time.Second},
		"plain://web1?sudo=true":                {Rest: "web1", Sudo: true},
		"plain://web1?sudo=false":               {Rest: "web1", NoSudo: true},
		"plain://web1?sudo_user=db":             {Rest: "web1", Sudo: true, SudoUser: "db"},
		"plain://web1?sudo=1&sudo_user=db":      {Rest: "web1", Sudo: true, SudoUser: "db"},
		"literal://a?b":                         {Rest: "a?b"},
		"literal://a?b?timeout=1s":              {Rest: "a?b", Timeout: time.Second},
		"literal://a?timeout=1s&x=y":            {Rest: "a?timeout=1s&x=y"},
		"literal://debian:12@sha256:0af1":       {Rest: "debian:12@sha256:0af1"},
		"opaque:kubectl exec -i p --":           {Rest: "kubectl exec -i p --"},
		"opaque:sh -c 'a?b'?sudo=true":          {Rest: "sh -c 'a?b'", Sudo: true},
		"opaque://usr/bin/env":                  {Rest: "usr/bin/env"},
	} {
		u, err := backends.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want.Scheme, _, _ = strings.Cut(text, ":")
		if want.Options == nil {
			want.Options = url.Values{}
		}
		if !reflect.DeepEqual(*u, want) {
			t.Errorf("%s: expected %+v, found %+v", text, want, *u)
		}
	}
}

// Bad texts are refused in words that say what would be right.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "it is empty; write local:// for this machine or ssh://HOST",
		"web1":                                  "it has no scheme; did you mean ssh://web1?",
		"me@web1":                               "did you mean ssh://me@web1?",
		"me@web1:22":                            "did you mean ssh://me@web1:22?",
		"://web1":                               "it has no scheme",
		"plain":                                 "did you mean plain://?",
		"plain:web1":                            "write plain://web1",
		"plain:/web1":                           "write plain:///web1",
		"telnet://web1":                         `unknown scheme "telnet"; known: literal, local, opaque, plain`,
		"plain://bad":                           "bad is no host",
		"plain://w?color=red":                   `unknown option "color"; known: sudo, sudo_user, connect_timeout, timeout, identity`,
		"plain://w?a=1&b=2&c=3":                 `unknown option "a"`,
		"plain://w?":                            "",
		"plain://w?%zz":                         "cannot read its options",
		"plain://w?a;b":                         "cannot read its options",
		"plain://w?timeout":                     "option timeout=: want a time above zero such as 30s or 2m",
		"plain://w?timeout=5":                   "option timeout=5: want a time above zero",
		"plain://w?timeout=-1s":                 "option timeout=-1s: want a time above zero",
		"plain://w?connect_timeout=0s":          "option connect_timeout=0s: want a time above zero",
		"plain://w?sudo=maybe":                  "option sudo=maybe: want true or false",
		"plain://w?sudo_user=":                  "option sudo_user is empty",
		"plain://w?sudo=false&sudo_user=db":     "options sudo=false and sudo_user=db contradict each other",
		"plain://w?timeout=1s&timeout=2s":       `option "timeout" is given twice`,
		"opaque":                                "did you mean opaque://?",
		"plain://me:pw@web1?identity=/a&sudo=1": "set HOSTSPEC_SSH_PASSWORD instead",
	} {
		_, err := backends.Parse(text)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if _, ok := errors.AsType[*backends.URIError](err); !ok {
			t.Errorf("%q: expected a URIError, found %v", text, err)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: expected %q, found %q", text, want, err)
		}
	}
}

// A password is refused and not echoed, whatever it is made of.
func TestParseEchoesNoPassword(t *testing.T) {
	for _, text := range []string{
		"plain://me:hunter2@web1",
		"plain://me:hunter2@web1:22?identity=/a",
		"plain://me:hunter2@web1?nonsense=1",
		"plain://me:x@hunter2@web1",
		"plain://me:x/hunter2@web1",
		"plain://me:x#hunter2@web1",
		"plain://me:x?hunter2@web1",
		"plain://me:1?hunter2@web1",
		"plain://me:x%hunter2@web1",
		"plain://me:x%40hunter2:y@web1",
		"plain://:hunter2@web1",
		"plain:me:hunter2@web1",
		"plain:/me:hunter2@web1",
		"telnet://me:hunter2@web1",
		"me:hunter2@web1",
		"my self:hunter2@web1",
		"plain://web1?password=hunter2",
		"plain://web1?sudo_password=hunter2&timeout=1s",
		"plain://web1?timeout=1s&token=hunter2",
		"telnet://web1?password=hunter2",
	} {
		_, err := backends.Parse(text)
		if err == nil {
			t.Errorf("%q: expected an error, found none", text)
			continue
		}
		for _, printed := range []string{err.Error(), fmt.Sprintf("%+v %#v %q", err, err, err)} {
			if strings.Contains(printed, "hunter2") {
				t.Errorf("%q: expected no password to be shown, found %s", text, printed)
			}
		}
	}
}

func TestURIString(t *testing.T) {
	for text, want := range map[string]string{
		"plain://me@web1:22?timeout=1s": "plain://me@web1:22",
		"literal://a?b?timeout=1s":      "literal://a?b",
		"opaque:kubectl exec -i p --":   "opaque:kubectl exec -i p --",
	} {
		u, err := backends.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if u.String() != want {
			t.Errorf("expected %s, found %s", want, u)
		}
	}
}

// FuzzParse looks for panics, for errors of another kind, and for texts that
// change on their way.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"plain://me:pw@h?identity=a", "literal://a?b?timeout=1s", "opaque:x y?sudo=true", "x:y@z", "plain://[::1]:22"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := backends.Parse(text)
		if err != nil {
			if _, ok := errors.AsType[*backends.URIError](err); !ok {
				t.Errorf("expected a URIError, found %T %v", err, err)
			}
			return
		}
		again, err := backends.Parse(u.String())
		if err != nil {
			// What was literal may look like options once these are cut off.
			if u.Scheme == "plain" {
				t.Errorf("expected %q to be read again, found %v", u, err)
			}
		} else if u.Scheme == "plain" && again.Rest != u.Rest {
			t.Errorf("expected %q, found %q", u.Rest, again.Rest)
		}
	})
}

// What is handed on to a program with more drivers is checked as far as all schemes go.
func TestParseForeign(t *testing.T) {
	for text, shown := range map[string]string{
		"twin://a":                "twin://a",
		"twin://a?of=b":           "twin://a",
		"nspawn:web":              "nspawn:web",
		"plain://web1?identity=x": "plain://web1",
	} {
		if u, err := backends.ParseForeign(text); err != nil || u.String() != shown {
			t.Errorf("%s: got %v, %v", text, u, err)
		}
	}
	for text, says := range map[string]string{
		"web1":              "it has no scheme; did you mean ssh://web1?",
		"":                  "it is empty",
		"twin://a:h0rse@b":  "it holds a password",
		"Twin://a":          `unknown scheme "Twin"`,
		"plain://web1?no=x": `unknown option "no"`,
	} {
		if _, err := backends.ParseForeign(text); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "h0rse") {
			t.Errorf("%q: got %v, want %s", text, err, says)
		}
	}
}
