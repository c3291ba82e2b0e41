package resource

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/spec/fact"
)

// dpkgScript prints what dpkg-query prints of the database in a folder. Where nothing is
// being done with that, it is read by awk, which takes a fraction of the memory: what
// dpkgAtRest and fact.DpkgListed ask for is asked for here. Else, or where there is no awk,
// dpkg-query says it, or that it is missing.
func dpkgScript(folder string) string {
	return `set -- ` + folder + `/updates/*
if command -v dpkg-query >/dev/null && [ -z "${DPKG_ADMINDIR+x}${DPKG_ROOT+x}" ] && [ -r ` + folder + `/updates ] && [ ! -e "$1" ] && [ -x ` + folder + `/triggers ] && [ ! -s ` + folder + `/triggers/Unincorp ] &&
	awk '` + dpkgAwk + `' ` + folder + `/status 2>/dev/null; then :
else dpkg-query -W -f '${Package}\t${Architecture}\t${Version}\t${Status}\n'; fi`
}

// dpkgAwk reads a status file as fact.ParseDpkgStatus and fact.DpkgListed do, and prints
// what is listed when all of it is certain. Anything that dpkg(1) would not have written
// so makes it fail, and print nothing.
const dpkgAwk = `function bad() { odd = 1; exit 1 }
function end(  t, there) {
	if (split(s, t, " ") != 3 || s != t[1] " ok " t[3] || !(t[1] in wants) || p !~ /^[0-9a-z][0-9a-z+.-]*$/ || p in seen) bad()
	seen[p]
	there = t[3] == "installed" || t[3] == "config-files"
	if (!there && t[3] != "not-installed") bad()
	if ((there || v != "" || a != "") && a !~ /^[0-9a-z][0-9a-z-]*$/) bad()
	if ((there || v != "") && (v !~ /^([1-9][0-9]?[0-9]?[0-9]?:)?[0-9][0-9A-Za-z.+~-]*$/ || v ~ /-$/)) bad()
	if (there) out[n++] = p "\t" a "\t" v "\t" s
	p = s = a = v = ""
	b = k = 0
}
BEGIN {
	split("unknown install hold deinstall purge", w, " "); for (i in w) wants[w[i]]
	split("package status version architecture revision package-revision package_revision", w, " "); for (i in w) kept[w[i]]
}
/^ +[^ \t\013\014\015]/ { if (!b || k) bad(); next }
/^[B-OQTUW-Z][!-9;-~]*:/ { b = 1; k = 0; next }
/^Package: ./ { if (p != "") bad(); p = substr($0, 10); b = k = 1; next }
/^Status: ./ { if (s != "") bad(); s = substr($0, 9); b = k = 1; next }
/^Version: ./ { if (v != "") bad(); v = substr($0, 10); b = k = 1; next }
/^Architecture: ./ { if (a != "") bad(); a = substr($0, 15); b = k = 1; next }
/^$/ { if (b) end(); next }
{
	if ($0 !~ /^[!"$-,.\/0-9;-~][!-9;-~]*:/) bad()
	if ($0 ~ /^[PpSsVvAaRr]/ && tolower(substr($0, 1, index($0, ":") - 1)) in kept) bad()
	b = 1; k = 0
}
END { if (odd || b || !n) exit 1; for (i = 0; i < n; i++) print out[i] }`

// parseDpkgList reads what dpkgScript prints, in the order of dpkg-query.
func parseDpkgList(r io.Reader) ([]fact.Package, error) {
	all, err := fact.ParseDpkgQuery(r)
	slices.SortStableFunc(all, func(a, b fact.Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Architecture, b.Architecture))
	})
	return all, err
}
