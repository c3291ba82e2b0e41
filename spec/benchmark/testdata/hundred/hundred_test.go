package hundred_test

import (
	_ "embed"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

//go:embed hundred.json
var list []byte

func TestHundred(t *testing.T) { Run(t, "a hundred checks") }

var _ = Describe("a machine", func() {
	var has struct {
		Packages, Regular, Directories, Mode0644, Root, Users, Groups, Processes, Commands []string
	}
	if err := json.Unmarshal(list, &has); err != nil {
		panic(err)
	}
	for _, name := range has.Packages {
		Package(name).Should(BeInstalled())
	}
	for _, path := range has.Regular {
		File(path).Should(BeFile())
	}
	for _, path := range has.Directories {
		File(path).Should(BeDirectory())
	}
	for _, path := range has.Mode0644 {
		File(path).Should(HaveMode(0o644))
	}
	for _, path := range has.Root {
		File(path).Should(BeOwnedBy("root"))
	}
	for _, word := range strings.Fields(os.Getenv("HUNDRED_PORTS")) {
		number, err := strconv.Atoi(word)
		if err != nil {
			panic(err)
		}
		Port(number).Should(BeListening())
	}
	for _, name := range has.Users {
		User(name).Should(Exist())
	}
	for _, name := range has.Groups {
		Group(name).Should(Exist())
	}
	for _, name := range has.Processes {
		Process(name).Should(BeRunning())
	}
	Describe("in use", Label("commands"), func() {
		for _, script := range has.Commands {
			Command(script).ReadOnly().Should(ExitWith(0))
		}
	})
})
