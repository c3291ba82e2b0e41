package docker

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// What holds of Docker's archives holds of podman's exports.
func TestPodmanArchive(t *testing.T) {
	rig.Podman(t)
	t.Run("any name", TestArchive_ReadsFilesOfAnyName)
	t.Run("lstat", TestArchive_TellsWhatLstatTells)
	t.Run("owners", TestPrefetch_NamesTheOwnersWhereTheirFilesCame)
	t.Run("links", TestArchive_FollowsLinksInTheContainer)
	t.Run("gone", TestArchive_SaysThatTheContainerIsGone)
	t.Run("context", TestArchive_EndsWithItsContext)
	t.Run("conformance", podmanConformance)
	t.Run("few exports", podmanFewExports)
	t.Run("what cannot be seen", podmanUnseen)
	t.Run("user namespace", podmanOwnUsers)
	t.Run("huge file", podmanHugeFile)
	t.Run("cut", podmanCut)
}

// tools is an image of busybox and what it is linked with.
func tools(t *testing.T) string {
	t.Helper()
	image := []rig.File{{Name: "bin/"}, {Name: "etc/"}, {Name: "tmp/", Mode: 0o1777}, {Name: "var/"}, {Name: "var/tmp/", Mode: 0o1777},
		{Name: "bin/sh", Type: tar.TypeSymlink, Link: "busybox"},
		{Name: "etc/passwd", Content: "root:x:0:0:root:/root:/bin/sh\n"}, {Name: "etc/group", Content: "root:x:0:\n"}}
	programs := []string{"/usr/bin/busybox"}
	if out, err := exec.Command("ldd", programs[0]).Output(); err == nil { // else it is static
		for word := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(word, "/") {
				programs = append(programs, word)
			}
		}
	}
	for _, p := range programs {
		content, err := os.ReadFile(p)
		if err != nil {
			t.Fatalf("%v; apt-get install busybox", err)
		}
		image = append(image, rig.File{Name: strings.Replace(p, "/usr/bin", "/bin", 1), Mode: 0o755, Content: string(content)})
	}
	return rig.MakeImage(t, image...)
}

// startTools starts a container of tools.
func startTools(t *testing.T) string {
	t.Helper()
	id := rig.MakeContainer(t, tools(t), "/bin/sh", "-c", "/bin/busybox --install -s /bin && touch /ready && exec sleep 100000")
	rig.Docker(t, "start", id)
	NewWithT(t).Eventually(func() error {
		return exec.Command("docker", "exec", id, "/bin/sh", "-c", "[ -e /ready ]").Run()
	}).WithTimeout(10 * time.Minute).Should(Succeed())
	return id
}

func podmanConformance(t *testing.T) {
	id := startTools(t)
	filesConformance(t, id)
}

func podmanFewExports(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	image, names := distroless()
	image = append(image, rig.File{Name: "bin", Type: tar.TypeSymlink, Link: "usr/bin"})
	id := rig.MakeContainer(t, rig.MakeImage(t, image...), "/none")
	c := countCalls(t)
	names = append(names, "/bin/tool1", "/bin/nothing", "/etc/nothing/at/all")
	r := newArchive(c, id).Prefetch(ctx, names)
	list, err := r.ReadDir(ctx, "/var/lib/dpkg/status.d")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(list).To(HaveLen(1000))
	for _, name := range list {
		_, err := read(ctx, r, "/var/lib/dpkg/status.d/"+name)
		g.Expect(err).NotTo(HaveOccurred())
	}
	for i, name := range names[4:34] {
		info, err := r.Stat(ctx, name, true)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.Size).To(Equal(int64(10_000 * i)))
		g.Expect(info.Owner).To(Equal("root"))
		_, err = read(ctx, r, name)
		g.Expect(err).NotTo(HaveOccurred())
	}
	info, err := r.Stat(ctx, "/bin/tool1", true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Size).To(Equal(int64(10_000)))
	for _, name := range []string{"/bin/nothing", "/etc/nothing/at/all", "/var/lib/dpkg/status", "/var/lib/dpkg/status.d/none"} {
		_, err = r.Stat(ctx, name, true)
		g.Expect(err).To(MatchError(fs.ErrNotExist), name)
	}
	g.Expect(c.exports.Load()).To(Equal(int64(1)), "one tar has all")
	g.Expect(c.tars.Load()).To(BeZero())
	_, err = read(ctx, r, "/usr/lib/lib2")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = newArchive(c, id).Stat(ctx, "/usr/lib/lib2", true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.exports.Load()).To(Equal(int64(2)), "one more for one more question")
}

// What is mounted is not in an export: a file of the image below it is not the one that
// a process would see.
func podmanUnseen(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	image := rig.MakeImage(t, append(oddFiles(), rig.File{Name: "etc/hosts", Content: "image"}, rig.File{Name: "data/"}, rig.File{Name: "data/x", Content: "image"})...)
	id := rig.MakeContainer(t, "--volume", t.TempDir()+":/data", "--tmpfs", "/odd/sub", "--read-only", image, "/none")
	a := newArchive(connectEngine(t), id)
	for _, name := range []string{"/data", "/data/x", "/data/y", "/etc/hosts", "/odd/sub/up", "/odd/abs/up", "/tmp/x", "/proc/1/status"} {
		for _, r := range []backends.FileReader{a, a.Prefetch(ctx, []string{name})} {
			_, err := r.Stat(ctx, name, true)
			g.Expect(err).To(MatchError(ContainSubstring("can only be seen by a process in it")), name)
			g.Expect(err).NotTo(MatchError(fs.ErrNotExist))
		}
	}
	text, err := read(ctx, a, "/odd/first")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(Equal("both"))
}

func podmanOwnUsers(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	image := rig.MakeImage(t, oddFiles()...)
	socket := os.Getenv("DOCKER_HOST")
	out, err := exec.CommandContext(ctx, "podman", "--remote", "--url", socket, "create", "--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536", image, "/none").Output()
	g.Expect(err).NotTo(HaveOccurred())
	id := strings.TrimSpace(string(out))
	defer rig.Docker(t, "rm", id)
	a := newArchive(connectEngine(t), id)
	for _, name := range []string{"/odd/first", "/odd/dangling"} {
		info, err := a.Stat(ctx, name, false)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.UID).To(Equal(-1))
		g.Expect(info.GID).To(Equal(-1))
	}
}

func podmanHugeFile(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	id := startTools(t)
	rig.Docker(t, "exec", id, "sh", "-c", "mkdir /data && truncate -s 600M /data/sparse && echo small >/data/small && for i in $(seq 300); do mkdir -p /many/$i && ln -s /nowhere /many/$i/link && echo $i >/many/$i/file; done")
	a := newArchive(connectEngine(t), id)
	peak := heapPeak(func() {
		r := a.Prefetch(ctx, []string{"/data/sparse", "/data/"})
		info, err := r.Stat(ctx, "/data/sparse", true)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.Size).To(Equal(int64(600 << 20)))
		g.Expect(read(ctx, r, "/data/small")).To(Equal("small\n"))
		f, err := r.Open(ctx, "/data/sparse")
		g.Expect(err).NotTo(HaveOccurred())
		defer f.Close()
		n, err := io.CopyN(io.Discard, f, 64<<20) // the rest is not waited for
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(n).To(Equal(int64(64 << 20)))
	})
	g.Expect(peak).To(BeNumerically("<", 48<<20))
}

// What an export that broke off has not shown is not missing.
func podmanCut(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	image, names := distroless()
	id := rig.MakeContainer(t, rig.MakeImage(t, image...), "/none")
	c := countCalls(t)
	c.cut.Store(200_000)
	r := newArchive(c, id).Prefetch(ctx, names)
	for _, name := range append(names[4:], "/nothing") {
		_, err := r.Stat(ctx, name, true)
		g.Expect(err).To(HaveOccurred())
		g.Expect(errors.Is(err, fs.ErrNotExist)).To(BeFalse(), fmt.Sprint(err))
	}
	_, err := r.ReadDir(ctx, "/var/lib/dpkg/status.d")
	g.Expect(err).To(HaveOccurred())
	g.Expect(c.exports.Load()).To(Equal(int64(1)), "the error is told again")
}
