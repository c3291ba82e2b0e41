package resource_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// nssMachine is the shared machine with the service of testdata/nss_probe.c behind
// its own files, and with lines in these that are not entries.
func nssMachine(t *testing.T) (m *rig.Machine, restore func()) {
	t.Helper()
	library := filepath.Join(t.TempDir(), "libnss_probe.so.2")
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", library, "testdata/nss_probe.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	m = rig.SharedMachine(t)
	m.WriteFile(t, "/lib/x86_64-linux-gnu/libnss_probe.so.2", content, 0o644)
	m.Exec(t, `cd /etc && for f in nsswitch.conf passwd group shadow; do cp -p $f $f.before; done
sed -i -E 's/^(passwd|group|shadow):.*/& probe/' nsswitch.conf
sed -i '1i bad line\nbad:x:y:0::/:/bin/sh\nshort:x:4001\n:::::::\n\t# indented' passwd
printf '%s\n' '100101:x:2001:2001::/home/100101:/bin/sh' '2001:x:2002:2002::/home/2001:/bin/sh' 'plain:x:2003:2001::/:/bin/sh' \
	'brief:x:2004:2001' 'long:x:2005:2001::/:/bin/sh:more' >>passwd
sed -i '1i bad line\nbad:x:y:\nshort:x' group
printf '%s\n' '100101:x:2001:plain' '2001:x:2002:' 'brief:x:2004' >>group
printf '%s\n' '100101:!:19000:0:99999:7:::' '2001:*:19000:0:99999:7:::' 'plain:bad' >>shadow`)
	return m, func() {
		m.Exec(t, `cd /etc && for f in nsswitch.conf passwd group shadow; do mv $f.before $f; done; rm /lib/x86_64-linux-gnu/libnss_probe.so.2`)
	}
}

// TestAccountsOfANameService asks the C library's own getent(1) and id(1), on a
// machine with files that have lines which are not entries and a service that spells
// names in its own way. All questions of an asker go out in one exchange.
func TestAccountsOfANameService(t *testing.T) {
	m, restore := nssMachine(t)
	defer restore()
	a := onceAsker{askerFor(t, m.URI("root"))}
	user := func(name string) *resource.User { return resource.NewUser(a, name) }
	group := func(name string) *resource.Group { return resource.NewGroup(a, name) }
	names := []string{"root", "Administrator", `CORP\nagios`, `corp\NAGIOS`, "500200", "5003", "500400", "nosuchuser", "deploy", "100101", "2001", "2002", "plain", "brief", "long", "bad", "short", "0", "4294967296", "004001"}
	askTogether(t, a, names)
	g := NewWithT(t)
	for name, uid := range map[string]int{"root": 0, "Administrator": 5000, `CORP\nagios`: 5001, `corp\NAGIOS`: 5001, "500200": 5002, "5003": 5003,
		"deploy": 30001, "100101": 2001, "2001": 2002, "2002": 2002, "plain": 2003, "brief": 2004, "0": 0} {
		g.Expect(user(name).UID()).To(Equal(uid), name)
		g.Expect(user(name).Exists()).To(BeTrue(), name)
	}
	for _, name := range []string{"nosuchuser", "bad", "short", "4294967296", "004001", "administrato"} {
		g.Expect(user(name).Exists()).To(BeFalse(), name)
	}
	// Its number belongs to another name first, and no way tells more of it.
	g.Expect(isUnknown(second(user("500400").UID()))).To(BeTrue())
	// getent(1) does not print an entry with such a shell.
	g.Expect(second(user("long").Shell())).To(MatchError(ContainSubstring("error writing passwd entry")))
	g.Expect(user("brief").Shell()).To(BeEmpty())
	g.Expect(user(`CORP\nagios`).Gecos()).To(Equal(`a \n b`))
	// The C library says the same of each that stands in its files.
	for _, name := range []string{"root", "deploy", "plain", "brief"} {
		g.Expect(m.Exec(t, "getent passwd "+name+" | cut -d: -f3,4,6,7")).To(Equal(entryOf(t, user(name))), name)
	}
	g.Expect(user("Administrator").Groups()).To(HaveExactElements("users", "domain admins"))
	g.Expect(user("Administrator").BelongsToGroup("Domain Admins")).To(BeTrue())
	g.Expect(user(`CORP\nagios`).BelongsToGroup(`CORP\team`)).To(BeTrue())
	g.Expect(user(`CORP\nagios`).BelongsToGroup("6001")).To(BeTrue())
	g.Expect(user(`CORP\nagios`).BelongsToPrimaryGroup("users")).To(BeTrue())
	g.Expect(user(`CORP\nagios`).Locked()).To(BeTrue())
	g.Expect(user(`CORP\nagios`).MaximumDaysBetweenPasswordChange()).To(Equal(90))
	g.Expect(user("ADMINISTRATOR").Locked()).To(BeTrue())
	g.Expect(user("deploy").Locked()).To(BeFalse())
	g.Expect(user("100101").Locked()).To(BeTrue())
	g.Expect(user("2001").Locked()).To(BeFalse())
	g.Expect(user("2002").Locked()).To(BeFalse(), "it is the number of 2001")
	g.Expect(isUnknown(second(user("plain").Locked()))).To(BeTrue(), "its line is not an entry")
	g.Expect(user("plain").BelongsToGroup("2001")).To(BeFalse(), "a name first")
	g.Expect(user("plain").BelongsToGroupID(2001)).To(BeTrue())
	g.Expect(user("plain").BelongsToPrimaryGroup("100101")).To(BeTrue())
	g.Expect(user("plain").BelongsToPrimaryGroup("2001")).To(BeFalse())
	g.Expect(user("plain").BelongsToPrimaryGroupID(2001)).To(BeTrue())

	g.Expect(group("Domain Admins").GID()).To(Equal(6000))
	g.Expect(group("domain admins").HasMember("Administrator")).To(BeTrue())
	g.Expect(group(`CORP\team`).HasMember(`CORP\nagios`)).To(BeTrue())
	g.Expect(group(`CORP\team`).Members()).To(Equal([]string{`CORP\nagios`}))
	g.Expect(group("100101").GID()).To(Equal(2001))
	g.Expect(group("2001").GID()).To(Equal(2002))
	g.Expect(group("6003").GID()).To(Equal(6003))
	g.Expect(group("100101").HasMember("plain")).To(BeTrue())
	g.Expect(group("bad").Exists()).To(BeFalse())
	g.Expect(group("brief").Members()).To(BeEmpty())

	m.Exec(t, `mkdir -p /srv/owners && cd /srv/owners && touch a b c && chown +2001:+2001 a && chown +2002:+2002 b && chown +5001:+6001 c && chmod 600 a`)
	file := func(name string) *resource.File { return resource.NewFile(a.testAsker, "/srv/owners/"+name) }
	g.Expect(file("a").OwnedBy("100101")).To(BeTrue())
	g.Expect(file("a").OwnedBy("2001")).To(BeFalse(), "a name first")
	g.Expect(file("a").OwnedByID(2001)).To(BeTrue())
	g.Expect(file("b").OwnedBy("2001")).To(BeTrue())
	g.Expect(file("b").OwnedBy("2002")).To(BeTrue(), "no name, so a number")
	g.Expect(file("a").GroupedInto("2001")).To(BeFalse())
	g.Expect(file("a").GroupedIntoID(2001)).To(BeTrue())
	g.Expect(file("c").Owner()).To(Equal(`CORP\nagios`))
	g.Expect(file("c").OwnedBy(`corp\nagios`)).To(BeTrue())
	g.Expect(file("c").GroupedInto(`CORP\TEAM`)).To(BeTrue())
	c := file("c")
	g.Expect(c.GroupedInto("nosuchgroup")).To(BeFalse())
	g.Expect(c.Explain("GroupedInto").Near).To(Equal(`nobody is called "nosuchgroup"`))
	g.Expect(file("a").ReadableByUser("100101")).To(BeTrue())
	g.Expect(file("a").ReadableByUser("2001")).To(BeFalse())
}

// planAsker only notes what would be asked.
type planAsker struct {
	testAsker
	plan  *target.Plan
	epoch int64
}

func (a planAsker) View() (context.Context, target.View, error) {
	return a.ctx, target.View{Target: a.target, Epoch: a.epoch, Plan: a.plan}, nil
}

// askTogether asks for all that is known of users in one exchange.
func askTogether(t *testing.T, a onceAsker, names []string) {
	t.Helper()
	p := planAsker{a.testAsker, &target.Plan{}, 1}
	for _, name := range names {
		u := resource.NewUser(p, name)
		for _, err := range []error{second(u.Groups()), second(u.Locked())} {
			if !errors.Is(err, target.ErrPlanned) {
				t.Fatal(err)
			}
		}
	}
	if _, err := resource.NewUser(a.testAsker, "root").Groups(); err != nil { // opens a shell
		t.Fatal(err)
	}
	before := a.target.Stats().Exchanges
	if err := a.target.Fetch(a.ctx, target.Identity{}, p.plan.Wants, 1); err != nil {
		t.Fatal(err)
	}
	if n := a.target.Stats().Exchanges - before; n > 1 {
		t.Errorf("%d exchanges", n)
	}
}

// entryOf is an account as "getent passwd NAME | cut -d: -f3,4,6,7" prints it.
func entryOf(t *testing.T, u *resource.User) string {
	t.Helper()
	uid, err1 := u.UID()
	gid, err2 := u.GID()
	home, err3 := u.Home()
	shell, err4 := u.Shell()
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Error(err)
		}
	}
	return fmt.Sprintf("%d:%d:%s:%s\n", uid, gid, home, shell)
}

// TestAccountsWithABackslashInEachShell asks tools that are found before this
// machine's own, since its accounts are nobody's to change.
func TestAccountsWithABackslashInEachShell(t *testing.T) {
	dir := openTempDir(t)
	program := func(name, text string) {
		if err := os.WriteFile(dir+"/"+name, []byte("#!/bin/sh\n"+text), 0o755); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	program("getent", `db=$1; shift; s=0
for n; do case $db:$n in
'passwd:CORP\nagios') printf '%s\n' 'CORP\nagios:*:5001:5000:a\tb:/home/CORP\nagios:/bin/sh';;
'group:CORP\team') printf '%s\n' 'CORP\team:*:5000:CORP\nagios';;
'shadow:CORP\nagios') printf '%s\n' 'CORP\nagios:!$6$a\c:19000:1:90:7:::';;
*) /usr/bin/getent $db "$n" || s=2;; esac; done; exit $s
`)
	program("id", `for n; do :; done; case $n in
'CORP\nagios') case $1 in -Gn) printf '%s\n' 'CORP\team';; *) echo 5000;; esac;;
*) exec /usr/bin/id "$@";; esac
`)
	for _, shell := range shells {
		if strings.HasSuffix(shell, "-alone") {
			continue // no other program is beside it
		}
		t.Run(shell, func(t *testing.T) {
			g, a := NewWithT(t), onceAsker{askerFor(t, "test-"+shell+"://"+dir)}
			names := []string{"root", `CORP\nagios`, "nosuchuser", "daemon"}
			askTogether(t, a, names)
			u := resource.NewUser(a, `CORP\nagios`)
			g.Expect(u.UID()).To(Equal(5001))
			g.Expect(u.Gecos()).To(Equal(`a\tb`))
			g.Expect(u.Groups()).To(Equal([]string{`CORP\team`}))
			g.Expect(u.BelongsToGroup(`CORP\team`)).To(BeTrue())
			g.Expect(u.Locked()).To(BeTrue())
			g.Expect(u.EncryptedPassword()).To(Equal(`!$6$a\c`))
			g.Expect(resource.NewGroup(a, `CORP\team`).HasMember(`CORP\nagios`)).To(BeTrue())
			g.Expect(resource.NewUser(a, "root").Groups()).To(Equal([]string{"root"}))
			g.Expect(resource.NewUser(a, "daemon").UID()).To(Equal(1))
			g.Expect(resource.NewUser(a, "daemon").Locked()).To(BeFalse())
			g.Expect(resource.NewUser(a, "nosuchuser").Exists()).To(BeFalse())
		})
	}
}

// TestAccountsByFilesAreThoseOfTheNameService compares the two ways of asking this
// machine about all system accounts that its files know.
func TestAccountsByFilesAreThoseOfTheNameService(t *testing.T) {
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	byFiles, asked := onceAsker{askerFor(t, "local://")}, onceAsker{askerFor(t, "test-dash://machine")}
	var names []string
	for line := range strings.Lines(string(passwd)) {
		entry := strings.Split(line, ":")
		// Accounts of people come and go, such as those of other tests.
		if uid, err := strconv.Atoi(entry[2]); err == nil && uid < 1000 {
			names = append(names, entry[0])
		}
	}
	askTogether(t, byFiles, names)
	askTogether(t, asked, names)
	for _, name := range names {
		u, v := resource.NewUser(byFiles, name), resource.NewUser(asked, name)
		if got, want := entryOf(t, u), entryOf(t, v); got != want {
			t.Errorf("%s: the file says %q, getent %q", name, got, want)
		}
	}
}
