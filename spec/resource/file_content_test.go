package resource_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileContentIsExactEveryWay(t *testing.T) {
	dir := openTempDir(t)
	contents := []string{"", "\n", "no newline", "a\n\n\n", "\x00\x01\x02\xff\xfe\n", "a\r\nb\r\n", strings.Repeat("x", 2<<20) + "end\n", "$(id) `id` 'a' \\n \\0\n"}
	for i, c := range contents {
		write(t, fmt.Sprintf("%s/%d", dir, i), c)
	}
	everyWay(t, func(t *testing.T, a testAsker) {
		for i, c := range contents {
			g := NewWithT(t)
			f := resource.NewFile(a, fmt.Sprintf("%s/%d", dir, i))
			got, err := f.Content()
			g.Expect(err).NotTo(HaveOccurred())
			if got != c {
				t.Errorf("content %d: got %d bytes, want %d", i, len(got), len(c))
			}
			sum := sha256.Sum256([]byte(c))
			g.Expect(f.SHA256()).To(Equal(hex.EncodeToString(sum[:])))
			g.Expect(f.MD5()).To(HaveLen(32))
		}
		g := NewWithT(t)
		g.Expect(resource.NewFile(a, dir+"/0").Lines()).To(BeEmpty())
		g.Expect(resource.NewFile(a, dir+"/1").Lines()).To(Equal([]string{""}))
		g.Expect(resource.NewFile(a, dir+"/2").Lines()).To(Equal([]string{"no newline"}))
		g.Expect(resource.NewFile(a, dir+"/3").Lines()).To(Equal([]string{"a", "", ""}))
		g.Expect(resource.NewFile(a, dir+"/5").Lines()).To(Equal([]string{"a\r", "b\r"}))
		g.Expect(resource.NewFile(a, dir+"/6").Contains("xend\n")).To(BeTrue())
		g.Expect(resource.NewFile(a, dir+"/6").Contains("xEnd\n")).To(BeFalse())
		g.Expect(resource.NewFile(a, "/proc/self/status").Content()).To(ContainSubstring("State:"))
	})
}

// A reader of a pipe or a device would wait for ever.
func TestFileContentOfOtherThingsIsRefusedAtOnce(t *testing.T) {
	dir := zoo(t)
	everyWay(t, func(t *testing.T, a testAsker) {
		for name, kind := range map[string]string{"dir": "directory", "pipe": "named pipe", "char": "character device", "block": "block device", "socket": "socket"} {
			f := resource.NewFile(a, dir+"/"+name).WithTimeout(2 * time.Minute)
			for question, err := range map[string]error{
				"Content": second(f.Content()), "Lines": second(f.Lines()), "Contains": second(f.Contains("x")), "SHA256": second(f.SHA256()),
				"MD5": second(f.MD5()), "JSON": second(f.JSON("")),
			} {
				if err == nil || !strings.Contains(err.Error(), "it is a "+kind+", not a regular file") {
					t.Errorf("%s %s: %v", name, question, err)
				}
			}
		}
	})
}

func TestFileContainsShowsWhereAndWhatIsNear(t *testing.T) {
	dir := openTempDir(t)
	conf := write(t, dir+"/conf", "# a comment\nuser www-data;\nworker_processes 4;\nevents {}\n"+strings.Repeat("filler line\n", 5000))
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		f := resource.NewFile(a, conf)
		g.Expect(f.Contains("worker_processes auto;")).To(BeFalse())
		e := f.Explain("Contains")
		g.Expect(e.Found).To(Equal("nothing of it in 5004 lines, 60057 bytes"))
		g.Expect(e.Near).To(Equal("line 3: worker_processes 4;"))
		g.Expect(f.Contains("www-data")).To(BeTrue())
		g.Expect(f.Explain("Contains").Found).To(Equal("line 2: user www-data;"))
		g.Expect(f.Contains("zzz")).To(BeFalse())
		g.Expect(len(f.Explain("Contains").Near)).To(BeNumerically("<", 400))
		g.Expect(second(f.Contains(""))).To(MatchError(ContainSubstring("every file contains an empty text")))
	})
}

func TestFileExcerptsHoldNoSecrets(t *testing.T) {
	dir := openTempDir(t)
	const hash = "$y$j9T$2rSsMBfcBmQh6mJFQq9VG1$gcVvsFYjXcGnWpnVKkIVYHFcJmbfyvLtZJ4rXNdmiU4"
	shadow := write(t, dir+"/shadow", "root:"+hash+":19000:0:99999:7:::\n")
	key := write(t, dir+"/key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----\n")
	secret := write(t, dir+"/secret", strings.Repeat("a", 180)+"password=hunter2-and-more\npasswort=hunter2-and-more\n")
	escape := write(t, dir+"/escape", "title \x1b]0;owned\x07\n")
	u, err := backends.Parse("local://")
	if err != nil {
		t.Fatal(err)
	}
	evidence.Remember("hunter2-and-more")
	tg := target.New(u, target.Options{})
	defer tg.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a := testAsker{ctx: ctx, target: tg}
	g := NewWithT(t)
	for _, path := range []string{shadow, key, secret, escape} {
		f := resource.NewFile(a, path)
		var texts []string
		for _, text := range []string{"root:x", "b3Blbn", "password=hunter1", "password=hunter2-and", "hunter2", strings.Repeat("a", 99), "title", "titel"} {
			_, err := f.Contains(text)
			g.Expect(err).NotTo(HaveOccurred())
			texts = append(texts, f.Explain("Contains").Text("t"))
		}
		_, err := f.Content()
		g.Expect(err).NotTo(HaveOccurred())
		all := strings.Join(append(texts, f.Explain("Content").Text("t")), "\n")
		for _, bad := range []string{"gcVvsFYj", "2rSsMBf", "b3BlbnNzaC1rZXkt", "hunt", "\x1b", "\x07"} {
			g.Expect(all).NotTo(ContainSubstring(bad), path)
		}
	}
}

// peakHeap runs do and returns how much the heap grew meanwhile at most.
func peakHeap(do func()) uint64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	stop := make(chan struct{})
	var peak uint64
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
	})
	do()
	close(stop)
	wg.Wait()
	return peak - min(peak, before.HeapAlloc)
}

func TestField_FileOf300MBTakesNoMemory(t *testing.T) {
	dir := openTempDir(t)
	big := filepath.Join(dir, "big")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	// A hole, so that it takes no room on the disk either.
	const size = 300 << 20
	if _, err := f.WriteAt([]byte("the needle"), size-10); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("first\nsecond\n"), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sha256sum", big).Output()
	if err != nil {
		t.Fatal(err)
	}
	sum := string(out[:64])
	account := rig.NewAccount(t)
	ways := map[string]testAsker{
		"local": askerFor(t, "local://"), "dash": askerFor(t, "test-dash://machine"), "busybox": askerFor(t, "test-busybox://machine"),
		"ssh": askerFor(t, rig.StartSSHD(t).URI(account.Name)),
	}
	for name, a := range ways {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := resource.NewFile(a, big)
			g.Expect(f.Exists()).To(BeTrue()) // connects
			grown := peakHeap(func() {
				g.Expect(f.Contains("the needle")).To(BeTrue())
				g.Expect(f.Contains("the noodle")).To(BeFalse())
				g.Expect(f.Explain("Contains").Found).To(Equal("nothing of it in 2 lines, 314572800 bytes"))
				g.Expect(f.Contains("second\n\x00")).To(BeTrue())
				g.Expect(f.SHA256()).To(Equal(sum))
			})
			if grown > 40<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			g.Expect(second(f.Content())).To(MatchError(And(ContainSubstring("16 MiB"), ContainSubstring("HaveSHA256"))))
			g.Expect(f.Size()).To(Equal(size))
		})
	}
}

func TestFileBiggestThatIsFetchedWhole(t *testing.T) {
	dir := openTempDir(t)
	const limit = 16 << 20
	for name, size := range map[string]int64{"just": limit, "more": limit + 1} {
		write(t, dir+"/"+name, "")
		if err := unix.Truncate(dir+"/"+name, size); err != nil {
			t.Fatal(err)
		}
	}
	seams := []byte(strings.Repeat("0123456789abcde", limit/15+1) + strings.Repeat("0123456789abcde", 5000) + "?")
	seam := func(at int) string { return fmt.Sprintf("<across %d>", at) }
	for _, at := range []int{4 << 10, 8 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20} {
		copy(seams[at-3:], seam(at))
	}
	write(t, dir+"/seams", string(seams))
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		got, err := resource.NewFile(a, dir+"/just").Content()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(len(got)).To(Equal(limit))
		g.Expect(second(resource.NewFile(a, dir+"/more").Content())).To(MatchError(ContainSubstring("more than 16 MiB")))
		g.Expect(resource.NewFile(a, dir+"/more").Contains("\x00\x00")).To(BeTrue())
		g.Expect(resource.NewFile(a, dir+"/more").Contains("x")).To(BeFalse())
		// Wherever what is read at once ends, the text may lie across it.
		g.Expect(resource.NewFile(a, dir+"/seams").Contains(strings.Repeat("0123456789abcde", 5000) + "?")).To(BeTrue())
		g.Expect(resource.NewFile(a, dir+"/seams").Contains("e0123456789abcdf")).To(BeFalse())
		for _, at := range []int{4 << 10, 8 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20} {
			g.Expect(resource.NewFile(a, dir+"/seams").Contains(seam(at))).To(BeTrue(), "at %d", at)
		}
	})
}

func TestFileDocuments(t *testing.T) {
	dir := openTempDir(t)
	json := write(t, dir+"/a.json", `{"server": {"ports": [80, 443], "a.b": "dotted", "rate": 1.5}, "big": 12345678901234567890}`+"\n")
	bad := write(t, dir+"/bad.json", "{\n  \"a\": 1,\n  \"b\" 2\n}\n")
	yaml := write(t, dir+"/a.yaml", "server:\n  ports: [80, 443]\n  on: yes\n")
	toml := write(t, dir+"/a.toml", "[server]\nports = [80, 443]\n[[list]]\nname = 'x'\n")
	ini := write(t, dir+"/a.ini", "top = 1\n[mysqld]\nport = 3306\nskip-networking\n[a.b]\nc = d # not a comment\n")
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		f := resource.NewFile(a, json)
		g.Expect(f.JSON("server.ports[1]")).To(Equal(443))
		g.Expect(f.JSON(`server["a.b"]`)).To(Equal("dotted"))
		g.Expect(f.JSON("server.rate")).To(Equal(1.5))
		g.Expect(f.JSON("")).To(HaveKey("server"))
		_, err := f.JSON("server.prots[0]")
		g.Expect(err).To(MatchError(And(ContainSubstring("server.prots in File"), ContainSubstring("does not exist"), ContainSubstring("ports"))))
		g.Expect(second(resource.NewFile(a, bad).JSON("a"))).To(MatchError(ContainSubstring("line 3")))
		g.Expect(resource.NewFile(a, yaml).YAML("server.ports[0]")).To(Equal(80))
		g.Expect(resource.NewFile(a, toml).TOML("list[0].name")).To(Equal("x"))
		g.Expect(resource.NewFile(a, toml).TOML("server.ports[0]")).To(Equal(80))
		g.Expect(resource.NewFile(a, ini).INI("mysqld.port")).To(Equal("3306"))
		g.Expect(resource.NewFile(a, ini).INI("top")).To(Equal("1"))
		g.Expect(resource.NewFile(a, ini).INI("mysqld.skip-networking")).To(Equal("true"))
	})
}
