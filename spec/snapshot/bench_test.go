package snapshot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/snapshot"
)

// server makes a tree of 100,000 small files, and the dpkg database and tools of
// this machine stand for the rest of a server.
func server(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for i := range 1000 {
		sub := filepath.Join(dir, fmt.Sprintf("folder-%03d", i))
		if err := os.Mkdir(sub, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range 100 {
			if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("some-file-%02d.conf", j)), fmt.Appendf(nil, "%d %d\n", i, j), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	return dir
}

// BenchmarkTake takes a snapshot of 100,000 files under a watched folder, hashed,
// and lists them.
func BenchmarkTake(b *testing.B) {
	dir := server(b)
	uris := map[string]string{"local": "local://", "ssh": rig.StartSSHD(b).URI("root")}
	for _, name := range []string{"local", "ssh"} {
		for _, how := range []string{"hashed", "listed"} {
			b.Run(name+"/"+how, func(b *testing.B) {
				tg := open(b, uris[name])
				opt := only(dir)
				opt.Stamps = how == "listed"
				for b.Loop() {
					take(b, tg, opt)
				}
			})
		}
	}
}

// BenchmarkDiff reads two files of 1,500 packages and 100,000 files and compares
// them.
func BenchmarkDiff(b *testing.B) {
	dir := server(b)
	tg := open(b, "local://")
	names := [2]string{filepath.Join(b.TempDir(), "a"), filepath.Join(b.TempDir(), "b")}
	for i, name := range names {
		if i == 1 {
			if err := os.WriteFile(filepath.Join(dir, "folder-500", "some-file-50.conf"), []byte("other"), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		if err := take(b, tg, only(dir)).WriteFile(name); err != nil {
			b.Fatal(err)
		}
	}
	info, err := os.Stat(names[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		var sides [2]*snapshot.Snapshot
		done := make(chan error, 2)
		for i := range sides {
			go func() {
				s, err := snapshot.ReadFile(names[i])
				sides[i] = s
				done <- err
			}()
		}
		for range sides {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
		d := snapshot.Diff(sides[0], sides[1], snapshot.DiffOptions{})
		if len(d.Items) == 0 {
			b.Fatal("nothing differs")
		}
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB/file")
}
