package fact

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What systemctl of systemd 252 prints about nginx.service, rig-alias.service,
// nope.service and -.mount.
const shownUnits = `MainPID=40
Result=success
Id=nginx.service
Names=nginx.service
RequiredBy=
WantedBy=multi-user.target
UpheldBy=
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled

MainPID=0
Result=success
Id=rig-oneshot.service
Names=rig-alias.service rig-oneshot.service
RequiredBy=x.target
WantedBy=multi-user.target
LoadState=loaded
ActiveState=active
SubState=exited
UnitFileState=enabled

MainPID=0
Id=nope.service
Names=nope.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
Id=-.mount
LoadState=loaded
ActiveState=active
SubState=mounted
UnitFileState=generated
`

func TestParseUnits(t *testing.T) {
	got, err := ParseUnits(strings.NewReader(shownUnits))
	want := []Unit{
		{ID: "nginx.service", Names: []string{"nginx.service"}, LoadState: "loaded", ActiveState: "active", SubState: "running", UnitFileState: "enabled", Result: "success", MainPID: 40, WantedBy: []string{"multi-user.target"}},
		{ID: "rig-oneshot.service", Names: []string{"rig-alias.service", "rig-oneshot.service"}, LoadState: "loaded", ActiveState: "active", SubState: "exited", UnitFileState: "enabled", Result: "success", WantedBy: []string{"multi-user.target", "x.target"}},
		{ID: "nope.service", Names: []string{"nope.service"}, LoadState: "not-found", ActiveState: "inactive", SubState: "dead"},
		// A blank line is missing before it.
		{ID: "-.mount", Names: []string{}, LoadState: "loaded", ActiveState: "active", SubState: "mounted", UnitFileState: "generated"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseUnitsMalformed(t *testing.T) {
	for _, text := range []string{
		"Running in chroot, ignoring request: show\n", "Id=\nLoadState=loaded\nActiveState=active\n", "Id=a.service\n", "LoadState=loaded\nActiveState=active\n",
		"Id=a.service\nLoadState=loaded\nActiveState=active\nMainPID=x\n", "Id=a.service\nLoadState=loaded\nActiveState=active\nMainPID=-1\n",
		"Id=a.service\n\nLoadState=loaded\nActiveState=active\n",
	} {
		if got, err := ParseUnits(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
	if got, err := ParseUnits(strings.NewReader("\n\n")); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseUnitFiles(t *testing.T) {
	got, err := ParseUnitFiles(strings.NewReader("-.mount generated -\nnginx.service                          enabled         enabled\nold.service disabled\n\n"))
	if err != nil || !slices.Equal(got, []UnitFile{{"-.mount", "generated"}, {"nginx.service", "enabled"}, {"old.service", "disabled"}}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"nginx.service\n", "0 unit files listed.\n"} {
		if got, err := ParseUnitFiles(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestParseProperty(t *testing.T) {
	for _, c := range []struct {
		text, want string
		known      bool
	}{
		{"", "", false},
		{"User=\n", "", true},
		{"User=deploy\n", "deploy", true},
		{"User=a\nb\n\nMainPID=7\n", "a\nb\n\nMainPID=7", true},
		{"User=a\nUser=b\n", "a\nb", true},
		{"User=a=b", "a=b", true},
	} {
		got, known, err := ParseProperty(c.text, "User")
		if err != nil || got != c.want || known != c.known {
			t.Errorf("%q: got %q, %v, %v", c.text, got, known, err)
		}
	}
	if _, _, err := ParseProperty("UserX=a\n", "User"); err == nil {
		t.Error("another property was read")
	}
	if got := PropertyNames("Id=a\n continued=x\nUser=b\n"); !slices.Equal(got, []string{"Id", "User"}) {
		t.Errorf("got %q", got)
	}
}

func TestUnitName(t *testing.T) {
	for name, want := range map[string]string{
		"nginx": "nginx.service", "nginx.service": "nginx.service", "docker.socket": "docker.socket", "python3.11": "python3.11.service",
		"getty@tty1": "getty@tty1.service", "x@": "x@.service", `dev-disk-by\x2dlabel.swap`: `dev-disk-by\x2dlabel.swap`, "-.mount": "-.mount", "a@b@c": "a@b@c.service",
	} {
		got, err := UnitName(name)
		if err != nil || got != want || IsTemplate(got) != (name == "x@") {
			t.Errorf("%q: got %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", " ", "a b", "a*", "a?", "[a]", "a/b", "@a", ".service", "a\n", "ä", "a%i", "a;b", strings.Repeat("a", 248)} {
		if got, err := UnitName(name); err == nil {
			t.Errorf("%q is read as %q", name, got)
		}
	}
}

func FuzzParseUnits(f *testing.F) {
	f.Add(shownUnits)
	f.Add("nginx.service enabled enabled\n")
	f.Fuzz(func(t *testing.T, text string) {
		units, err := ParseUnits(strings.NewReader(text))
		for _, u := range units {
			if err == nil && (u.ID == "" || u.LoadState == "" || u.MainPID < 0) {
				t.Errorf("got %+v", u)
			}
		}
		_, _ = ParseUnitFiles(strings.NewReader(text))
		_, _, _ = ParseProperty(text, "Id")
		if name, err := UnitName(text); err == nil && (strings.ContainsAny(name, " */\n'") || len(name) > 255) {
			t.Errorf("%q is a unit's name", name)
		}
	})
}

func TestParseEnablement(t *testing.T) {
	got, err := ParseEnablement("state enabled\nstate alias static\nnone\nfailed\nstate generated \nstate not-found\nstate masked-runtime\n", 7)
	want := []Enablement{{State: "enabled"}, {State: "alias", Real: "static"}, {}, {Failed: true}, {State: "generated"}, {}, {State: "masked-runtime"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{"", "state\n", "state enabled\nstate enabled\n", "state Enabled\n", "none at all\n", "failed too\n", "enabled\n", "state a b c\n"} {
		if got, err := ParseEnablement(text, 1); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
	for e, want := range map[Enablement]bool{
		{State: "enabled"}: true, {State: "enabled-runtime"}: true, {State: "alias", Real: "enabled"}: true, {State: "generated", Real: "enabled"}: true,
		{State: "alias"}: false, {State: "static"}: false, {State: "indirect"}: false, {State: "linked"}: false, {State: "disabled"}: false, {}: false,
	} {
		if got := e.Enabled(); got != want {
			t.Errorf("%+v: got %v", e, got)
		}
	}
}

func FuzzParseEnablement(f *testing.F) {
	f.Add("state enabled\nnone\nfailed\n", 3)
	f.Add("state alias enabled\n", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if got, err := ParseEnablement(text, n); err == nil && len(got) != n {
			t.Errorf("asked about %d, told about %d", n, len(got))
		}
	})
}
