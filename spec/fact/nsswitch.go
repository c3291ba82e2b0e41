package fact

import "strings"

// FilesFirst reports whether nsswitch.conf(5) has the name service look for entries of
// a database in the system's own files first, and be content with what it finds
// there. Any doubt is false, as where the database has no line.
func FilesFirst(conf []byte, database string) bool {
	first := false
	for line := range strings.Lines(string(conf)) {
		line, _, _ = strings.Cut(line, "#")
		name, services, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) != database {
			continue
		}
		if first {
			return false // which of two lines counts is not documented
		}
		f := strings.Fields(services)
		if len(f) == 0 || f[0] != "files" || len(f) > 1 && strings.HasPrefix(f[1], "[") {
			return false
		}
		first = true
	}
	return first
}
