package docker_test

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// A file is one of an image that a test makes.
type file struct {
	name    string
	mode    int64
	content []byte
	link    string
}

// makeImage imports an image that holds these files, and removes it after the test.
func makeImage(t testing.TB, files []file, changes ...string) string {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), Typeflag: tar.TypeReg}
		switch {
		case f.link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, f.link
		case f.name[len(f.name)-1] == '/':
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	args := []string{"import"}
	for _, c := range changes {
		args = append(args, "--change", c)
	}
	image := rig.OwnName(t, "hostspec-test/made") + ":1"
	engineIn(t, archive.Bytes(), append(args, "-", image)...)
	t.Cleanup(func() { engine(t, "rmi", "--force", image) })
	return image
}

// libraries are what a program is linked with, its loader included.
func libraries(t testing.TB, program string) (files []file) {
	t.Helper()
	out, err := exec.Command("ldd", program).Output()
	if err != nil {
		return nil // it is static
	}
	for _, word := range strings.Fields(string(out)) {
		if !strings.HasPrefix(word, "/") {
			continue
		}
		content, err := os.ReadFile(word)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{name: word[1:], mode: 0o755, content: content})
	}
	return files
}

// busyboxFiles are a small system of one program and its links.
func busyboxFiles(t testing.TB) []file {
	t.Helper()
	program, err := os.ReadFile("/usr/bin/busybox")
	if err != nil {
		t.Fatalf("%v; apt-get install busybox", err)
	}
	files := []file{
		{name: "bin/", mode: 0o755}, {name: "tmp/", mode: 0o1777}, {name: "etc/", mode: 0o755},
		{name: "bin/busybox", mode: 0o755, content: program},
		{name: "etc/passwd", mode: 0o644, content: []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")},
		{name: "etc/group", mode: 0o644, content: []byte("root:x:0:\nnogroup:x:65534:\n")},
	}
	files = append(files, libraries(t, "/usr/bin/busybox")...)
	for _, applet := range []string{
		"sh", "cat", "env", "echo", "printf", "seq", "sleep", "kill", "ls", "mkdir", "rm", "rmdir", "chmod", "chown", "tr", "sed", "grep",
		"stat", "readlink", "ln", "id", "uname", "head", "tail", "wc", "dd", "true", "false", "test", "mkfifo", "touch", "cut", "sort", "mv", "cp", "ps", "od", "mknod",
	} {
		files = append(files, file{name: "bin/" + applet, mode: 0o777, link: "busybox"})
	}
	return files
}

// busybox is an image with nothing but busybox.
func busybox(t testing.TB, changes ...string) string {
	return makeImage(t, busyboxFiles(t), changes...)
}
