package spec_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const module = "github.com/hostspec/hostspec/"

// A goPackage is what `go list` says about one.
type goPackage struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
}

func goList(t *testing.T, patterns ...string) []goPackage {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports"}, patterns...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// allowed says which packages of ours each may import, and why no others.
var allowed = []struct {
	pkg, reason string
	may         []string
}{
	{"backends", "it is the contract that everything else stands on", nil},
	{"backends/local", "a backend knows no specs", []string{"backends"}},
	{"backends/remote", "backends share it, and it knows none of them", []string{"backends"}},
	{"backends/internal/quickack", "it sets an option of connections", nil},
	{"backends/ssh", "a backend knows no specs", []string{"backends", "backends/remote", "backends/internal/quickack"}},
	{"backends/sandbox", "it is the contract of what the loop converges", nil},
	{"backends/docker", "a backend knows no specs, and says which container was meant as all do that say such a thing", []string{"backends", "backends/sandbox", "backends/remote", "spec/near"}},
	{"backends/command", "a backend knows no specs", []string{"backends", "backends/remote"}},
	{"backends/standard", "it lists the backends that are built in", []string{"backends/command", "backends/docker", "backends/local", "backends/ssh"}},
	{"backends/backendtest", "other people's backends are tested with it", []string{"backends"}},
	{"backends/backendtest/rig", "it starts the real things, and knows nothing of what is tested", []string{"backends", "backends/internal/quickack"}},
	{"spec/internal/stack", "a leaf: what rests on names within Ginkgo and Gomega", nil},
	{"spec/evidence", "a leaf, shared by target, matchers and reports", []string{"spec/internal/stack"}},
	{"spec/excerpt", "a leaf, which shows parts of texts and asks nothing", []string{"spec/evidence"}},
	{"spec/wording", "it puts other people's matchers into words, and knows no resources", []string{"spec/evidence"}},
	{"spec/entry", "a leaf, filled in by authors", nil},
	{"spec/fact", "parsers do no I/O and know nobody", nil},
	{"spec/near", "a leaf, for whoever has to say what a name was meant to be", nil},
	{"spec/environ", "the glue and the command line read the same variables", []string{"spec/near", "spec/wire"}},
	{"spec/wire", "what the command and the test binaries agree upon", []string{"spec/report"}},
	{"spec/password", "the glue and the command line take the password from it", []string{"spec/wire"}},
	{"spec/target", "it asks, and does not know for which resource", []string{"backends", "spec/evidence", "spec/fact"}},
	{"spec/catalogue", "it lists kinds, and knows none of them", []string{"spec/evidence", "spec/target"}},
	{"spec/resource", "a resource knows no Ginkgo", []string{"backends", "spec/catalogue", "spec/evidence", "spec/excerpt", "spec/entry", "spec/fact", "spec/internal/stack", "spec/near", "spec/target"}},
	{"spec/resource/resourcetest", "tests of resources and matchers, other people's too, are made with it", []string{"backends", "spec/resource", "spec/target"}},
	{"spec/snapshot", "it asks by way of a target; resources only add their kinds to the catalogue", []string{"backends", "spec/catalogue", "spec/evidence", "spec/fact", "spec/resource", "spec/target"}},
	{"spec/report", "a report shows what it is given", []string{"spec/evidence"}},
	{"spec/loop", "it knows no Ginkgo and no command line: how specs are run is handed in", []string{"backends", "backends/sandbox", "spec/catalogue", "spec/evidence", "spec/fact", "spec/near", "spec/report", "spec/snapshot", "spec/target"}},
	{"spec", "the glue", []string{"backends", "backends/standard", "spec/internal/stack", "spec/environ", "spec/evidence", "spec/wording", "spec/entry", "spec/fact", "spec/near", "spec/target", "spec/password", "spec/resource", "spec/report", "spec/wire"}},
	{"matchers/match", "a matcher serves whatever has the method it asks", []string{"spec/evidence", "spec/excerpt", "spec/wording"}},
	{"matchers", "they are made of nothing that other people's cannot be made of", []string{"matchers/match", "spec/wording", "spec/entry"}},
}

func TestLayout_ImportsGoOneWay(t *testing.T) {
	known := map[string][]string{}
	reasons := map[string]string{}
	for _, a := range allowed {
		known[a.pkg], reasons[a.pkg] = a.may, a.reason
	}
	for _, p := range goList(t, module+"...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(name, "cmd/") || strings.HasPrefix(name, "examples/") || strings.Contains(name, "benchmark") {
			continue
		}
		may, ok := known[name]
		if !ok {
			t.Errorf("%s: this package has no place in the layout", name)
		}
		for _, imported := range p.Imports {
			if ours, is := strings.CutPrefix(imported, module); is {
				if !contains(may, ours) {
					t.Errorf("%s imports %s, and must not: %s", name, ours, reasons[name])
				}
			}
			if strings.HasPrefix(imported, "github.com/onsi/ginkgo") && name != "spec" {
				t.Errorf("%s imports Ginkgo, and only spec and cmd may", name)
			}
			if strings.HasPrefix(imported, "github.com/docker/docker/client") && name != "backends/docker" && name != "spec/inventory" {
				t.Errorf("%s imports the Docker client, and only backends/docker and spec/inventory may reach it", name)
			}
			if imported == "testing" && name != "backends/backendtest/rig" {
				t.Errorf("%s imports testing outside its tests", name)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// TestLayout_NoNamesClash checks that the four packages that authors import with
// a dot have no exported name in common.
func TestLayout_NoNamesClash(t *testing.T) {
	g := NewWithT(t)
	owner := map[string]string{}
	for _, p := range goList(t, "github.com/onsi/ginkgo/v2", "github.com/onsi/gomega", module+"spec", module+"matchers") {
		for name := range exportedNames(t, p) {
			g.Expect(owner[name]).To(BeEmpty(), "%s is a name of %s, too", name, p.ImportPath)
			owner[name] = p.ImportPath
		}
	}
	g.Expect(owner).To(HaveKeyWithValue("BeInstalled", module+"matchers"))
	g.Expect(owner).To(HaveKeyWithValue("Describe", "github.com/onsi/ginkgo/v2"))
}

// TestLayout_MatcherStructsAreUnexported keeps what a dot imports small.
func TestLayout_MatcherStructsAreUnexported(t *testing.T) {
	for _, p := range goList(t, module+"matchers", module+"spec") {
		for name, kind := range exportedNames(t, p) {
			if kind != "func" {
				t.Errorf("%s: %s %s is exported to everybody who imports it with a dot", path.Base(p.ImportPath), kind, name)
			}
		}
	}
}

func exportedNames(t *testing.T, p goPackage) map[string]string {
	t.Helper()
	names := map[string]string{}
	for _, file := range p.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), path.Join(p.Dir, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					names[d.Name.Name] = "func"
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() {
							names[s.Name.Name] = "type"
						}
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() {
								names[n.Name] = "var"
							}
						}
					}
				}
			}
		}
	}
	return names
}
