//go:build !linux

package rig

import "syscall"

func diesWithUs() *syscall.SysProcAttr { return nil }
