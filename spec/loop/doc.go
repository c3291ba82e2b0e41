// Package loop is the loop of test-driven infrastructure: specs are red, the
// user's own tool converges, specs are green, and converging once more changes
// nothing.
package loop
