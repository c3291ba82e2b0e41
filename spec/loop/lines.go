package loop

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/snapshot"
)

// specFor writes the spec that would look at a change: lines that hold on the target
// as it is now.
func specFor(c Change, now *snapshot.Snapshot) string {
	if c.item.Change == snapshot.Removed {
		return removedSpec(c)
	}
	attrs := c.item.After
	if f, ok := now.Fact(c.item.Kind, c.item.Name); ok {
		attrs = f.Attrs()
	}
	get := func(key string) string { v, _ := attrs.Get(key); return v }
	switch c.Kind {
	case snapshot.KindPackage:
		return fmt.Sprintf("Package(%q).Should(BeInstalled())", c.Name)
	case snapshot.KindService:
		return serviceSpec(c.Name, get)
	case snapshot.KindUser:
		return userSpec(c.Name, get)
	case snapshot.KindPassword:
		if get("state") == "locked" {
			return fmt.Sprintf("User(%q).Should(BeLocked())", c.Name)
		}
		return fmt.Sprintf("User(%q).ShouldNot(BeLocked())", c.Name)
	case snapshot.KindGroup:
		return fmt.Sprintf("Group(%q).Should(Exist(), HaveGID(%s))", c.Name, get("gid"))
	case snapshot.KindPort:
		protocol, address, port := splitPort(c.Name)
		return fmt.Sprintf("Port(%s).Should(BeListening().WithProtocol(%q).OnAddress(%q))", port, protocol, address)
	case snapshot.KindMount:
		return fmt.Sprintf("File(%q).Should(BeMounted())", c.Name)
	case snapshot.KindParameter:
		return fmt.Sprintf("Command(%q).ReadOnly().Should(HaveStdout(%q))", parameterCommand(c.Name), get("value")+"\n")
	}
	return fileSpec(c.Name, get, now)
}

func removedSpec(c Change) string {
	switch c.Kind {
	case snapshot.KindPackage:
		return fmt.Sprintf("Package(%q).ShouldNot(BeInstalled())", c.Name)
	case snapshot.KindService:
		return fmt.Sprintf("Service(%q).ShouldNot(BeInstalled())", strings.TrimSuffix(c.Name, ".service"))
	case snapshot.KindUser, snapshot.KindPassword:
		return fmt.Sprintf("User(%q).ShouldNot(Exist())", c.Name)
	case snapshot.KindGroup:
		return fmt.Sprintf("Group(%q).ShouldNot(Exist())", c.Name)
	case snapshot.KindPort:
		protocol, address, port := splitPort(c.Name)
		return fmt.Sprintf("Port(%s).ShouldNot(BeListening().WithProtocol(%q).OnAddress(%q))", port, protocol, address)
	case snapshot.KindMount:
		return fmt.Sprintf("File(%q).ShouldNot(BeMounted())", c.Name)
	case snapshot.KindParameter:
		return fmt.Sprintf("File(%q).ShouldNot(Exist())", parameterFile(c.Name))
	}
	return fmt.Sprintf("File(%q).ShouldNot(Exist())", path.Clean(c.Name))
}

// serviceSpec says of a unit what a person would, in one line or two. That a unit was
// generated says little: whether it is enabled then depends on what wants it.
func serviceSpec(name string, get func(string) string) string {
	var positive, negative []string
	switch enabled := get("enabled"); {
	case enabled == "enabled" || enabled == "enabled-runtime":
		positive = append(positive, "BeEnabled()")
	case strings.HasPrefix(enabled, "masked"):
		positive = append(positive, "BeMasked()")
	case enabled == "disabled":
		negative = append(negative, "BeEnabled()")
	}
	switch get("active") {
	case "active":
		positive = append(positive, "BeRunning()")
	case "inactive", "failed":
		negative = append(negative, "BeRunning()")
	}
	subject := fmt.Sprintf("Service(%q)", strings.TrimSuffix(name, ".service"))
	var out []string
	if positive != nil {
		out = append(out, subject+".Should("+strings.Join(positive, ", ")+")")
	}
	if negative != nil {
		out = append(out, subject+".ShouldNot("+strings.Join(negative, ", ")+")")
	}
	if out == nil {
		out = []string{subject + ".Should(BeInstalled())"}
	}
	return strings.Join(out, "\n")
}

func userSpec(name string, get func(string) string) string {
	matchers := []string{"Exist()"}
	if uid := get("uid"); uid != "" {
		matchers = append(matchers, "HaveUID("+uid+")")
	}
	if gid := get("gid"); gid != "" {
		matchers = append(matchers, "HaveGID("+gid+")")
	}
	if home := get("home"); home != "" {
		matchers = append(matchers, fmt.Sprintf("HaveHomeDirectory(%q)", home))
	}
	if shell := get("shell"); shell != "" {
		matchers = append(matchers, fmt.Sprintf("HaveLoginShell(%q)", shell))
	}
	if groups := get("groups"); groups != "" {
		for group := range strings.SplitSeq(groups, ",") {
			matchers = append(matchers, fmt.Sprintf("BelongToGroup(%q)", group))
		}
	}
	return fmt.Sprintf("User(%q).Should(%s)", name, strings.Join(matchers, ", "))
}

// fileTypes are the matchers for the types of snapshot's files.
var fileTypes = map[string]string{
	"file": "BeFile()", "directory": "BeDirectory()", "socket": "BeSocket()", "pipe": "BePipe()",
	"block device": "BeBlockDevice()", "character device": "BeCharacterDevice()",
}

func fileSpec(name string, get func(string) string, now *snapshot.Snapshot) string {
	name = path.Clean(name)
	if get("type") == "link" {
		return fmt.Sprintf("File(%q).Should(BeSymlink(), BeLinkedTo(%q))", name, get("link"))
	}
	matchers := []string{"Exist()"}
	if m, ok := fileTypes[get("type")]; ok {
		matchers[0] = m
	}
	if mode, err := strconv.ParseUint(get("mode"), 8, 32); err == nil {
		matchers = append(matchers, fmt.Sprintf("HaveMode(0o%o)", mode))
	}
	if uid := get("uid"); uid != "" {
		matchers = append(matchers, "BeOwnedBy("+nameOf(now, snapshot.KindUser, "uid", uid)+")")
	}
	if gid := get("gid"); gid != "" {
		matchers = append(matchers, "BeGroupedInto("+nameOf(now, snapshot.KindGroup, "gid", gid)+")")
	}
	// crontab(1) notes in a user's table when it was installed.
	if sum := get("sha256"); sum != "" && get("type") == "file" && !strings.HasPrefix(name, "/var/spool/cron/") {
		matchers = append(matchers, fmt.Sprintf("HaveSHA256(%q)", sum))
	}
	return fmt.Sprintf("File(%q).Should(%s)", name, strings.Join(matchers, ", "))
}

// nameOf is the account with a number, as an author would write it.
func nameOf(s *snapshot.Snapshot, kind, key, number string) string {
	facts := s.Facts(kind)
	i := slices.IndexFunc(facts, func(f snapshot.Fact) bool { n, ok := f.Attrs().Get(key); return ok && n == number })
	if i < 0 {
		return number
	}
	return strconv.Quote(facts[i].Name)
}

// parameterFile is where the kernel shows a parameter. A dot within a name, such as
// that of a network interface, is written as a slash, as sysctl(8) does.
func parameterFile(name string) string {
	return "/proc/sys/" + strings.NewReplacer(".", "/", "/", ".").Replace(name)
}

// parameterCommand prints a parameter with blanks between numbers, which the kernel
// parts by tabs.
func parameterCommand(name string) string {
	return `tr '\t' ' ' <` + parameterFile(name)
}
