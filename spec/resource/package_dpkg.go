package resource

import (
	"context"
	"errors"
	"io/fs"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

const (
	dpkgFolder = "/var/lib/dpkg"
	dpkgStatus = dpkgFolder + "/status"
)

// readDpkg answers by the file that dpkg-query reads, which takes a fraction of its time.
// Where that may not be all that dpkg-query goes by, it is ErrAsk.
func readDpkg(ctx context.Context, r backends.FileReader, names []string) (map[string]target.Answer[packageFact], error) {
	before, err := dpkgAtRest(ctx, r)
	if err != nil {
		return nil, target.ErrAsk
	}
	f, err := r.Open(ctx, dpkgStatus)
	if err != nil {
		return nil, target.ErrAsk
	}
	defer f.Close()
	all, err := fact.ParseDpkgStatus(&untilDone{ctx, f})
	if err != nil {
		return nil, target.ErrAsk
	}
	listed, certain := fact.DpkgListed(all)
	after, err := dpkgAtRest(ctx, r)
	if err != nil || after != before || !certain || len(listed) == 0 {
		return nil, target.ErrAsk
	}
	return dpkg.answers(listed, names, "read "+dpkgStatus), nil
}

// dpkgAtRest describes the status file of a database that nothing is being done with, and
// is ErrAsk of any other. While packages are installed, what changes stands in updates
// first; a trigger that waits in Unincorp keeps packages from being installed; and
// variables can have dpkg-query look elsewhere (dpkg-query(1)). It reads no dpkg.cfg(5).
func dpkgAtRest(ctx context.Context, r backends.FileReader) (backends.FileInfo, error) {
	var none backends.FileInfo
	env, ok := r.(interface {
		LookupEnv(name string) (string, bool)
	})
	if !ok {
		return none, target.ErrAsk
	}
	for _, name := range []string{"DPKG_ADMINDIR", "DPKG_ROOT"} {
		if _, set := env.LookupEnv(name); set {
			return none, target.ErrAsk
		}
	}
	if updates, err := r.ReadDir(ctx, dpkgFolder+"/updates"); err != nil || len(updates) > 0 {
		return none, target.ErrAsk
	}
	waiting, err := r.Stat(ctx, dpkgFolder+"/triggers/Unincorp", true)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || waiting.Size > 0 {
		return none, target.ErrAsk
	}
	return r.Stat(ctx, dpkgStatus, true)
}
