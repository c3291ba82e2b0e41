package target

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// FuzzDialogue has a target print anything: sudo is told the password once at most, and
// only where our prompt was seen; nothing that comes before the user's shell is up is
// passed on, and all that comes after it is. In what is printed M stands for the mark
// and P for the prompt.
func FuzzDialogue(f *testing.F) {
	for _, seed := range []string{"M as sudo 1 login\nP", "M as sudo 1 login\nP\nSorry, try again.\nP", "M as sudo 1 x\nM up\nhello", "P\nP", "M up\nP", "M as none 1 x\nno", "M as sudo 1 x\nCode: "} {
		f.Add([]byte(seed), true, uint8(1))
		f.Add([]byte(seed), false, uint8(200))
	}
	f.Fuzz(func(t *testing.T, printed []byte, onStderr bool, size uint8) {
		const mark, prompt, secret = "3fK9mark", "7hQ2prompt", "s3cret"
		text := []byte(strings.NewReplacer("M", mark, "P", prompt).Replace(string(printed)))
		r, w := io.Pipe()
		password := secret
		d := &dialogue{ctx: t.Context(), user: "u", password: &password, mark: []byte(mark), prompt: []byte(prompt), stdin: w, began: make(chan struct{}), done: make(chan struct{})}
		d.patience = time.AfterFunc(time.Hour, func() { _ = w.Close() })
		defer d.patience.Stop()
		var out, err bytes.Buffer
		d.stdout, d.stderr = &ear{dialogue: d, w: &out}, &ear{dialogue: d, w: &err}
		told := make(chan string)
		go func() { all, _ := io.ReadAll(r); told <- string(all) }()
		e, passed := d.stdout, &out
		if onStderr {
			e, passed = d.stderr, &err
		}
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 1+int(size))
			_, _ = e.Write(rest[:n])
			rest = rest[n:]
		}
		before, after, up := bytes.Cut(text, []byte(mark+" up\n"))
		if up != e.up || !bytes.Equal(passed.Bytes(), after) {
			t.Errorf("%q: passed on %q, want %q", text, passed.Bytes(), after)
		}
		_ = d.refusal()
		time.Sleep(time.Millisecond) // for what is told
		_ = w.Close()
		got := <-told
		if strings.Count(got, secret) > 1 || got != "" && !bytes.Contains(before, []byte(prompt)) {
			t.Errorf("%q: it was told %q", text, got)
		}
	})
}
