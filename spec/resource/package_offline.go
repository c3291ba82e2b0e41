package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A packageDatabase is where a package manager keeps what it has installed.
type packageDatabase struct {
	manager *manager
	// paths are where it may be; one that ends in a slash is a folder with a file
	// for each package. The first that is there counts, or all of them do.
	paths []string
	all   bool
	// parse reads a file of it; nil where only the manager itself can.
	parse func(path string, r io.Reader) ([]fact.Package, error)
}

var packageDatabases = []packageDatabase{
	{dpkg, []string{dpkgStatus, dpkgFolder + "/status.d/"}, true, func(path string, r io.Reader) ([]fact.Package, error) {
		if path == dpkgStatus {
			return fact.ParseDpkgStatus(r)
		}
		return fact.ParseDpkgStatusD(r)
	}},
	{apk, []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"}, false, func(_ string, r io.Reader) ([]fact.Package, error) {
		return fact.ParseApkInstalled(r)
	}},
	{rpm, []string{
		"/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages.db", "/var/lib/rpm/Packages",
		"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/Packages.db", "/usr/lib/sysimage/rpm/Packages",
	}, false, nil},
	{pacman, []string{"/var/lib/pacman/local/ALPM_DB_VERSION"}, false, nil},
}

func readsDatabase(string) string { return "read the package database" }

// databaseFiles are the files that packagesOffline looks at.
func databaseFiles(databases []packageDatabase) func(target.System, []string) []string {
	return func(target.System, []string) []string {
		var out []string
		for _, d := range databases {
			if d.parse != nil {
				out = append(out, d.paths...)
			}
		}
		return out
	}
}

// packagesByFiles answers for packages by one of the databases.
func packagesByFiles(databases []packageDatabase) target.ReadFunc[packageFact] {
	offline := packagesOffline(databases)
	return func(ctx context.Context, r backends.FileReader, sys target.System, names []string) (map[string]target.Answer[packageFact], error) {
		m := ownManagers[sys.Family()]
		if len(databases) == 1 {
			m = databases[0].manager
		}
		switch {
		case sys.NoProcess != nil:
			return offline(ctx, r, sys, names)
		case m == dpkg:
			return readDpkg(ctx, r, names)
		}
		return nil, target.ErrAsk
	}
}

// packagesOffline is packagesByFiles where no process can be started.
func packagesOffline(databases []packageDatabase) target.ReadFunc[packageFact] {
	return func(ctx context.Context, r backends.FileReader, sys target.System, names []string) (map[string]target.Answer[packageFact], error) {
		d, found, err := findDatabase(ctx, r, databases, ownManagers[sys.Family()])
		if err != nil {
			return nil, err
		}
		if d.parse == nil {
			return nil, fmt.Errorf("only %s can read the database %s, and it cannot be run: %w", d.manager.name, found[0], sys.NoProcess)
		}
		var all []fact.Package
		for _, p := range found {
			some, err := d.read(ctx, r, p)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("%s holds no package at all", strings.Join(found, " and "))
		}
		return d.manager.answers(all, names, "read "+strings.Join(found, " ")), nil
	}
}

// findDatabase finds the database of the system's own manager, or the only one that
// is there, and its paths.
func findDatabase(ctx context.Context, r backends.FileReader, databases []packageDatabase, own *manager) (d packageDatabase, found []string, err error) {
	var managers, looked []string
	for _, candidate := range databases {
		var there []string
		for _, p := range candidate.paths {
			switch _, err := r.Stat(ctx, p, true); {
			case err == nil && (candidate.all || there == nil):
				there = append(there, p)
			case err == nil:
			case !errors.Is(err, fs.ErrNotExist):
				return d, nil, err
			}
		}
		looked = append(looked, candidate.paths[0])
		if there != nil && candidate.manager == own {
			return candidate, there, nil
		}
		if there != nil {
			d, found = candidate, there
			managers = append(managers, candidate.manager.name)
		}
	}
	switch len(managers) {
	case 0:
		return d, nil, fmt.Errorf("there is no package database: no %s", strings.Join(looked, ", no "))
	case 1:
		return d, found, nil
	}
	return d, nil, fmt.Errorf("which package manager is the system's own cannot be told: there are databases of %s", strings.Join(managers, " and "))
}

// read reads one path of the database.
func (d packageDatabase) read(ctx context.Context, r backends.FileReader, name string) ([]fact.Package, error) {
	if !strings.HasSuffix(name, "/") {
		return d.readFile(ctx, r, name)
	}
	files, err := r.ReadDir(ctx, name)
	if err != nil {
		return nil, err
	}
	// Lists of checksums stand beside some.
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, ".md5sums") || strings.HasPrefix(f, ".") })
	var all []fact.Package
	for _, f := range files {
		some, err := d.readFile(ctx, r, path.Join(name, f))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (d packageDatabase) readFile(ctx context.Context, r backends.FileReader, name string) ([]fact.Package, error) {
	text, err := readWhole(ctx, r, name)
	if err != nil {
		return nil, err
	}
	all, err := d.parse(name, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	return all, nil
}
