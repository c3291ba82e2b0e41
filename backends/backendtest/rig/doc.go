// Package rig starts the real things that specs are run against in tests: an
// OpenSSH server of our own with accounts of our own, a network that is slow or
// goes dead, and whole machines.
//
// It is for tests alone. It needs root where it makes accounts, fails with a
// clear message where something is missing, and takes away at the end of the
// test what it made.
//
//	s := rig.StartSSHD(t)
//	a := rig.NewAccount(t, rig.LoginShell("/usr/bin/fish"))
//	b, err := backends.Open(ctx, s.URI(a.Name))
package rig
