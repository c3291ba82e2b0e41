package resourcetest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hostspec/hostspec/backends"
	_ "github.com/hostspec/hostspec/backends/local"
	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
	"github.com/hostspec/hostspec/spec/target"
)

// echoes asks what the shell makes of words; each name is a script of its own.
var echoes = &target.Kind[string]{
	Name: "echo",
	Ask: func(_ target.System, names []string) (out []target.Question, err error) {
		for _, name := range names {
			out = append(out, target.Question{Names: []string{name}, Script: "echo " + backends.Quote(name), Stateless: len(name)%2 == 0})
		}
		return out, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[string], error) {
		if !o.Status.Success() {
			return nil, errors.New(o.Status.String())
		}
		return map[string]target.Answer[string]{q.Names[0]: {Fact: string(o.Stdout)}}, nil
	},
}

type echo struct{ resource.Base[echo] }

func newEcho(a resource.Asker, word string) *echo {
	e := &echo{}
	e.Base = resource.New(a, "Echo", word, e)
	return e
}

func (e *echo) Said() (string, error) {
	return resource.Ask(&e.Base, "Said", echoes, e.Name(), func(s string) (string, string) { return s, "" })
}

// words are such as make trouble where shell text is quoted or taken apart.
var words = []string{"a", "it's", `say "hi"`, "two\nlines", "$HOME", "; shift", "", `'\''`, "x'y\"z"}

// A machine in memory is asked for exactly the script that a real shell is asked for.
func TestMachine_HearsWhatAShellHears(t *testing.T) {
	real, err := resourcetest.Open(t.Context(), "local://")
	if err != nil {
		t.Fatal(err)
	}
	memory := resourcetest.New(resourcetest.Machine{Answer: func(script string) resourcetest.Answer {
		for _, w := range words {
			if script == "echo "+backends.Quote(w) {
				return resourcetest.Answer{Stdout: w + "\n"}
			}
		}
		return resourcetest.Answer{Code: 1}
	}})
	for _, target := range []*resourcetest.Target{real, memory} {
		for _, w := range words {
			if said, err := newEcho(target, w).Said(); err != nil || said != w+"\n" {
				t.Errorf("%q: got %q, %v", w, said, err)
			}
		}
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBatch_IsOneExchange(t *testing.T) {
	asked := 0
	memory := resourcetest.New(resourcetest.Machine{Answer: func(string) resourcetest.Answer {
		asked++
		return resourcetest.Answer{Stdout: "x"}
	}})
	defer memory.Close()
	var said []string
	exchanges, err := memory.Batch(func() {
		said = nil
		for _, w := range words {
			if s, err := newEcho(memory, w).Said(); err == nil {
				said = append(said, s)
			}
		}
	})
	if err != nil || exchanges != 1 || asked != len(words) || len(said) != len(words) {
		t.Errorf("%d exchanges, %d questions, %d answers, %v", exchanges, asked, len(said), err)
	}
}

func TestMachine_ThreeAnswers(t *testing.T) {
	answer := resourcetest.Answer{}
	memory := resourcetest.New(resourcetest.Machine{Answer: func(string) resourcetest.Answer { return answer }, UID: 1000})
	defer memory.Close()
	for _, test := range []struct {
		answer resourcetest.Answer
		says   string
	}{
		{resourcetest.Answer{Stdout: "hello\n"}, ""},
		{resourcetest.Answer{Stdout: "bye\n"}, "should have stdout"},
		{resourcetest.Answer{Lost: true}, "error: "},
	} {
		answer = test.answer
		command := resource.NewCommand(memory, "greet it's")
		got := resourcetest.Failure(command, HaveStdout("hello"), false)
		if (got == "") != (test.says == "") || !strings.Contains(got, test.says) {
			t.Errorf("%+v: got %q", test.answer, got)
		}
		if held := resource.NewCommand(memory, "greet").Should(HaveStdout("hello")); held != (test.says == "") {
			t.Errorf("%+v: Should says %v", test.answer, held)
		}
	}
	answer = resourcetest.Answer{Code: 127}
	var unknown *evidence.Unknown
	if _, err := newEcho(memory, "x").Said(); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

// A machine with files answers kinds that read files, as this machine does.
func TestMachine_Files(t *testing.T) {
	memory := resourcetest.New(resourcetest.Machine{Files: fstest.MapFS{
		"etc/motd":     {Data: []byte("welcome\n"), Mode: 0o644},
		"proc/modules": {Data: []byte("overlay 212992 3 - Live 0x0000000000000000\n"), Mode: 0o444},
	}, Answer: func(script string) resourcetest.Answer {
		t.Errorf("a shell is asked %q", script)
		return resourcetest.Answer{Code: 1}
	}})
	defer memory.Close()
	for _, text := range []string{
		resourcetest.Failure(resource.NewFile(memory, "/etc/motd"), HaveContent("welcome"), false),
		resourcetest.Failure(resource.NewFile(memory, "/etc/motd"), HaveMode(0o644), false),
		resourcetest.Failure(resource.NewFile(memory, "/etc"), BeDirectory(), false),
		resourcetest.Failure(resource.NewFile(memory, "/etc/nope"), Exist(), true),
		resourcetest.Failure(resource.NewKernelModule(memory, "overlay"), BeLoaded(), false),
		resourcetest.Failure(resource.NewKernelModule(memory, "overlaz"), BeLoaded(), true),
	} {
		if text != "" {
			t.Error(text)
		}
	}
}

func TestMachine_IsWhatItSays(t *testing.T) {
	memory := resourcetest.New(resourcetest.Machine{OSRelease: "ID=alpine\nVERSION_ID=3.20\n", PID1: "systemd", UID: 7})
	defer memory.Close()
	_, v, err := memory.View()
	if err != nil {
		t.Fatal(err)
	}
	sys, err := v.Target.System(context.Background())
	if err != nil || sys.Family() != "alpine" || sys.Init != "systemd" || sys.UID != 7 {
		t.Errorf("got %+v, %v", sys, err)
	}
}
