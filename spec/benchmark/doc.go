// Package benchmark measures hostspec as people run it: the whole process of a
// compiled test binary with a hundred checks, beside the least that the same
// questions can cost, and beside serverspec and testinfra where they are
// installed. It prints a table and fails on no time.
//
//	go test -run '^$' -bench . ./spec/benchmark
//	go test -run '^$' -bench . ./spec/benchmark -args -runs 15 -far
//
// The floor of this machine is one sh with one script of all questions, grouped.
// That of SSH is one connection of golang.org/x/crypto/ssh, one session with that
// script, and one session after the other for the commands. Lines of a table take
// turns, so that what else the machine does hits all of them alike, and a ratio
// is the median of the ratios of runs that followed each other.
package benchmark
