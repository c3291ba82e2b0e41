package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// maxListing bounds what a compressed list of files may become.
const maxListing = 1 << 30

const (
	filesSection = "files"
	sumsSection  = "sums"
)

// find is the beginning of a call of find(1): the folders, the first of which may
// be links, and what is done with the folders that are not looked into.
func (r *request) find(pruned string) string {
	words := "find -H " + backends.Quote(r.watch...)
	if len(r.pruned) == 0 {
		return words
	}
	var paths []string
	for _, dir := range r.pruned {
		paths = append(paths, "-path "+backends.Quote(dir))
	}
	return words + ` -type d \( ` + strings.Join(paths, " -o ") + ` \) -prune ` + pruned + ` -o`
}

// compressed makes a script print what function does, compressed where it can be.
func compressed(function string) string {
	return fmt.Sprintf("if command -v gzip >/dev/null; then echo gzip; %[1]s | gzip -1; else echo plain; %[1]s; fi", function)
}

func decompress(stdout []byte) (string, error) {
	how, data, _ := bytes.Cut(stdout, []byte("\n"))
	switch string(how) {
	case "plain":
		return string(data), nil
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return "", fmt.Errorf("the list of files cannot be decompressed: %w", err)
		}
		var b strings.Builder
		n, err := io.Copy(&b, io.LimitReader(z, maxListing))
		if err == nil && n == maxListing {
			err = fmt.Errorf("it has more than %d MiB", maxListing>>20)
		}
		if err != nil {
			return "", fmt.Errorf("the list of files cannot be decompressed: %w", err)
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("the list of files begins with %.20q", how)
}

// files lists what is below the watched folders.
func (r *request) files(stamps bool) section {
	format := backends.Quote(fact.FindFormat)
	script := fmt.Sprintf(`l() {
if find / -maxdepth 0 -printf '' 2>/dev/null; then
echo "gnu $(date +%%s)"
%s -printf %s
s=$?
else
echo "stat $(date +%%s)"
{ %s -print0; s=$?; [ $s -le 1 ] || echo "find: exit $s" >&2; } | xargs -0 -r stat -c '%s %s'
s=$?; [ $s != 123 ] || s=1
fi
echo; echo "%[4]s end $s"
}
`, r.find("-printf "+format), format, r.find("-print0"), r.mark, fact.FindStatFormat)
	return section{name: filesSection, kinds: []string{KindFile, KindCron}, script: script + compressed("l"),
		read: func(s *Snapshot, _ target.System, o target.Output, all map[string]answered) ([]Fact, error) {
			rows, err := r.rows(s, o)
			if err != nil {
				return nil, err
			}
			var sums map[string]digest
			if stamps {
				s.stamps = stampsOf(rows)
			} else if sums, err = r.readSums(all[sumsSection]); err != nil {
				return nil, err
			}
			return fileFacts(rows, sums, o.Stderr), nil
		}}
}

// rows reads the list and notes when it began.
func (r *request) rows(s *Snapshot, o target.Output) ([]fact.FileRow, error) {
	if !o.Status.Success() {
		return nil, failure(o)
	}
	text, err := decompress(o.Stdout)
	if err != nil {
		return nil, err
	}
	head, text, _ := strings.Cut(text, "\n")
	tool, clock, _ := strings.Cut(head, " ")
	if s.began, err = strconv.ParseInt(clock, 10, 64); err != nil {
		return nil, fmt.Errorf("the target's clock says %.20q", clock)
	}
	text, status, ok := strings.Cut(text, "\n"+r.mark+" end ")
	if !ok {
		return nil, errors.New("the list of files is not whole")
	}
	// 1 means that find has complained.
	if status = strings.TrimSpace(status); status != "0" && status != "1" {
		return nil, fmt.Errorf("find ended with exit %s", status)
	}
	if tool == "gnu" {
		return fact.ParseFind(text)
	}
	return fact.ParseFindStat(text, r.mark)
}

// sums has the target hash what is below the watched folders. GNU's sha256sum
// writes line by line, so that two may write at once, and escapes names; others do
// neither, so names with newlines are kept from them.
func (r *request) sums() section {
	script := fmt.Sprintf(`command -v sha256sum >/dev/null || exit 127
g=; j=1
case $(sha256sum --version 2>/dev/null) in *"GNU coreutils"*) g=1; j=2;; esac
l() {
if [ "$g" ]; then %[1]s -type f -print0; else %[1]s -type f ! -path '*
*' -print0; fi | xargs -0 -r -n 1000 -P $j sha256sum
}
`, r.find(""))
	return section{name: sumsSection, script: script + compressed("l")}
}

// A digest is the SHA-256 of a file in hexadecimal digits, or why there is none.
type digest struct{ sum, reason string }

// readSums reads what sums printed. A file that was not hashed for a reason of its
// own has that; all others of which no sum came have the reason of the empty name.
func (r *request) readSums(a answered) (map[string]digest, error) {
	out := map[string]digest{"": {reason: "it was not hashed: it went away meanwhile, or its name holds a newline"}}
	if a.err != nil {
		out[""] = digest{reason: "not hashed: " + reasonOf(a.err)}
		return out, nil
	}
	if !a.Status.Success() {
		out[""] = digest{reason: "not hashed: " + reasonOf(failure(a.Output))}
		return out, nil
	}
	text, err := decompress(a.Stdout)
	if err != nil {
		return nil, err
	}
	sums, err := fact.ParseSHA256(text)
	if err != nil {
		return nil, err
	}
	for name, sum := range sums {
		out[name] = digest{sum: sum}
	}
	reasons, _ := fact.ParseComplaints(a.Stderr)
	for name, reason := range reasons {
		out[name] = digest{reason: reason}
	}
	return out, nil
}

// gone is what tools say of a file that went away while it was looked at.
const gone = "No such file or directory"

// fileFacts joins the list with the sums and with what find complained about.
// Without sums, files are only listed.
func fileFacts(rows []fact.FileRow, sums map[string]digest, stderr []byte) []Fact {
	reasons, other := fact.ParseComplaints(stderr)
	closeParents(reasons)
	out := make([]Fact, 0, len(rows))
	for _, row := range rows {
		f, ok := fileFact(row, sums)
		if !ok {
			continue
		}
		if reason, complained := reasons[row.Name]; complained && reason != gone {
			f = f.Unknown("entries", reason)
		}
		delete(reasons, row.Name)
		out = append(out, f)
	}
	for name, reason := range reasons {
		if reason != gone {
			out = append(out, Fact{Kind: KindFile, Name: name}.Unknown("type", reason))
		}
	}
	if len(other) > 0 {
		out = append(out, Fact{Kind: KindFile}.Unknown(catalogue.KeySome, strings.Join(other, "; ")))
	}
	return out
}

// closeParents deals with complaints about names that tools write in ways of their
// own, so that it is not known which file is meant: nothing is known then of the
// folder that holds it.
func closeParents(reasons map[string]string) {
	for name, reason := range reasons {
		if !fact.Odd(name) || reason == gone {
			continue
		}
		delete(reasons, name)
		plain := 0
		for !fact.Odd(name[plain : plain+1]) {
			plain++
		}
		reasons[path.Dir(name[:plain]+"x")] = reason
	}
}

// fileFact makes the fact of one file; ok is false for one that is gone.
func fileFact(row fact.FileRow, sums map[string]digest) (f Fact, ok bool) {
	kind := KindFile
	if cronTable(row) {
		kind = KindCron
	}
	if row.Type != "f" || slices.Contains(accountFiles, row.Name) {
		f = catalogue.New(kind, row.Name, "type", typeName(row.Type), "mode", row.Mode, "uid", row.UID, "gid", row.GID, "link", row.Link)
		return f, true
	}
	var d digest
	if sums != nil {
		if d, ok = sums[row.Name]; !ok {
			d = sums[""]
		}
	}
	if d.reason == gone {
		return Fact{}, false
	}
	f = catalogue.New(kind, row.Name, "type", "file", "mode", row.Mode, "uid", row.UID, "gid", row.GID, "size", row.Size, "sha256", d.sum)
	if d.reason != "" {
		f = f.Unknown("sha256", d.reason)
	}
	return f, true
}

// typeName says in a word what find(1) says in a letter.
func typeName(letter string) string {
	switch letter {
	case "f":
		return "file"
	case "d":
		return "directory"
	case "l":
		return "link"
	case "p":
		return "pipe"
	case "s":
		return "socket"
	case "b":
		return "block device"
	case "c":
		return "character device"
	}
	return letter
}

// cronTable reports whether cron(8) reads a file: a table, or what run-parts runs.
func cronTable(row fact.FileRow) bool {
	if row.Name == "/etc/crontab" || row.Name == "/etc/anacrontab" {
		return true
	}
	if row.Type == "d" || !strings.Contains(row.Name, "/cron") {
		return false
	}
	dir, base := path.Split(row.Name)
	switch dir {
	case "/etc/cron.d/", "/etc/cron.hourly/", "/etc/cron.daily/", "/etc/cron.weekly/", "/etc/cron.monthly/",
		"/etc/crontabs/", "/var/spool/cron/", "/var/spool/cron/crontabs/", "/var/spool/cron/tabs/":
		return !strings.HasPrefix(base, ".")
	}
	return false
}
