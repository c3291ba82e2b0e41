package resource

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// The kernel's parameters that root can set, but for keys, and for what changes by being
// looked at. What the kernel itself cannot tell has an error for a value.
var _ = catalogue.Add(&catalogue.Kind{
	Name: "parameter", Rank: 90, Bare: []string{"value"},
	All: &catalogue.Listing{Name: "parameters", Script: func(string) string { return parameterScript }, Read: readParameters},
	Noise: []catalogue.Noise{
		{Name: "kernel.hostname", Why: "given by the container engine", Container: true},
		{Name: "kernel.ns_last_pid", Why: "the last process that was started"},
		{Name: "kernel.perf_event_max_sample_rate", Why: "lowered by the kernel itself under load"},
		{Name: "net.*.*.veth*.*", Why: "interfaces of containers, which come and go"},
		{Name: "net.ipv4.tcp_fastopen_key", Why: "a key"},
		{Name: "net.ipv6.conf.*.stable_secret", Why: "a key"},
		{Name: "vm.stat_refresh", Why: "reading it makes the kernel work"},
	},
	Resource: "Command",
	About:    parameterCommand,
	Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
		return fmt.Sprintf("Command(%q).ReadOnly().Should(HaveStdout(%q))", parameterCommand(f.Name), f.Attrs().Value("value")+"\n")
	},
	Absent: func(name string) string { return fmt.Sprintf("File(%q).ShouldNot(Exist())", parameterFile(name)) },
})

const parameterScript = `if ! [ -d /proc/sys ]; then echo none; exit 0; fi
find /proc/sys -type f -perm -600 ! -name ns_last_pid ! -name tcp_fastopen_key ! -name stable_secret ! -name stat_refresh -print0 | xargs -0 -r grep -H ''
exit 0`

func readParameters(_ target.System, o target.Output, _ map[string]string) ([]catalogue.Fact, error) {
	if string(o.Stdout) == "none\n" {
		return []catalogue.Fact{catalogue.None("parameter", "there is no /proc/sys")}, nil
	}
	values, err := fact.ParseParameters(string(o.Stdout))
	if err != nil {
		return nil, err
	}
	reasons, other := fact.ParseComplaints(o.Stderr)
	if len(values) == 0 || len(other) > 0 {
		return nil, errors.New(firstWords(o))
	}
	var out []catalogue.Fact
	for name, value := range values {
		// Numbers stand in columns there.
		out = append(out, catalogue.New("parameter", name, "value", strings.ReplaceAll(value, "\t", " ")))
	}
	for path, reason := range reasons {
		name, ok := fact.ParameterName(path)
		switch {
		case !ok || reason == "No such file or directory":
		case isRefusal(reason):
			out = append(out, catalogue.New("parameter", name).Unknown("value", reason))
		default:
			out = append(out, catalogue.New("parameter", name, "error", reason))
		}
	}
	return out, nil
}

// isRefusal reports whether somebody with more rights would have been answered.
func isRefusal(reason string) bool {
	return reason == "Permission denied" || reason == "Operation not permitted"
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
