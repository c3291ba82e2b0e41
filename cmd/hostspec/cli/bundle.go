package cli

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A built program is hostspec with a zip archive behind it, which archives of that
// kind allow for (APPNOTE.TXT, 4.1.9). It holds, for the N-th package, N.test, the
// compiled specs, and N/testdata, and bundle.json, which says what they are.
// Nothing is compressed: the specs start 0.1 s sooner, and whatever keeps or
// carries such files compresses them by itself.
const bundleIndex = "bundle.json"

// A bundledPackage is what a built program knows of a package.
type bundledPackage struct {
	Path string
	// Dir is its folder, as whoever built the program would name it; empty when
	// they stood elsewhere.
	Dir string `json:",omitempty"`
	// Focus are the flags for the lines that were asked for.
	Focus []string `json:",omitempty"`
	// Data says that it has a folder testdata.
	Data bool `json:",omitempty"`
}

// appendBundle writes the program and, behind it, the packages.
func appendBundle(w io.Writer, program string, packages []*specPackage) error {
	if err := copyFile(w, program); err != nil {
		return err
	}
	z := zip.NewWriter(w)
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	z.SetOffset(info.Size())
	var index []bundledPackage
	for i, p := range packages {
		b := bundledPackage{Path: p.path}
		// With -trimpath the folder of a file is the import path.
		trimmed := *p
		trimmed.dir = p.path
		b.Focus = trimmed.focus()
		if rel := relativeHere(p.dir); rel != p.dir {
			b.Dir = filepath.ToSlash(rel)
		}
		n := strconv.Itoa(i)
		if err := addFile(z, n+".test", p.binary); err != nil {
			return err
		}
		if b.Data, err = addTestdata(z, n, p.dir); err != nil {
			return err
		}
		index = append(index, b)
	}
	to, err := z.CreateHeader(&zip.FileHeader{Name: bundleIndex, Method: zip.Store})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(to).Encode(index); err != nil {
		return err
	}
	return z.Close()
}

// relativeHere names a folder as people who stand here would, if it is below.
func relativeHere(dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return dir
	}
	if rel, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return dir
}

func addFile(z *zip.Writer, name, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is neither a file nor a folder, and cannot be taken into the program", from)
	}
	h := &zip.FileHeader{Name: name, Method: zip.Store}
	h.SetMode(info.Mode())
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	return copyFile(w, from)
}

// addTestdata adds the folder that Go keeps free for what tests read.
func addTestdata(z *zip.Writer, prefix, dir string) (found bool, err error) {
	if info, err := os.Stat(filepath.Join(dir, "testdata")); err != nil || !info.IsDir() {
		return false, nil
	}
	err = filepath.WalkDir(filepath.Join(dir, "testdata"), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := path.Join(prefix, relative(dir, name))
		if d.IsDir() {
			_, err := z.Create(to + "/")
			return err
		}
		return addFile(z, to, name)
	})
	return true, err
}

// A bundle is the specs that this program holds.
type bundle struct {
	zip   *zip.ReadCloser
	index []bundledPackage
}

// openBundle reads what this program holds.
func openBundle() (*bundle, error) {
	damaged := func(err error) error {
		return fmt.Errorf("the specs that this program should hold cannot be read, so it is not whole; copy or build it again: %w", err)
	}
	// The link leads to the file that runs, also when its name is gone.
	z, err := zip.OpenReader("/proc/self/exe")
	if errors.Is(err, fs.ErrNotExist) {
		// Without /proc it is what was called.
		var name string
		if name, err = exec.LookPath(os.Args[0]); err == nil {
			z, err = zip.OpenReader(name)
		}
	}
	if err != nil {
		return nil, damaged(err)
	}
	text, err := fs.ReadFile(z, bundleIndex)
	b := &bundle{zip: z}
	if err == nil {
		err = json.Unmarshal(text, &b.index)
	}
	if err != nil {
		return nil, damaged(errors.Join(err, z.Close()))
	}
	return b, nil
}

// find names the packages.
func (b *bundle) find(context.Context) ([]*specPackage, error) {
	var packages []*specPackage
	for _, p := range b.index {
		packages = append(packages, &specPackage{path: p.Path, bundled: &p})
	}
	return packages, nil
}

// ready puts the compiled specs where they can be started.
func (b *bundle) ready(_ context.Context, packages []*specPackage, _ io.Writer) (func(), error) {
	u := &unpacked{}
	for i, p := range packages {
		if err := u.unpack(b, i, p); err != nil {
			u.release()
			return nil, fmt.Errorf("cannot unpack the specs of %s: %w", p.path, err)
		}
	}
	return u.release, nil
}

// unpacked is what a run has unpacked.
type unpacked struct {
	// folder is private, and empty as long as none is needed.
	folder string
	files  []*os.File
}

func (u *unpacked) unpack(b *bundle, i int, p *specPackage) error {
	n := strconv.Itoa(i)
	from, err := b.zip.Open(n + ".test")
	if err != nil {
		return err
	}
	defer from.Close() // only read from
	if p.binary, err = u.program(n, from); err != nil || !p.bundled.Data {
		return err
	}
	if err := u.makeFolder(); err != nil {
		return err
	}
	data, err := fs.Sub(b.zip, n)
	if err != nil {
		return err
	}
	p.dir = filepath.Join(u.folder, n)
	return os.CopyFS(p.dir, data)
}

// program makes a program of what is read, in memory: folders for temporary files
// are often such that nothing in them may be executed. memfd_create(2) is not to
// be had in every sandbox, nor is /proc; a file serves there.
func (u *unpacked) program(n string, from io.Reader) (string, error) {
	if fd, err := unix.MemfdCreate("spec"+n, unix.MFD_CLOEXEC); err == nil {
		f := os.NewFile(uintptr(fd), "spec"+n)
		u.files = append(u.files, f)
		// Named by our own number: in the child, others may have the descriptor's.
		name := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)
		if unix.Access(name, unix.X_OK) == nil {
			_, err := io.Copy(f, from)
			return name, err
		}
	}
	if err := u.makeFolder(); err != nil {
		return "", err
	}
	name := filepath.Join(u.folder, n+".test")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, from)
	return name, errors.Join(err, f.Close())
}

func (u *unpacked) makeFolder() (err error) {
	if u.folder == "" {
		u.folder, err = os.MkdirTemp("", "hostspec-run-")
	}
	return err
}

// release removes what was unpacked.
func (u *unpacked) release() {
	for _, f := range u.files {
		f.Close() // in memory alone
	}
	if u.folder != "" {
		os.RemoveAll(u.folder) // what is left there harms nobody
	}
}

// place tells a file of the package as hostspec run would have told it where the
// program was built.
func (b *bundledPackage) place(file string) string {
	if name, ok := strings.CutPrefix(file, b.Path+"/"); ok && b.Dir != "" {
		return path.Join(b.Dir, name)
	}
	return file
}
