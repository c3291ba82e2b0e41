package resource_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/local"
	"github.com/hostspec/hostspec/spec/resource"
)

func init() {
	backends.Register("test-dpkg", backends.Driver{Open: func(_ context.Context, u *backends.URI) (backends.Backend, error) {
		return &dpkgBackend{Backend: local.New(), dir: u.Rest}, nil
	}})
	backends.Register("test-dpkg-query", backends.Driver{Open: func(_ context.Context, u *backends.URI) (backends.Backend, error) {
		return struct{ backends.Backend }{&dpkgBackend{Backend: local.New(), dir: u.Rest}}, nil // reads no files
	}})
}

// dpkgBackend is this machine with another folder in the place of /var/lib/dpkg.
type dpkgBackend struct {
	*local.Backend
	dir string
}

func (b *dpkgBackend) at(name string) string {
	if rest, ok := strings.CutPrefix(name, "/var/lib/dpkg"); ok {
		return b.dir + rest
	}
	return name
}

func (b *dpkgBackend) Start(ctx context.Context, c backends.Command) (backends.Process, error) {
	c.Env = append(c.Env, "DPKG_ADMINDIR="+b.dir)
	return b.Backend.Start(ctx, c)
}

func (b *dpkgBackend) Stat(ctx context.Context, name string, follow bool) (backends.FileInfo, error) {
	return b.Backend.Stat(ctx, b.at(name), follow)
}

func (b *dpkgBackend) ReadDir(ctx context.Context, name string) ([]string, error) {
	return b.Backend.ReadDir(ctx, b.at(name))
}

// Open makes a file "status-new" of the folder the status once that was opened.
func (b *dpkgBackend) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := b.Backend.Open(ctx, b.at(name))
	if strings.HasSuffix(name, "/status") {
		_ = os.Rename(b.dir+"/status-new", b.dir+"/status")
	}
	return f, err
}

// dpkgStatusOf is a stanza of a status file.
func dpkgStatusOf(name, status, arch, version, more string) string {
	return "Package: " + name + "\nStatus: " + status + "\nMaintainer: a <a@b.c>\nArchitecture: " + arch + "\nVersion: " + version + "\n" + more + "Description: one\n\n"
}

// TestPackages_ByFilesSayWhatDpkgQuerySays compares the two ways, and looks which was
// taken.
func TestPackages_ByFilesSayWhatDpkgQuerySays(t *testing.T) {
	ours, err := os.ReadFile("/var/lib/dpkg/status")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	a := dpkgStatusOf("zz-a", "install ok installed", "all", "1:1-1", "")
	for what, c := range map[string]struct {
		files   map[string]string
		names   []string
		byFiles bool
	}{
		"at rest": {map[string]string{"status": string(ours) + "\n" + a + dpkgStatusOf("zz-b", "hold ok installed", "i386", "2", "Multi-Arch: same\n") + dpkgStatusOf("zz-c", "deinstall ok config-files", "amd64", "3", "") +
			"Package: zz-d\nStatus: install ok not-installed\n\n" + dpkgStatusOf("zz-e", "purge ok installed", "amd64", "4", "Provides: zz-f\n")}, nil, true},
		"an empty list of triggers": {map[string]string{"status": a, "triggers/Unincorp": ""}, nil, true},
		"several architectures": {map[string]string{"status": a + dpkgStatusOf("zz-b", "hold ok installed", "amd64", "2", "Multi-Arch: same\n") +
			dpkgStatusOf("zz-b", "install ok installed", "i386", "2", "Multi-Arch: same\n")}, nil, false},
		"an update": {map[string]string{"status": a, "updates/0000": dpkgStatusOf("zz-a", "install ok half-configured", "all", "1:1-1", "")}, nil, false},
		"a trigger waits": {map[string]string{"status": dpkgStatusOf("zz-a", "install ok installed", "amd64", "1", ""),
			"triggers/File": "/x zz-a\n", "triggers/Unincorp": "/x -\n"}, nil, false},
		"half-installed":    {map[string]string{"status": a + dpkgStatusOf("zz-b", "install reinstreq half-installed", "all", "1", "")}, nil, false},
		"a broken database": {map[string]string{"status": a + "Package: zz-b\nnonsense\n"}, nil, false},
		"torn":              {map[string]string{"status": strings.TrimRight(a, "\n")}, nil, false},
		"empty":             {map[string]string{"status": ""}, nil, false},
		"none":              {map[string]string{}, nil, false},
		"changed meanwhile": {map[string]string{"status": a, "status-new": a + dpkgStatusOf("zz-b", "install ok installed", "all", "1", "")}, nil, false},
	} {
		t.Run(what, func(t *testing.T) {
			g, dir := NewWithT(t), t.TempDir()
			for _, sub := range []string{"info", "updates", "triggers"} {
				g.Expect(os.Mkdir(filepath.Join(dir, sub), 0o755)).To(Succeed())
			}
			for name, text := range c.files {
				g.Expect(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)).To(Succeed())
			}
			names := []string{"zz-a", "zz-b", "zz-b:i386", "zz-b:amd64", "zz-b:all", "zz-c", "zz-d", "zz-e", "zz-f", "zz-aa"}
			for line := range strings.Lines(c.files["status"]) {
				if name, ok := strings.CutPrefix(line, "Package: "); ok && what == "at rest" {
					names = append(names, strings.TrimSpace(name))
				}
			}
			read, asked := packagesOf(t, "test-dpkg://"+dir, names), packagesOf(t, "test-dpkg-query://"+dir, names)
			for _, name := range names {
				g.Expect(clean(read[name][0])).To(Equal(clean(asked[name][0])), name)
				want := "dpkg-query -W"
				if c.byFiles {
					want = "read /var/lib/dpkg/status"
				}
				g.Expect(read[name][1]).To(Equal(want), name)
				g.Expect(asked[name][1]).To(Equal("dpkg-query -W"))
			}
		})
	}
}

// packagesOf asks about packages together: what is told, and how it was asked.
func packagesOf(t *testing.T, uri string, names []string) map[string][2]string {
	t.Helper()
	a, out := newBatch(t, uri), map[string][2]string{}
	for range 2 { // notes, then asks
		for _, n := range names {
			p := resource.NewPackage(a, n).By("dpkg")
			installed, err := p.Installed()
			version, err2 := p.Version()
			arch, err3 := p.Architecture()
			e := p.Explain("Installed")
			told := fmt.Sprint(installed, version, arch, err != nil, err2 != nil, err3 != nil, e.Found, e.Near)
			out[n] = [2]string{told, e.Asked}
		}
		if !*a.done {
			a.fetch(t)
		}
	}
	return out
}

// TestPackages_OfAnotherFolder has a variable that sends dpkg-query elsewhere.
func TestPackages_OfAnotherFolder(t *testing.T) {
	g, dir := NewWithT(t), t.TempDir()
	for _, sub := range []string{"info", "updates", "triggers"} {
		g.Expect(os.Mkdir(filepath.Join(dir, sub), 0o755)).To(Succeed())
	}
	g.Expect(os.WriteFile(dir+"/status", []byte(dpkgStatusOf("zz-a", "install ok installed", "all", "1", "")), 0o644)).To(Succeed())
	p := resource.NewPackage(askerFor(t, "local://"), "zz-a")
	g.Expect(p.Installed()).To(BeFalse())
	g.Expect(p.Explain("Installed").Asked).To(Equal("read /var/lib/dpkg/status"))
	t.Setenv("DPKG_ADMINDIR", dir)
	p = resource.NewPackage(askerFor(t, "local://"), "zz-a")
	g.Expect(p.Installed()).To(BeTrue())
	g.Expect(p.Explain("Installed").Asked).To(Equal("dpkg-query -W"))
	t.Setenv("DPKG_ROOT", dir) // which has no var/lib/dpkg, and is of no concern to dpkg-query beside DPKG_ADMINDIR
	g.Expect(resource.NewPackage(askerFor(t, "local://"), "zz-a").Installed()).To(BeTrue())
}
