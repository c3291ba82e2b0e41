// Package resourcetest is for tests of resources and matchers: a target in memory, where
// the test says what its shell answers, and a way to ask real ones.
//
//	func TestDepth(t *testing.T) {
//		target := resourcetest.New(resourcetest.Machine{Answer: func(script string) resourcetest.Answer {
//			return resourcetest.Answer{Stdout: "mail 3\n"}
//		}})
//		defer target.Close()
//		depth, err := NewQueue(target, "mail").Depth()
//		if err != nil || depth != 3 {
//			t.Errorf("got %d, %v", depth, err)
//		}
//	}
//
// A machine in memory shows what a resource makes of an answer. What real tools answer
// only a real target shows: see Open.
package resourcetest
