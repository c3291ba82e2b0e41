package fact

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// A MountPoint is one line of /proc/self/mountinfo.
type MountPoint struct {
	// Path is where it is mounted.
	Path string
	// Type is the type of the file system: "ext4".
	Type string
	// Device is what is mounted, as the file system says it: "/dev/vda", "proc".
	Device string
	// Options are those of the mount, followed by those of the file system that
	// are not among them.
	Options []string
}

// ParseMountinfo reads /proc/self/mountinfo, proc_pid_mountinfo(5). Of several
// mounts on one path the last one is what is seen.
func ParseMountinfo(r io.Reader) ([]MountPoint, error) {
	var out []MountPoint
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20) // options of overlayfs list many paths
	for n := 1; s.Scan(); n++ {
		before, after, ok := strings.Cut(s.Text(), " - ")
		f, g := strings.Split(before, " "), strings.Split(after, " ")
		if !ok || len(f) < 6 || len(g) != 3 {
			return nil, fmt.Errorf("mountinfo, line %d: cannot read %.200q", n, s.Text())
		}
		m := MountPoint{Path: unescapeOctal(f[4]), Type: unescapeOctal(g[0]), Device: unescapeOctal(g[1])}
		seen := map[string]bool{}
		for _, o := range strings.Split(f[5]+","+g[2], ",") {
			if o = unescapeOctal(o); o != "" && !seen[o] {
				seen[o] = true
				m.Options = append(m.Options, o)
			}
		}
		out = append(out, m)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("mountinfo: %w", err)
	}
	return out, nil
}

// unescapeOctal undoes what the kernel does to space, tab, newline, backslash and
// "#" in such files: a backslash and three octal digits.
func unescapeOctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1]) && s[i+1] < '4' && isOctal(s[i+2]) && isOctal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }
