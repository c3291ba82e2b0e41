package backends

import "io/fs"

// UnixMode makes FileInfo.Mode, which is st_mode of inode(7), of Go's mode.
func UnixMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	for _, bit := range []struct {
		from fs.FileMode
		to   uint32
	}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}} {
		if m&bit.from != 0 {
			mode |= bit.to
		}
	}
	switch m.Type() {
	case 0:
		return mode | 0o100000
	case fs.ModeDir:
		return mode | 0o040000
	case fs.ModeSymlink:
		return mode | 0o120000
	case fs.ModeNamedPipe:
		return mode | 0o010000
	case fs.ModeSocket:
		return mode | 0o140000
	case fs.ModeDevice:
		return mode | 0o060000
	case fs.ModeDevice | fs.ModeCharDevice:
		return mode | 0o020000
	}
	return mode
}
