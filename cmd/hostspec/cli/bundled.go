package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
)

// bundleLine is the grammar of a built program's command line.
type bundleLine struct {
	Version bool       `help:"Print which specs these are, and of which version hostspec is."`
	Run     runCommand `embed:""`
}

// runBundle is the whole of a built program: `hostspec run` with the specs that
// it holds. It returns the exit code.
func runBundle(name string, args []string, c *console) int {
	name = filepath.Base(name)
	b, err := openBundle()
	if err != nil {
		return tell(err, c.stderr)
	}
	defer b.zip.Close() // only read from
	args, extra := cutExtra(args)
	line := bundleLine{}
	line.Run.extra = extra
	parser, err := kong.New(&line,
		kong.Name(name),
		kong.Description(fmt.Sprintf("Runs the specs of %s, without Go and without an agent.\n\n%s", b, exitCodes)),
		kong.Writers(c.stdout, c.stderr),
		formatNames(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return tell(err, c.stderr)
	}
	// Which packages is settled.
	parser.Model.Positional = nil
	if _, err := parser.Parse(args); err != nil {
		fmt.Fprintf(c.stderr, "%s: %v\nits specs are those of %s, fixed when it was built; run `%[1]s --help` to see what there is\n", name, err, b)
		return exitUsage
	}
	if line.Version {
		_, err := fmt.Fprintf(c.stdout, "%s: specs of %s\nhostspec %s\n", name, b, readBuild().version)
		return tell(err, c.stderr)
	}
	return tell(line.Run.run(c, b), c.stderr)
}

// String names the packages.
func (b *bundle) String() string {
	var names []string
	for _, p := range b.index {
		names = append(names, p.Path)
	}
	return strings.Join(names, ", ")
}
