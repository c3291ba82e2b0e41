package target

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

// inits tells init systems apart, the first that fits counts: by a file that the
// init system makes when it takes over, by the name of PID 1 in /proc/1/comm, or by
// both. A trailing slash wants a directory. What runs below PID 1 is not looked
// for: a process called nginx is not a service.
var inits = []struct{ name, pid1, file string }{
	{name: "systemd", file: "/run/systemd/system/"},        // sd_booted(3)
	{name: "openrc", file: "/run/openrc/softlevel"},        // whatever PID 1 is: openrc-init, sysvinit's or busybox's init
	{name: "runit", pid1: "runit"},                         // runit(8), which runit-init(8) becomes
	{name: "runit", pid1: "runsvdir"},                      // in containers
	{name: "s6", pid1: "s6-svscan"},                        // as s6-linux-init and s6-overlay leave it
	{name: "supervisor", pid1: "supervisord"},              // in containers
	{name: "sysvinit", pid1: "init", file: "/run/initctl"}, // init(8); busybox's and upstart's make none
	{name: "sysvinit", pid1: "init", file: "/dev/initctl"}, // before 2.89
}

// initFiles are the files that inits knows.
var initFiles = func() (files []string) {
	for _, i := range inits {
		if i.file != "" {
			files = append(files, i.file)
		}
	}
	return files
}()

// askInit prints PID 1's name, and on the next line which of initFiles there are.
// It stands in the greeting, which csh may have to read: no quotes but double ones.
var askInit = `VARp=; read -r VARp 2>/dev/null </proc/1/comm; echo "$VARp"; ` +
	`VARp=; for VARf in ` + strings.Join(initFiles, " ") + `; do if [ -e $VARf ]; then VARp="$VARp $VARf"; fi; done; echo "$VARp"; `

// initOf is the init system of a machine with such a PID 1 and these of initFiles;
// empty where it is none that is known.
func initOf(pid1 string, files []string) string {
	for _, i := range inits {
		if (i.pid1 == "" || i.pid1 == pid1) && (i.file == "" || slices.Contains(files, i.file)) {
			return i.name
		}
	}
	return ""
}

// existing are those of initFiles that there are.
func existing(ctx context.Context, r backends.FileReader) ([]string, error) {
	var out []string
	for _, file := range initFiles {
		info, err := r.Stat(ctx, strings.TrimSuffix(file, "/"), true)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		}
		const format, directory = 0o170000, 0o040000 // inode(7)
		if !strings.HasSuffix(file, "/") || info.Mode&format == directory {
			out = append(out, file)
		}
	}
	return out, nil
}
