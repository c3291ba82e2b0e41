package benchmark

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A table is what people read. It is written to stdout once it is whole, since
// `go test -bench` writes lines of its own there.
type table struct {
	text strings.Builder
}

func printer(b *testing.B) *table {
	t := &table{}
	b.Cleanup(func() { _, _ = io.WriteString(os.Stdout, "\n"+t.text.String()) })
	return t
}

// heading says where the numbers come from.
func (t *table) heading(runs int) {
	fmt.Fprintf(&t.text, "The hundred checks: whole processes, medians of %d runs (peers: %d), in milliseconds\n", runs, min(runs, peerRuns))
	var u unix.Utsname
	_ = unix.Uname(&u) // fails on a bad address alone
	fmt.Fprintf(&t.text, "on %s, %d cores; %s %s; %s; %s; load %s\n", field("/proc/cpuinfo", "model name"), runtime.NumCPU(),
		unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), field("/etc/os-release", "PRETTY_NAME"),
		runtime.Version(), strings.Join(words("/proc/loadavg", 3), " "))
}

// field finds the first line NAME: VALUE or NAME=VALUE of a file.
func field(file, name string) string {
	text, _ := os.ReadFile(file) // what cannot be read is not told
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, name); ok {
			return strings.Trim(rest, "\t =:\"\n")
		}
	}
	return "unknown"
}

func words(file string, n int) []string {
	text, _ := os.ReadFile(file) // what cannot be read is not told
	w := strings.Fields(string(text))
	return w[:min(n, len(w))]
}

// section prints the lines of one table.
func (t *table) section(title string, lines []*line) {
	row := func(name string, cells ...string) {
		fmt.Fprintf(&t.text, "%-36s", name)
		for _, c := range cells {
			fmt.Fprintf(&t.text, "%10s", c)
		}
		fmt.Fprintln(&t.text)
	}
	fmt.Fprintln(&t.text)
	row(title, "median", "min", "max", "to floor", "cpu", "peak MiB")
	for _, l := range lines {
		wall := column(l.runs, func(c cost) time.Duration { return c.Wall })
		cpu := column(l.runs, func(c cost) time.Duration { return c.CPU })
		peak := slices.Max(column(l.runs, func(c cost) int64 { return c.RSS }))
		row(l.name, ms(median(wall)), ms(slices.Min(wall)), ms(slices.Max(wall)), l.ratio(), ms(median(cpu)), fmt.Sprintf("%.1f", float64(peak)/(1<<20)))
	}
}

// ratio is the median of what each run took, compared with the run of the floor
// in the same turn.
func (l *line) ratio() string {
	if l.against == nil {
		return ""
	}
	var all []float64
	for i, r := range l.runs {
		all = append(all, float64(r.Wall)/float64(l.against.runs[i].Wall))
	}
	return fmt.Sprintf("%.2f", median(all))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e6) }

// costs says what hostspec has asked.
func (t *table) costs(all, without string) {
	fmt.Fprintf(&t.text, "hostspec: %s; without commands: %s\n", all, without)
}

// note prints one more line.
func (t *table) note(format string, args ...any) { fmt.Fprintf(&t.text, "\n"+format+"\n", args...) }
