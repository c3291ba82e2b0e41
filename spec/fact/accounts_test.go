package fact_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/fact"
)

func TestParsePasswdAndGroup(t *testing.T) {
	g := NewWithT(t)
	users, err := fact.ParsePasswd(strings.NewReader(string(recorded(t, "passwd"))))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(users[2]).To(Equal(fact.User{Name: "www-data", Password: "x", UID: 33, GID: 33, Gecos: "www-data", Home: "/var/www", Shell: "/usr/sbin/nologin"}))
	g.Expect(users).To(HaveLen(4))
	groups, err := fact.ParseGroup(strings.NewReader(string(recorded(t, "group")) + "team:x:2000:deploy,svc\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(groups[0]).To(Equal(fact.Group{Name: "root", GID: 0, Members: []string{}}))
	g.Expect(groups[5].Members).To(Equal([]string{"deploy", "svc"}))

	users, err = fact.ParsePasswd(strings.NewReader("# comment\n\n+::::::\n+@admins::::::\nx:x:4294967294:1::/:\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(users).To(HaveLen(1))
	g.Expect(users[0].UID).To(Equal(4294967294))
	// What is not an entry is passed over, as the C library does.
	for line, want := range map[string][]fact.User{
		"root:x:zero:0:root:/root:/bin/sh": nil, "root:x:-1:0::/:": nil, "root:x:4294967296:0::/:": nil, "root": nil, "root:x:0": nil, "\x00": nil,
		"a:b:1:1:c:d:e:f":          {{Name: "a", Password: "b", UID: 1, GID: 1, Gecos: "c", Home: "d", Shell: "e:f"}},
		"a:b:1:1":                  {{Name: "a", Password: "b", UID: 1, GID: 1}},
		"\ta:b:1:1:::":             {{Name: "a", Password: "b", UID: 1, GID: 1}},
		strings.Repeat("x", 5<<20): nil,
	} {
		got, err := fact.ParsePasswd(strings.NewReader(line + "\nlast:x:9:9::/:\n"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got).To(Equal(append(want, fact.User{Name: "last", Password: "x", UID: 9, GID: 9, Home: "/"})), "%.80s", line)
	}
	groups, err = fact.ParseGroup(strings.NewReader("a:x\nb:x:y:\nc:x:7\nd:x:8:m, n,,o:p\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(groups).To(Equal([]fact.Group{{Name: "c", GID: 7, Members: []string{}}, {Name: "d", GID: 8, Members: []string{"m", "n", "o:p"}}}))
}

func TestParseShadow(t *testing.T) {
	g := NewWithT(t)
	const hash = "$y$j9T$2rSsMBfcBmQh6mJFQq9VG1$gcVvsFYjXcGnWpnVKkIVYHFcJmbfyvLtZJ4rXNdmiU4"
	all, err := fact.ParseShadow(strings.NewReader("deploy:*:19000:7:90:7:::\nlocked:!" + hash + ":19000::-1:7:::\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(Equal([]fact.Shadow{{Name: "deploy", Password: "*", MinDays: 7, MaxDays: 90}, {Name: "locked", Password: "!" + hash, MinDays: -1, MaxDays: -1}}))
	for _, bad := range []string{"x:" + hash + ":1\n", "x:1:2:" + hash + ":4:5:6:7:8\n", hash + "\n", "x:a:b:c:" + hash + ":::::::\n"} {
		got, err := fact.ParseShadow(strings.NewReader(bad))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got).To(BeEmpty())
	}
}

func FuzzParseAccounts(f *testing.F) {
	f.Add(string(recorded(f, "passwd")))
	f.Add(string(recorded(f, "group")))
	f.Add("locked:!$y$x:19000::-1:7:::\n")
	f.Fuzz(func(t *testing.T, s string) {
		users, _ := fact.ParsePasswd(strings.NewReader(s))
		for _, u := range users {
			if u.UID < 0 || strings.ContainsAny(u.Name, ":\n") {
				t.Errorf("%+v", u)
			}
		}
		_, _ = fact.ParseGroup(strings.NewReader(s))
		_, _ = fact.ParseShadow(strings.NewReader(s))
		_, _ = fact.ParseLoginDefs(strings.NewReader(s))
	})
}

func TestParseLoginDefs(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]fact.LoginDefs{
		string(recorded(t, "login.defs")): {SystemUIDMax: 999, SystemGIDMax: 999},
		"":                                {SystemUIDMax: 999, SystemGIDMax: 999},
		"UID_MIN 500\n#SYS_UID_MAX 999\nGID_MIN\t600": {SystemUIDMax: 499, SystemGIDMax: 599},
		"SYS_UID_MAX 0x64\nUID_MIN 1000\n":            {SystemUIDMax: 100, SystemGIDMax: 999},
	} {
		g.Expect(fact.ParseLoginDefs(strings.NewReader(text))).To(Equal(want), text)
	}
	_, err := fact.ParseLoginDefs(strings.NewReader("UID_MIN many\n"))
	g.Expect(err).To(MatchError(ContainSubstring("line 1")))
}

const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

func TestParseAuthorizedKeys(t *testing.T) {
	g := NewWithT(t)
	base64 := strings.Fields(aKey)[1]
	all, err := fact.ParseAuthorizedKeys(strings.NewReader("# keys\n\n" + aKey + " deploy@laptop now\n" +
		`from="10.0.0.0/8,::1",command="echo \"a b\", c",no-pty ` + aKey + " x\n" +
		"cert-authority\t" + aKey + "\n" + "ssh-rsa " + base64 + " wrong type\nssh-ed25519 !!!\nnonsense\n" + "  " + aKey + "\n"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(HaveLen(4))
	g.Expect(all[0]).To(Equal(fact.AuthorizedKey{Type: "ssh-ed25519", Key: base64, Comment: "deploy@laptop now"}))
	g.Expect(all[1].Options).To(Equal([]string{`from="10.0.0.0/8,::1"`, `command="echo \"a b\", c"`, "no-pty"}))
	g.Expect(all[1].Key).To(Equal(base64))
	g.Expect(all[2].Authority()).To(BeTrue())
	g.Expect(all[0].Authority()).To(BeFalse())
	for _, bad := range []string{"", "ssh-ed25519", base64, "ssh-ed25519 AAAA", `command="x ` + aKey} {
		_, err := fact.ParseAuthorizedKey(bad)
		g.Expect(err).To(HaveOccurred(), bad)
	}
}

func FuzzParseAuthorizedKey(f *testing.F) {
	f.Add(aKey + " comment")
	f.Add(`a="b\"",c ` + aKey)
	f.Fuzz(func(t *testing.T, s string) {
		k, err := fact.ParseAuthorizedKey(s)
		if err == nil && (k.Type == "" || k.Key == "") {
			t.Errorf("%+v", k)
		}
	})
}

func FuzzParseAuthorizedKeys(f *testing.F) {
	f.Add(aKey + " comment\n# no key\nno-pty,command=\"a \\\" b\" " + aKey + "\n\nnonsense\n")
	f.Fuzz(func(t *testing.T, s string) {
		all, err := fact.ParseAuthorizedKeys(strings.NewReader(s))
		for _, k := range all {
			if err == nil && (k.Type == "" || k.Key == "") {
				t.Errorf("%+v", k)
			}
		}
	})
}
