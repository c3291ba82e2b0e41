package resourcetest_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
	"github.com/hostspec/hostspec/spec/target"
)

// loads asks for the load of machines' disks, all in one script.
var loads = &target.Kind[int]{
	Name: "disk",
	Ask: func(_ target.System, names []string) ([]target.Question, error) {
		return []target.Question{{Names: names, Script: "diskload " + backends.Quote(names...)}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[int], error) {
		words := strings.Fields(string(o.Stdout))
		if len(words) != len(q.Names) {
			return nil, errors.New("diskload does not tell")
		}
		out := map[string]target.Answer[int]{}
		for i, name := range q.Names {
			load, err := strconv.Atoi(words[i])
			out[name] = target.Answer[int]{Fact: load, Err: err}
		}
		return out, nil
	},
}

type disk struct{ resource.Base[disk] }

func newDisk(a resource.Asker, name string) *disk {
	d := &disk{}
	d.Base = resource.New(a, "Disk", name, d)
	return d
}

func (d *disk) Load() (int, error) { return resource.Ask(&d.Base, "Load", loads, d.Name(), nil) }

// A resource is tested by what it makes of answers: the test says what the shell of a
// machine in memory answers, and sees what it was asked.
func ExampleNew() {
	machine := resourcetest.New(resourcetest.Machine{Answer: func(script string) resourcetest.Answer {
		fmt.Println("$", script)
		return resourcetest.Answer{Stdout: "93"}
	}})
	defer machine.Close()
	fmt.Println(newDisk(machine, "sda").Load())
	// Output:
	// $ diskload sda
	// 93 <nil>
}

// What many resources ask goes to the target in one exchange.
func ExampleTarget_Batch() {
	machine := resourcetest.New(resourcetest.Machine{Answer: func(script string) resourcetest.Answer {
		fmt.Println("$", script)
		return resourcetest.Answer{Stdout: "93 12"}
	}})
	defer machine.Close()
	var a, b int
	exchanges, err := machine.Batch(func() {
		a, _ = newDisk(machine, "sda").Load()
		b, _ = newDisk(machine, "sdb").Load()
	})
	fmt.Println(a, b, exchanges, err)
	// Output:
	// $ diskload sda sdb
	// 93 12 1 <nil>
}
