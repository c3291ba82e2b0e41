package rig

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BusyboxRoot makes a root file system of busybox for chroot(8) and the like, with an empty
// /proc, and removes it after the test. It returns its folder.
func BusyboxRoot(tb testing.TB) string {
	tb.Helper()
	NotQuick(tb)
	root := tb.TempDir()
	files := append([]string{"/bin/busybox"}, libraries(tb, "/bin/busybox")...)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(tb, err)
		must(tb, os.MkdirAll(filepath.Dir(root+file), 0o755))
		must(tb, os.WriteFile(root+file, text, 0o755))
	}
	for _, applet := range strings.Fields(run(tb, "", "busybox", "--list")) {
		if applet != "busybox" {
			must(tb, os.Symlink("busybox", root+"/bin/"+applet))
		}
	}
	for _, dir := range []string{"/dev", "/proc", "/sys", "/run", "/etc", "/tmp"} {
		must(tb, os.MkdirAll(root+dir, 0o1777))
	}
	return root
}

// libraries are the shared ones that a program names, and its interpreter.
func libraries(tb testing.TB, program string) []string {
	tb.Helper()
	f, err := elf.Open(program)
	must(tb, err)
	defer func() { _ = f.Close() }()
	names, err := f.ImportedLibraries()
	must(tb, err)
	if len(names) == 0 {
		return nil
	}
	var files []string
	for _, word := range strings.Fields(run(tb, "", "ldd", program)) {
		if strings.HasPrefix(word, "/") {
			files = append(files, word)
		}
	}
	return files
}
