package loop

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/snapshot"
)

// specFor writes the spec that would look at a change: a line that holds on the target
// as it is now.
func specFor(c Change, now *snapshot.Snapshot) string {
	if c.item.Change == snapshot.Removed {
		return removedSpec(c)
	}
	f, ok := now.Fact(c.item.Kind, c.item.Name)
	attrs := c.item.After
	if ok {
		attrs = f.Attrs()
	}
	get := func(key string) string { v, _ := attrs.Get(key); return v }
	switch c.Kind {
	case snapshot.KindPackage:
		return fmt.Sprintf("Package(%q).Should(BeInstalled())", c.Name)
	case snapshot.KindService:
		return serviceSpec(c.Name, get)
	case snapshot.KindUser:
		return fmt.Sprintf("User(%q).Should(Exist(), HaveUID(%s), HaveHomeDirectory(%q), HaveLoginShell(%q))", c.Name, get("uid"), get("home"), get("shell"))
	case snapshot.KindPassword:
		if get("state") == "locked" {
			return fmt.Sprintf("User(%q).Should(BeLocked())", c.Name)
		}
		return fmt.Sprintf("User(%q).ShouldNot(BeLocked())", c.Name)
	case snapshot.KindGroup:
		return fmt.Sprintf("Group(%q).Should(Exist(), HaveGID(%s))", c.Name, get("gid"))
	case snapshot.KindPort:
		protocol, address, port := splitPort(c.Name)
		if address == "*" {
			address = "::"
		}
		return fmt.Sprintf("Port(%s).Should(BeListening().WithProtocol(%q).OnAddress(%q))", port, protocol, address)
	case snapshot.KindMount:
		return fmt.Sprintf("File(%q).Should(BeMounted())", c.Name)
	case snapshot.KindParameter:
		return fmt.Sprintf("Command(%q).ReadOnly().Should(HaveStdout(%q))", parameterCommand(c.Name), get("value"))
	}
	return fileSpec(c.Name, get, now)
}

func removedSpec(c Change) string {
	switch c.Kind {
	case snapshot.KindPackage:
		return fmt.Sprintf("Package(%q).ShouldNot(BeInstalled())", c.Name)
	case snapshot.KindService:
		return fmt.Sprintf("Service(%q).ShouldNot(BeInstalled())", strings.TrimSuffix(c.Name, ".service"))
	case snapshot.KindUser:
		return fmt.Sprintf("User(%q).ShouldNot(Exist())", c.Name)
	case snapshot.KindGroup:
		return fmt.Sprintf("Group(%q).ShouldNot(Exist())", c.Name)
	case snapshot.KindPort:
		protocol, _, port := splitPort(c.Name)
		return fmt.Sprintf("Port(%s).ShouldNot(BeListening().WithProtocol(%q))", port, protocol)
	case snapshot.KindMount:
		return fmt.Sprintf("File(%q).ShouldNot(BeMounted())", c.Name)
	}
	return fmt.Sprintf("File(%q).ShouldNot(Exist())", c.Name)
}

func serviceSpec(name string, get func(string) string) string {
	var positive, negative []string
	put := func(holds bool, matcher string) {
		if holds {
			positive = append(positive, matcher)
		} else {
			negative = append(negative, matcher)
		}
	}
	enabled := get("enabled")
	put(enabled == "enabled" || enabled == "enabled-runtime" || enabled == "static" || enabled == "alias" || enabled == "indirect" || enabled == "generated", "BeEnabled()")
	put(get("active") == "active", "BeRunning()")
	subject := fmt.Sprintf("Service(%q)", strings.TrimSuffix(name, ".service"))
	var out []string
	if positive != nil {
		out = append(out, subject+".Should("+strings.Join(positive, ", ")+")")
	}
	if negative != nil {
		out = append(out, subject+".ShouldNot("+strings.Join(negative, ", ")+")")
	}
	return strings.Join(out, "; ")
}

var fileTypes = map[string]string{
	"file": "BeFile()", "directory": "BeDirectory()", "socket": "BeSocket()", "pipe": "BePipe()",
	"block": "BeBlockDevice()", "character": "BeCharacterDevice()",
}

func fileSpec(name string, get func(string) string, now *snapshot.Snapshot) string {
	if get("type") == "link" {
		return fmt.Sprintf("File(%q).Should(BeSymlink(), BeLinkedTo(%q))", name, get("link"))
	}
	var matchers []string
	if m, ok := fileTypes[get("type")]; ok {
		matchers = append(matchers, m)
	} else {
		matchers = append(matchers, "Exist()")
	}
	if mode, err := strconv.ParseUint(get("mode"), 8, 32); err == nil {
		matchers = append(matchers, fmt.Sprintf("HaveMode(0o%o)", mode))
	}
	if uid := get("uid"); uid != "" {
		matchers = append(matchers, "BeOwnedBy("+nameOf(now, snapshot.KindUser, "uid", uid)+")")
	}
	if sum := get("sha256"); sum != "" && get("type") == "file" {
		matchers = append(matchers, fmt.Sprintf("HaveSHA256(%q)", sum))
	}
	return fmt.Sprintf("File(%q).Should(%s)", path.Clean(name), strings.Join(matchers, ", "))
}

// nameOf is the account with a number, as an author would write it.
func nameOf(s *snapshot.Snapshot, kind, key, number string) string {
	for _, f := range s.Facts(kind) {
		if n, ok := f.Attrs().Get(key); ok && n == number {
			return strconv.Quote(f.Name)
		}
	}
	return number
}
