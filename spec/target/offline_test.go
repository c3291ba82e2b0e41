package target

import (
	"bytes"
	"context"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/docker"
	"github.com/hostspec/hostspec/spec/evidence"
)

// withoutShell opens a container of an image with these files, which runs and has no
// shell.
func withoutShell(t *testing.T, files ...rig.File) (*Target, string) {
	t.Helper()
	files = append(files, rig.File{Name: "sleeper", Mode: 0o755, Content: rig.Sleeper(t)})
	id := rig.MakeContainer(t, rig.MakeImage(t, files...), "/sleeper")
	rig.Docker(t, "start", id)
	return open(t, "docker://"+id), id
}

var etcRelease = []rig.File{
	{Name: "etc/"}, {Name: "usr/"}, {Name: "usr/lib/"},
	{Name: "usr/lib/os-release", Content: "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Distroless\"\n"},
	{Name: "etc/os-release", Type: '2', Link: "../usr/lib/os-release"},
}

// contents is a kind that reads files and nothing else.
var contents = func() *Kind[string] {
	k := reader(func(ctx context.Context, r backends.FileReader, name string) (string, error) {
		var text bytes.Buffer
		err := readStream(ctx, r, name, &text)
		return text.String(), err
	})
	k.Files = func(_ System, names []string) []string { return names }
	k.Reads = func(name string) string { return "read " + name }
	return k
}()

func TestOffline_TellsItsSystem(t *testing.T) {
	g := NewWithT(t)
	target, _ := withoutShell(t, etcRelease...)
	s, err := target.System(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Is("debian")).To(BeTrue())
	g.Expect(s.String()).To(Equal("Distroless"))
	g.Expect(s.NoProcess).To(MatchError("no shell in this container"))
	g.Expect(target.Stats().Connections).To(Equal(1))
}

func TestOffline_AnImageFromScratchIsNoSystemInParticular(t *testing.T) {
	g := NewWithT(t)
	target, _ := withoutShell(t)
	s, err := target.System(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.ID).To(BeEmpty())
	g.Expect(s.Is("debian")).To(BeFalse())
	g.Expect(s.String()).To(Equal("Linux"))
}

func TestOffline_ReadsFiles(t *testing.T) {
	g := NewWithT(t)
	target, _ := withoutShell(t, etcRelease...)
	v, err := View{Target: target}.Together(t.Context(), contents.Of("/etc/os-release"), contents.Of("/none"), single.Of("true"))
	g.Expect(err).NotTo(HaveOccurred())
	text, e, err := Ask(t.Context(), v, contents, "/etc/os-release")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(ContainSubstring("ID=debian"))
	g.Expect(e.Asked).To(Equal("read /etc/os-release"))
	g.Expect(e.Status).To(BeEmpty())
	_, e, err = Ask(t.Context(), v, contents, "/none")
	g.Expect(err).To(BeAssignableToTypeOf(&evidence.Unknown{}))
	g.Expect(err).To(MatchError(ContainSubstring("file does not exist")))
	g.Expect(e.Unknown).To(BeTrue())
	_, _, err = Ask(t.Context(), v, single, "true")
	g.Expect(err).To(MatchError(MatchRegexp(`could not tell\n  because  no shell in this container\n  target   docker://`)))
	g.Expect(target.Dead()).NotTo(HaveOccurred())
}

func TestOffline_StreamsFiles(t *testing.T) {
	g := NewWithT(t)
	target, _ := withoutShell(t, etcRelease...)
	var text bytes.Buffer
	e, err := View{Target: target}.StreamFile(t.Context(), "/etc/os-release", &text)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text.String()).To(ContainSubstring("ID=debian"))
	g.Expect(e.Asked).To(Equal("read /etc/os-release"))
	_, err = View{Target: target}.StreamFile(t.Context(), "/etc", &text)
	g.Expect(err).To(MatchError(ContainSubstring("it is not a regular file")))
}

func TestOffline_CommandsCannotRun(t *testing.T) {
	g := NewWithT(t)
	target, _ := withoutShell(t)
	target.Expect(Identity{}, 2)
	for range 2 {
		_, _, err := target.Run(t.Context(), Identity{}, Script{Text: "true"})
		g.Expect(err).To(BeAssignableToTypeOf(&evidence.Unknown{}))
		g.Expect(err).To(MatchError(ContainSubstring("because  no shell in this container")))
	}
	_, _, err := Ask(t.Context(), View{Target: target, As: Identity{Sudo: true, User: "app"}}, contents, "/sleeper")
	g.Expect(err).To(MatchError(ContainSubstring("because  no shell in this container")))
}

func TestOffline_ReadsWhatIsLeftOfAStoppedContainer(t *testing.T) {
	g := NewWithT(t)
	m := rig.StartMachine(t, rig.WithoutSystemd())
	m.Exec(t, "echo left behind >/var/tmp/left")
	rig.Docker(t, "stop", "--time", "0", m.ID)
	target := open(t, "docker://"+m.ID)
	s, err := target.System(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Is("debian")).To(BeTrue())
	g.Expect(ask(t, target, contents, "/var/tmp/left", 0)).To(Equal("left behind\n"))
	_, err = ask(t, target, single, "true", 0)
	g.Expect(err).To(MatchError(ContainSubstring("because  the container is not running")))
}

func TestOffline_AContainerThatGoesAwayCannotBeTold(t *testing.T) {
	g := NewWithT(t)
	target, id := withoutShell(t, etcRelease...)
	_, err := ask(t, target, contents, "/etc/os-release", 0)
	g.Expect(err).NotTo(HaveOccurred())
	rig.Docker(t, "rm", "--force", id)
	_, err = ask(t, target, contents, "/etc/os-release", 0)
	g.Expect(err).To(MatchError(backends.ErrLost))
	g.Expect(err).To(BeAssignableToTypeOf(&evidence.Unknown{}))
	g.Expect(err).To(MatchError(ContainSubstring("the container is gone")))
}
