package docker

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/client"
	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// A counting client counts the tars that are asked for.
type counting struct {
	client.APIClient
	tars, stats, exports *atomic.Int64
	// cut is after how many bytes exports break off, unless 0.
	cut *atomic.Int64
}

// countCalls returns a client that counts the calls it makes.
func countCalls(t testing.TB) counting {
	t.Helper()
	c := counting{tars: new(atomic.Int64), stats: new(atomic.Int64), exports: new(atomic.Int64), cut: new(atomic.Int64)}
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	inner := api.HTTPClient().Transport
	hooked, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation(), client.WithHTTPClient(&http.Client{
		Transport: roundTrips(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/archive") {
				if r.Method == http.MethodGet {
					c.tars.Add(1)
				} else {
					c.stats.Add(1)
				}
			}
			response, err := inner.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/export") {
				c.exports.Add(1)
				if n := c.cut.Load(); n > 0 {
					response.Body = cutBody{io.LimitReader(response.Body, n), response.Body}
				}
			}
			return response, err
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	c.APIClient = hooked
	return c
}

// A cutBody ends as a connection does that is lost.
type cutBody struct {
	io.Reader
	io.Closer
}

func (b cutBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

type roundTrips func(*http.Request) (*http.Response, error)

func (f roundTrips) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// distroless is an image of 500 packages, and 30 files that are asked for.
func distroless() (image []rig.File, names []string) {
	image = []rig.File{
		{Name: "etc/"}, {Name: "etc/passwd", Content: "root:x:0:0:root:/root:/sbin/nologin\n"}, {Name: "etc/group", Content: "root:x:0:\n"},
		{Name: "var/"}, {Name: "var/lib/"}, {Name: "var/lib/dpkg/"}, {Name: "var/lib/dpkg/status.d/"}, {Name: "usr/"}, {Name: "usr/bin/"}, {Name: "usr/lib/"}, {Name: "app/"},
	}
	for i := range 500 {
		name := fmt.Sprintf("var/lib/dpkg/status.d/package%d", i)
		image = append(image,
			rig.File{Name: name, Content: fmt.Sprintf("Package: package%d\nVersion: 1.%d\nArchitecture: amd64\nDescription: %s\n", i, i, strings.Repeat("text ", 60))},
			rig.File{Name: name + ".md5sums", Content: strings.Repeat("d41d8cd98f00b204e9800998ecf8427e  usr/lib/some/file\n", 20)})
	}
	names = []string{"/etc/passwd", "/etc/group", "/var/lib/dpkg/status", "/var/lib/dpkg/status.d/"}
	for i := range 30 {
		name := []string{"etc/file%d", "usr/bin/tool%d", "usr/lib/lib%d", "app/file%d"}[i%4]
		name = fmt.Sprintf(name, i)
		image = append(image, rig.File{Name: name, Content: strings.Repeat("x", 10_000*i)})
		names = append(names, "/"+name)
	}
	return image, names
}

func TestPrefetch_AsksForFewTars(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	image, names := distroless()
	id := rig.MakeContainer(t, rig.MakeImage(t, image...), "/none")
	c := countCalls(t)
	r := newArchive(c, id).Prefetch(ctx, names)
	g.Expect(c.tars.Load()).To(BeNumerically("<=", 1), "the whole image is small")
	tars, stats := c.tars.Load(), c.stats.Load()
	list, err := r.ReadDir(ctx, "/var/lib/dpkg/status.d")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(list).To(HaveLen(1000))
	for _, name := range list {
		_, err := read(ctx, r, "/var/lib/dpkg/status.d/"+name)
		g.Expect(err).NotTo(HaveOccurred())
	}
	for i, name := range names[4:] {
		info, err := r.Stat(ctx, name, true)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.Size).To(Equal(int64(10_000 * i)))
		_, err = read(ctx, r, name)
		g.Expect(err).NotTo(HaveOccurred())
	}
	_, err = r.Stat(ctx, "/var/lib/dpkg/status.d/none", true)
	g.Expect(err).To(HaveOccurred())
	g.Expect(c.tars.Load()).To(Equal(tars), "what was fetched is not asked for again")
	g.Expect(c.stats.Load()).To(Equal(stats))
}

func BenchmarkPrefetch_Distroless(b *testing.B) {
	image, names := distroless()
	id := rig.MakeContainer(b, rig.MakeImage(b, image...), "/none")
	a := newArchive(connectEngine(b), id)
	for b.Loop() {
		r := a.Prefetch(b.Context(), names)
		for i := range 500 {
			if _, err := read(b.Context(), r, fmt.Sprintf("/var/lib/dpkg/status.d/package%d", i)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkArchive_OneFile is the cost of one tar, to compare with.
func BenchmarkArchive_OneFile(b *testing.B) {
	id := rig.MakeContainer(b, rig.MakeImage(b, rig.File{Name: "file", Content: "x"}), "/none")
	a := newArchive(connectEngine(b), id)
	for b.Loop() {
		if _, err := read(b.Context(), a, "/file"); err != nil {
			b.Fatal(err)
		}
	}
}

// heapPeak watches how much memory is in use while f runs.
func heapPeak(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	var watching sync.WaitGroup
	var peak uint64
	watching.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
	})
	f()
	close(done)
	watching.Wait()
	return peak - min(peak, before.HeapAlloc)
}

func TestArchive_AHugeFileTakesNoMemory(t *testing.T) {
	m, g, ctx := rig.SharedMachine(t, rig.WithoutSystemd()), NewWithT(t), t.Context()
	m.Exec(t, "mkdir -p /data/files && cd /data/files && truncate -s 1G sparse && echo small >small && echo other >other")
	defer m.Exec(t, "rm -r /data/files")
	c := countCalls(t)
	a := newArchive(c, m.ID)
	peak := heapPeak(func() {
		r := a.Prefetch(ctx, []string{"/data/files/sparse", "/data/files/small", "/data/files/other", "/data/files/"})
		info, err := r.Stat(ctx, "/data/files/sparse", true)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.Size).To(Equal(int64(1 << 30)))
		text, err := read(ctx, r, "/data/files/small")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(text).To(Equal("small\n"))
		f, err := r.Open(ctx, "/data/files/sparse")
		g.Expect(err).NotTo(HaveOccurred())
		defer f.Close()
		hash := sha256.New()
		n, err := io.CopyN(hash, f, 64<<20) // the rest is not waited for
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(n).To(Equal(int64(64 << 20)))
	})
	g.Expect(peak).To(BeNumerically("<", 48<<20))
}

func TestPrefetch_WhatIsTooLargeIsAskedForOneByOne(t *testing.T) {
	m, g, ctx := rig.SharedMachine(t, rig.WithoutSystemd()), NewWithT(t), t.Context()
	names := []string{"/usr/bin/env", "/usr/bin/tail", "/usr/share/base-files/dot.bashrc", "/usr/lib/os-release", "/etc/os-release", "/etc/hosts", "/bin/sh"}
	c := countCalls(t)
	r := newArchive(c, m.ID).Prefetch(ctx, names)
	tars := c.tars.Load()
	for _, name := range names {
		text, err := read(ctx, r, name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(text).To(Equal(m.Exec(t, "cat "+name)), name)
	}
	g.Expect(c.tars.Load()).To(Equal(tars))
}

func TestPrefetch_LeavesNothingBehind(t *testing.T) {
	g := NewWithT(t)
	m := rig.SharedMachine(t, rig.WithoutSystemd())
	before := runtime.NumGoroutine()
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
		g.Expect(err).NotTo(HaveOccurred())
		newArchive(api, m.ID).Prefetch(ctx, []string{"/usr/lib/", "/etc/"})
		cancel()
		g.Expect(api.Close()).To(Succeed())
	}
	g.Eventually(runtime.NumGoroutine).WithTimeout(5 * time.Minute).Should(BeNumerically("<=", before))
}
