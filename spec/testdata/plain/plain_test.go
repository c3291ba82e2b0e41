// Package plain_test has a test without specs, whose result go test caches.
package plain_test

import "testing"

func TestPlain(*testing.T) {}
