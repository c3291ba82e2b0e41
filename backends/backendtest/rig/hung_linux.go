package rig

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// HungFolder returns a directory whose file system never answers, like one whose
// server is dead: looking for any name in it hangs until the end of the test. It is a
// file system in user space (fuse(4)) of which nobody reads the questions.
func HungFolder(tb testing.TB) string {
	tb.Helper()
	needRoot(tb, "mounting a file system")
	dir := openDir(tb)
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		Skip(tb, "fuse", fmt.Sprintf("no file system in user space can be made here: %v", err))
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device.Fd())
	if err := unix.Mount("hung", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		_ = device.Close()
		Skip(tb, "fuse", fmt.Sprintf("no file system in user space can be mounted here: %v", err))
	}
	tb.Cleanup(func() {
		_ = device.Close() // ends what waits for an answer
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			tb.Errorf("rig: unmount %s: %v", dir, err)
		}
	})
	return dir
}
