// Package stack looks at who calls, for what Go, Ginkgo and Gomega tell in no other way.
// All that rests on names within them stands here, and each has a test that fails when a
// version of theirs changes it.
package stack

import (
	"iter"
	"runtime"
	"strings"
)

// most is how many calls are looked at.
const most = 64

// Callers are the calls above the caller's, the nearest first.
func Callers() iter.Seq[runtime.Frame] { return above(3) }

func above(skip int) iter.Seq[runtime.Frame] {
	return func(yield func(runtime.Frame) bool) {
		pc := make([]uintptr, most)
		frames := runtime.CallersFrames(pc[:runtime.Callers(skip, pc)])
		for {
			f, more := frames.Next()
			if !yield(f) || !more {
				return
			}
		}
	}
}

// InTest reports whether a test function is running, as opposed to the package
// being initialised.
func InTest() bool {
	for f := range above(3) {
		if f.Function == "testing.tRunner" {
			return true
		}
	}
	return false
}

// Polled reports whether Eventually or Consistently calls, which ask again and again to
// see what has changed since.
func Polled() bool {
	for f := range above(3) {
		if strings.Contains(f.Function, "gomega/internal.(*AsyncAssertion)") {
			return true
		}
	}
	return false
}

// ToldAbove reports, when it is called by an error's method Error, whether Gomega wants
// the text for the second time in one message: of an error that stands beside a value
// given to Expect it prints the text, and then the error as an object, the text once more.
func ToldAbove() bool {
	var names []string
	for f := range above(4) {
		if names = append(names, f.Function); len(names) == 2 {
			break
		}
	}
	return len(names) == 2 && strings.HasSuffix(names[0], "gomega/format.Object") && strings.HasSuffix(names[1], "gomega/internal.vetActuals")
}
