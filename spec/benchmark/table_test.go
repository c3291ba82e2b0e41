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

// section prints the lines of one table. Milliseconds differ from machine to machine;
// page faults and processes hardly do.
func (t *table) section(title string, lines []*line) {
	t.row(title, "median", "min", "max", "to floor", "cpu", "peak MiB", "faults", "to floor", "processes")
	for _, l := range lines {
		wall := column(l.runs, func(c cost) time.Duration { return c.Wall })
		cpu := column(l.runs, func(c cost) time.Duration { return c.CPU })
		peak := slices.Max(column(l.runs, func(c cost) int64 { return c.RSS }))
		t.row(l.name, ms(median(wall)), ms(slices.Min(wall)), ms(slices.Max(wall)), l.ratio(wallOf), ms(median(cpu)), fmt.Sprintf("%.1f", float64(peak)/(1<<20)),
			l.count(faultsOf), l.ratio(faultsOf), l.count(processesOf))
	}
	if !slices.ContainsFunc(lines, func(l *line) bool { return l.server != 0 }) {
		return
	}
	t.row("the same, on the server", "faults", "to floor", "processes")
	for _, l := range lines {
		t.row(l.name, l.count(serverFaultsOf), l.ratio(serverFaultsOf), l.count(serverProcessesOf))
	}
}

// row prints one line of a table. One whose first cell is a heading begins a table.
func (t *table) row(name string, cells ...string) {
	if strings.ContainsAny(cells[0], "abcdefghijklmnopqrstuvwxyz") {
		fmt.Fprintln(&t.text)
	}
	fmt.Fprintf(&t.text, "%-36s", name)
	for _, c := range cells {
		fmt.Fprintf(&t.text, "%10s", c)
	}
	fmt.Fprintln(&t.text)
}

func wallOf(c cost) int64            { return int64(c.Wall) }
func faultsOf(c cost) int64          { return c.Faults }
func processesOf(c cost) int64       { return c.Processes }
func serverFaultsOf(c cost) int64    { return c.ServerFaults }
func serverProcessesOf(c cost) int64 { return c.ServerProcesses }

// count is the median of a number, or a dash where it could not be counted.
func (l *line) count(of func(cost) int64) string {
	if n := median(column(l.runs, of)); n > 0 {
		return fmt.Sprint(n)
	}
	return "-"
}

// ratio is the median of what each run cost, compared with the run of the floor
// in the same turn.
func (l *line) ratio(of func(cost) int64) string {
	if l.against == nil {
		return ""
	}
	var all []float64
	for i, r := range l.runs {
		if floor := of(l.against.runs[i]); floor > 0 {
			all = append(all, float64(of(r))/float64(floor))
		}
	}
	if len(all) == 0 {
		return "-"
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
