package fact

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Converge is how a run of a configuration tool went, by its exit code and by what
// it says itself.
type Converge struct {
	// Tool is "puppet", "itamae", "ansible", "cfengine" or "chef"; empty where it is
	// none of them.
	Tool string
	// Failure says why the run failed, in the tool's own words, or by the last line
	// that was printed; empty where it did not.
	Failure string
	// Changed is how many things the tool says that it has changed, and Unknown
	// where it does not say.
	Changed int
}

// Unknown is the Changed of a tool that does not say what it has changed.
const Unknown = -1

// ReadConverge judges a run of a command by its exit code, and by its output (both
// streams, in whatever order they came) where the tool is one of the known. accept
// are the exit codes that are good; where there are none, they are 0 and what the
// tool uses to say that it has changed something:
//
//	puppet apply --detailed-exitcodes   0 nothing changed, 2 changed, 4 failed, 6 both
//	itamae local --detailed-exitcode    0 nothing changed, 2 changed or failed
//	ansible-playbook                    the PLAY RECAP counts changed and failed
//	cf-agent                            always 0; lines with "error:" and "info:"
//	chef-client, cinc-client            0; the last line counts what was updated
func ReadConverge(command string, code int, accept []int, output []byte) Converge {
	text := ansiEscape().ReplaceAll(output, nil)
	c := Converge{Tool: convergeTool(command, text), Changed: Unknown}
	good := accept
	if len(good) == 0 {
		good = []int{0}
		if detailed(command) && (c.Tool == "puppet" || c.Tool == "itamae") {
			good = []int{0, 2}
		}
	}
	var said convergeWords
	switch c.Tool {
	case "puppet":
		said = readPuppet(code, detailed(command), text)
	case "itamae":
		said = readItamae(text)
	case "ansible":
		said = readAnsible(text)
	case "cfengine":
		said = readCFEngine(text)
	case "chef":
		said = readChef(text)
	default:
		said.changed = Unknown
	}
	c.Changed = said.changed
	if said.error == "" {
		said.error = lastLine(text)
	}
	switch {
	case !slices.Contains(good, code) && said.error != "":
		c.Failure = fmt.Sprintf("exit %d: %s", code, said.error)
	case !slices.Contains(good, code):
		c.Failure = fmt.Sprintf("exit %d", code)
	case said.failed:
		c.Failure = fmt.Sprintf("%s (with exit %d)", said.error, code)
	}
	return c
}

// convergeWords are what a tool says itself.
type convergeWords struct {
	// error is the first complaint, and failed says that it means a failure
	// whatever the exit code is.
	error   string
	failed  bool
	changed int
}

// ansiEscape is colour (ECMA-48, Select Graphic Rendition).
var ansiEscape = pattern("\x1b\\[[0-9;]*m")

var convergePrograms = map[string]string{
	"puppet": "puppet", "itamae": "itamae", "ansible-playbook": "ansible", "ansible": "ansible", "cf-agent": "cfengine",
	"chef-client": "chef", "chef-solo": "chef", "cinc-client": "chef", "cinc-solo": "chef",
}

// convergeTool finds the tool among the words of the command, or by what only it
// prints when the command is a script.
func convergeTool(command string, output []byte) string {
	for _, word := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(" \t\n;&|()", r) }) {
		if tool, ok := convergePrograms[path.Base(word)]; ok {
			return tool
		}
	}
	switch {
	case bytes.Contains(output, []byte("\nPLAY RECAP *")):
		return "ansible"
	case puppetEnd().Match(output):
		return "puppet"
	case itamaeStart().Match(output):
		return "itamae"
	}
	return ""
}

var (
	puppetEnd    = pattern(`(?m)^Notice: Applied catalog in [0-9.]+ seconds`)
	puppetError  = pattern(`(?m)^Error: (.*)`)
	itamaeStart  = pattern(`(?m)^ *INFO : Starting Itamae\.\.\.`)
	itamaeError  = pattern(`(?m)^ *ERROR : *(.*)`)
	ansibleRecap = pattern(`(?m)^(\S+) +: (ok=\d+ +changed=\d+.*)$`)
	ansibleCount = pattern(`(\w+)=(\d+)`)
	ansibleFatal = pattern(`(?m)^(?:fatal|failed): (.*)`)
	cfError      = pattern(`(?m)^\s*error: (.*)`)
	cfChange     = pattern(`(?m)^\s*info: .*(?:Created|Edited|repaired|changed it to|Executing|Updated|Deleted|Copied|Changed|Installed)`)
	chefEnd      = pattern(`(?m)^(?:Chef|Cinc)[^\n]*(?:Run complete|finished|failed)[^\n]*?(\d+)/\d+ resources updated`)
	chefFatal    = pattern(`(?m)(?:FATAL|ERROR): (.*)`)
)

// detailed reports whether a tool was asked to tell by its exit code whether it has
// changed something.
func detailed(command string) bool { return strings.Contains(command, "--detailed-exitcode") }

// firstMatch is the first submatch of a pattern, shortened.
func firstMatch(re *regexp.Regexp, text []byte) string {
	m := re.FindSubmatch(text)
	if m == nil {
		return ""
	}
	return shortened(m[1])
}

// lastLine is the last line that is not empty: the words of what failed, where they
// are not known to stand anywhere else.
func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	return shortened(text[bytes.LastIndexByte(text, '\n')+1:])
}

func shortened(text []byte) string {
	words := strings.TrimSpace(string(text))
	if r := []rune(words); len(r) > 200 {
		words = string(r[:200]) + "..."
	}
	return words
}

// readPuppet takes errors for an explanation only: some are logged and forgiven, and
// the exit code tells.
func readPuppet(code int, detailed bool, text []byte) convergeWords {
	said := convergeWords{error: firstMatch(puppetError(), text), changed: Unknown}
	if detailed && code == 0 {
		said.changed = 0
	}
	return said
}

func readItamae(text []byte) convergeWords {
	said := convergeWords{changed: Unknown, failed: itamaeError().Match(text), error: itamaeWords(text)}
	if said.failed && said.error == "" {
		said.error = "it logged an ERROR"
	}
	return said
}

// itamaeWords is the first error. Of a command that failed Itamae logs all that it
// printed, stdout before stderr.
func itamaeWords(text []byte) string {
	for _, m := range itamaeError().FindAllSubmatch(text, -1) {
		if why, out := bytes.CutPrefix(m[1], []byte("stderr | ")); out || !bytes.HasPrefix(m[1], []byte("stdout | ")) {
			return shortened(why)
		}
	}
	return ""
}

func readAnsible(text []byte) convergeWords {
	said := convergeWords{error: firstMatch(ansibleFatal(), text), changed: Unknown}
	hosts := ansibleRecap().FindAllSubmatch(text, -1)
	if hosts != nil {
		said.changed = 0
	}
	for _, host := range hosts {
		for _, count := range ansibleCount().FindAllSubmatch(host[2], -1) {
			n, err := strconv.Atoi(string(count[2]))
			if err != nil || n == 0 {
				continue
			}
			switch name := string(count[1]); name {
			case "changed":
				said.changed += n
			case "failed", "unreachable":
				if said.failed = true; said.error == "" {
					said.error = fmt.Sprintf("%s=%d on %s", name, n, host[1])
				}
			}
		}
	}
	return said
}

func readCFEngine(text []byte) convergeWords {
	return convergeWords{error: firstMatch(cfError(), text), failed: cfError().Match(text), changed: len(cfChange().FindAll(text, -1))}
}

func readChef(text []byte) convergeWords {
	said := convergeWords{error: firstMatch(chefFatal(), text), changed: Unknown}
	if m := chefEnd().FindSubmatch(text); m != nil {
		if n, err := strconv.Atoi(string(m[1])); err == nil {
			said.changed = n
		}
	}
	return said
}
