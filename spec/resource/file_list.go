package resource

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/evidence"
)

// Files and tables of cron, by their paths. Snapshots list them: which ones are looked at,
// and whether they are hashed, is theirs to say.
var _ = catalogue.Add(&catalogue.Kind{Name: "file", Rank: 100, Resource: "File", Canonical: canonicalFile, Spec: fileSpec, Absent: noFile})

var _ = catalogue.Add(&catalogue.Kind{Name: "cron", Plural: "cron tables", Rank: 80, Resource: "File", Canonical: canonicalFile, Spec: fileSpec, Absent: noFile})

func canonicalFile(r evidence.Resource, _ string) evidence.Resource {
	if len(r.Name) > 1 {
		r.Name = strings.TrimSuffix(r.Name, "/")
	}
	return r
}

func noFile(name string) string { return fmt.Sprintf("File(%q).ShouldNot(Exist())", path.Clean(name)) }

// typeMatchers are the matchers for the types of listed files.
var typeMatchers = map[string]string{
	"file": "BeFile()", "directory": "BeDirectory()", "socket": "BeSocket()", "pipe": "BePipe()",
	"block device": "BeBlockDevice()", "character device": "BeCharacterDevice()",
}

func fileSpec(f catalogue.Fact, now catalogue.Facts) string {
	name, attrs := path.Clean(f.Name), f.Attrs()
	if attrs.Value("type") == "link" {
		return fmt.Sprintf("File(%q).Should(BeSymlink(), BeLinkedTo(%q))", name, attrs.Value("link"))
	}
	matchers := []string{"Exist()"}
	if m, ok := typeMatchers[attrs.Value("type")]; ok {
		matchers[0] = m
	}
	if mode, err := strconv.ParseUint(attrs.Value("mode"), 8, 32); err == nil {
		matchers = append(matchers, fmt.Sprintf("HaveMode(0o%o)", mode))
	}
	if uid := attrs.Value("uid"); uid != "" {
		matchers = append(matchers, "BeOwnedBy("+nameOf(now, "user", "uid", uid)+")")
	}
	if gid := attrs.Value("gid"); gid != "" {
		matchers = append(matchers, "BeGroupedInto("+nameOf(now, "group", "gid", gid)+")")
	}
	// crontab(1) notes in a user's table when it was installed.
	if sum := attrs.Value("sha256"); sum != "" && attrs.Value("type") == "file" && !strings.HasPrefix(name, "/var/spool/cron/") {
		matchers = append(matchers, fmt.Sprintf("HaveSHA256(%q)", sum))
	}
	return fmt.Sprintf("File(%q).Should(%s)", name, strings.Join(matchers, ", "))
}

// nameOf is the account with a number, as an author would write it.
func nameOf(now catalogue.Facts, kind, key, number string) string {
	facts := now.Facts(kind)
	i := slices.IndexFunc(facts, func(f catalogue.Fact) bool { n, ok := f.Attrs().Get(key); return ok && n == number })
	if i < 0 {
		return number
	}
	return strconv.Quote(facts[i].Name)
}
