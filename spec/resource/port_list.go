package resource

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/spec/catalogue"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// The sockets that are listened on, by the names of fact.Listener: "tcp 0.0.0.0:80".
var _ = catalogue.Add(&catalogue.Kind{
	Name: "port", Rank: 60,
	All:      &catalogue.Listing{Name: "ports", Script: listPorts, Read: readPorts},
	Resource: "Port",
	About:    func(name string) string { _, _, port := splitListener(name); return port },
	Spec: func(f catalogue.Fact, _ catalogue.Facts) string {
		protocol, address, port := splitListener(f.Name)
		return fmt.Sprintf("Port(%s).Should(BeListening().WithProtocol(%q).OnAddress(%q))", port, protocol, address)
	},
	Absent: func(name string) string {
		protocol, address, port := splitListener(name)
		return fmt.Sprintf("Port(%s).ShouldNot(BeListening().WithProtocol(%q).OnAddress(%q))", port, protocol, address)
	},
})

// listPorts reads the kernel's tables. Where IPv6 is off, two of them are not there.
func listPorts(mark string) string {
	return fmt.Sprintf(`for t in %[2]s; do echo "%[1]s $t"
if [ $t = tcp ] || [ -e /proc/net/$t ]; then cat /proc/net/$t || exit; fi; done`, mark, strings.Join(protocols, " "))
}

func readPorts(sys target.System, o target.Output, tables map[string]string) ([]catalogue.Fact, error) {
	if !o.Status.Success() {
		return nil, errors.New(firstWords(o))
	}
	var out []catalogue.Fact
	for _, protocol := range protocols {
		if tables[protocol] == "" && protocol != "tcp" {
			continue
		}
		sockets, err := fact.ParseProcNet([]byte(tables[protocol]), protocol, fact.ByteOrder(sys.Machine))
		if err != nil {
			return nil, err
		}
		for _, s := range sockets {
			name := fact.Listener{Protocol: protocol, Address: s.Address.String(), Port: s.Port}.String()
			out = append(out, catalogue.New("port", name))
		}
	}
	return out, nil
}

// splitListener takes the name of a listed socket apart.
func splitListener(name string) (protocol, address, port string) {
	protocol, rest, _ := strings.Cut(name, " ")
	i := strings.LastIndexByte(rest, ':')
	if i < 0 {
		return protocol, "", rest
	}
	return protocol, strings.Trim(rest[:i], "[]"), rest[i+1:]
}
