package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// Where accounts are on targets that nothing but files is known of.
const (
	passwd = "/etc/passwd"
	group  = "/etc/group"
	shadow = "/etc/shadow"
)

// offline is a Read for files that tell less than a process does, and so only where none
// can be started.
func offline[F any](read target.ReadFunc[F]) target.ReadFunc[F] {
	return func(ctx context.Context, r backends.FileReader, sys target.System, names []string) (map[string]target.Answer[F], error) {
		if sys.NoProcess == nil {
			return nil, target.ErrAsk
		}
		return read(ctx, r, sys, names)
	}
}

// filesThemselves are the files of a kind whose names are paths.
func filesThemselves(_ target.System, paths []string) []string { return paths }

// filesAndAccounts are those, and where the names of their owners stand.
func filesAndAccounts(_ target.System, paths []string) []string {
	return append(slices.Clone(paths), passwd, group)
}

// readWhole reads a file of at most maxContent, following links.
func readWhole(ctx context.Context, r backends.FileReader, name string) ([]byte, error) {
	f, err := r.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxContent+1))
	if err == nil && len(text) > maxContent {
		err = fmt.Errorf("%s has more than %d MiB", name, maxContent>>20)
	}
	return text, err
}

// namesOffline answers for accountNames.
func namesOffline(ctx context.Context, r backends.FileReader, _ target.System, keys []string) (map[string]target.Answer[string], error) {
	out := map[string]target.Answer[string]{}
	for _, file := range []string{passwd, group} {
		text, err := readWhole(ctx, r, file)
		for _, key := range keys {
			if database, id, _ := strings.Cut(key, " "); "/etc/"+database == file {
				out[key] = target.Answer[string]{Fact: nameByID(database, text, id), Err: err}
			}
		}
	}
	return out, nil
}

// membershipsOffline answers for userGroups as initgroups(3) does by files: the
// primary group, and those that list the user.
func membershipsOffline(ctx context.Context, r backends.FileReader, _ target.System, names []string) (map[string]target.Answer[memberships], error) {
	users, err := passwdDatabase.readAll(ctx, r)
	if err != nil {
		return nil, err
	}
	groups, err := groupDatabase.readAll(ctx, r)
	if err != nil {
		return nil, err
	}
	out := map[string]target.Answer[memberships]{}
	for _, name := range names {
		a := target.Answer[memberships]{}
		if u, ok := passwdDatabase.find(users, name); ok {
			a.Fact = membershipsOf(u, groups)
		} else {
			a.Err = fmt.Errorf("%s has no user %q", passwd, name)
		}
		out[name] = a
	}
	return out, nil
}

func membershipsOf(u fact.User, groups []fact.Group) memberships {
	m := memberships{gids: []int{u.GID}}
	for _, g := range groups {
		if slices.Contains(g.Members, u.Name) && !slices.Contains(m.gids, g.GID) {
			m.gids = append(m.gids, g.GID)
		}
	}
	for _, id := range m.gids {
		i := slices.IndexFunc(groups, func(g fact.Group) bool { return g.GID == id })
		if i < 0 {
			m.names = nil
			break
		}
		m.names = append(m.names, groups[i].Name)
	}
	return m
}

// shadowsOffline answers for shadows. Images often have no shadow(5).
func shadowsOffline(ctx context.Context, r backends.FileReader, _ target.System, names []string) (map[string]target.Answer[shadowFact], error) {
	text, err := readWhole(ctx, r, shadow)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all, err := fact.ParseShadow(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	out := map[string]target.Answer[shadowFact]{}
	for _, name := range names {
		a := target.Answer[shadowFact]{}
		for _, s := range all {
			if s.Name == name {
				a.Fact = shadowFact{true, s}
			}
		}
		out[name] = a
	}
	return out, nil
}
