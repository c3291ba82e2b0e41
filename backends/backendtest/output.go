package backendtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
)

var outputChecks = []Check{
	{"binary output is exact", binaryOutput},
	{"stderr is apart from stdout", stderrApart},
	{"output nobody wants", discardedOutput},
	{"both streams at once", bothStreams},
	{"a slow reader gets everything", slowReader},
	{"50 MB of output without 50 MB of memory", largeOutput},
}

// everyByte is text for printf that prints each byte once, and what it prints.
func everyByte() (format, printed string) {
	var f, p strings.Builder
	for i := range 256 {
		fmt.Fprintf(&f, `\%03o`, i)
		p.WriteByte(byte(i))
	}
	return f.String(), p.String()
}

// binaryOutput prints every byte, among them NUL and what is not UTF-8, and no
// newline at the end.
func binaryOutput(ctx context.Context, s *session) error {
	format, printed := everyByte()
	reversed := []byte(printed)
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	r, err := run(ctx, s, sh(`printf "$1"; printf "$1$1" >&2`, format))
	if err != nil {
		return err
	}
	errs := []error{
		same("stdout", printed, r.stdout),
		same("stderr", printed+printed, r.stderr),
		r.ok(),
	}
	for _, text := range []string{"", "\n", "\n\n", "\r\n", "no newline", " \t ", "\x04", "\x1b[31m"} {
		r, err := run(ctx, s, sh(`printf %s "$1"`, text))
		errs = append(errs, err, same("stdout", text, r.stdout), same("stderr", "", r.stderr))
	}
	return errors.Join(errs...)
}

func stderrApart(ctx context.Context, s *session) error {
	r, err := run(ctx, s, sh(`echo out1; echo err1 >&2; echo out2; echo err2 >&2; exit 3`))
	if err != nil {
		return err
	}
	return errors.Join(
		same("stdout", "out1\nout2\n", r.stdout),
		same("stderr", "err1\nerr2\n", r.stderr),
		same("status", "exit 3", r.Status.String()))
}

// discardedOutput checks that nil writers neither block the process nor end it.
func discardedOutput(ctx context.Context, s *session) error {
	status, err := runBare(ctx, s, sh(`seq 1 100000; seq 1 100000 >&2; exit 4`))
	if err != nil {
		return err
	}
	return same("status", "exit 4", status.String())
}

// bothStreams fills both streams beyond any buffer at the same time.
func bothStreams(ctx context.Context, s *session) error {
	var out, err counted
	cmd := sh(`seq 1 "$1" & seq 1 "$1" >&2; wait`, strconv.Itoa(300_000))
	cmd.Stdout, cmd.Stderr = &out, &err
	status, bad := runBare(ctx, s, cmd)
	if bad != nil {
		return bad
	}
	return errors.Join(
		result{Status: status}.ok(), out.upTo("stdout", 300_000), err.upTo("stderr", 300_000))
}

// slowReader takes its time before the first byte, so that the process has long
// ended while much of its output is still on the way.
func slowReader(ctx context.Context, s *session) error {
	const numbers = 200_000
	var out counted
	first := time.After(3 * backends.Drain)
	cmd := sh(`seq 1 "$1"`, strconv.Itoa(numbers))
	cmd.Stdout = writerFunc(func(p []byte) (int, error) {
		if first != nil {
			<-first
			first = nil
		}
		return out.Write(p)
	})
	status, err := runBare(ctx, s, cmd)
	if err != nil {
		return err
	}
	// Again with so little that it all fits into a pipe, and more than is read at
	// once: the process ends long before the last piece is taken.
	few := &counted{}
	cmd = sh(`seq 1 "$1"`, "12000")
	cmd.Stdout = writerFunc(func(p []byte) (int, error) {
		<-time.After(2 * backends.Drain)
		return few.Write(p)
	})
	_, err = runBare(ctx, s, cmd)
	return errors.Join(err,
		result{Status: status}.ok(), out.upTo("stdout", numbers), few.upTo("stdout", 12_000))
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// largeOutput streams 50 MB and looks at the heap meanwhile.
func largeOutput(ctx context.Context, s *session) error {
	const numbers, most = 6_500_000, 25 << 20
	out := counted{watchHeap: true}
	runtime.GC()
	before := heap()
	cmd := sh(`seq 1 "$1"`, strconv.Itoa(numbers))
	cmd.Stdout = &out
	status, err := runBare(ctx, s, cmd)
	if err != nil {
		return err
	}
	errs := []error{result{Status: status}.ok(), out.upTo("stdout", numbers)}
	if grown := int64(out.peak) - int64(before); grown > most {
		errs = append(errs, fmt.Errorf("expected at most %d MB of memory for %d MB of output, found %d MB",
			most>>20, out.bytes>>20, grown>>20))
	}
	return errors.Join(errs...)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// counted checks the output of seq as it comes, and keeps none of it.
type counted struct {
	watchHeap bool

	next    []byte // what is left of the number that is being printed
	last    int
	bytes   int64
	wrong   error
	peak    uint64
	sampled int64
}

func (c *counted) Write(p []byte) (int, error) {
	// Reading the statistics stops the program: once for each megabyte is enough,
	// and at the start, in case it all comes at the end.
	if c.watchHeap && (c.bytes == 0 || c.bytes-c.sampled > 1<<20) {
		c.sampled, c.peak = c.bytes, max(c.peak, heap())
	}
	n := len(p)
	for len(p) > 0 && c.wrong == nil {
		if len(c.next) == 0 {
			c.last++
			c.next = append(strconv.AppendInt(c.next[:0], int64(c.last), 10), '\n')
		}
		k := min(len(p), len(c.next))
		if !bytes.Equal(p[:k], c.next[:k]) {
			c.wrong = fmt.Errorf("expected %q near byte %d, found %q", c.next[:k], c.bytes, p[:k])
		}
		p, c.next, c.bytes = p[k:], c.next[k:], c.bytes+int64(k)
	}
	return n, nil
}

// upTo says what is missing of the numbers up to n.
func (c *counted) upTo(what string, n int) error {
	if c.wrong != nil {
		return fmt.Errorf("%s: %w", what, c.wrong)
	}
	if c.last != n || len(c.next) > 0 {
		return fmt.Errorf("%s: expected the numbers 1 to %d, found an end within or after %d", what, n, c.last)
	}
	return nil
}
