// Package excerpt shows, of what a target holds or prints, the part that helps: the
// line that was found, the one that is most like what was wanted, or the beginning. It
// shows no secrets, no password hashes and no private keys.
package excerpt

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
)

// How much is shown to people, and how much is looked at to choose that.
const (
	maxShown  = 200
	maxLooked = 1 << 20
)

// passwordHash is what crypt(5) makes of a password.
var passwordHash = regexp.MustCompile(`\$(?:[1-9][a-z]?|y|gy|sha1|md5)[$,][./A-Za-z0-9$,=]{8,}`)

// privateKey stands in whatever holds one in PEM.
var privateKey = []byte("PRIVATE KEY-----")

const keyNotShown = "(its lines are not shown, since it holds a private key)"

// Measure says how much there is.
func Measure(data []byte) string {
	if len(data) == 0 {
		return "an empty file"
	}
	lines := bytes.Count(data, []byte{'\n'})
	if data[len(data)-1] != '\n' {
		lines++
	}
	return Size(lines, int64(len(data)))
}

// Size says how many lines and bytes there are.
func Size(lines int, bytes int64) string {
	return evidence.Count(lines, "line") + ", " + evidence.Count(bytes, "byte")
}

// masked takes secrets and password hashes out of a text, before anything is cut off
// it.
func masked(line []byte) string {
	return passwordHash.ReplaceAllString(evidence.Mask(string(line)), "(password hash)")
}

// show makes an excerpt of a line.
func show(line []byte) string {
	return evidence.Excerpt(masked(line), maxShown)
}

// Beginning shows the first lines, to be put behind their measure.
func Beginning(data []byte) string {
	switch {
	case len(data) == 0:
		return ""
	case bytes.Contains(data, privateKey):
		return " " + keyNotShown
	}
	text := show(data)
	return "; it begins:\n" + strings.TrimRight(text, "\n")
}

// Around shows the line in which a text was found.
func Around(data []byte, at int, text string) string {
	number := bytes.Count(data[:at], []byte{'\n'}) + 1
	if bytes.Contains(data, privateKey) {
		return fmt.Sprintf("it stands in line %d %s", number, keyNotShown)
	}
	line, _, _ := bytes.Cut(data[bytes.LastIndexByte(data[:at], '\n')+1:], []byte{'\n'})
	shown := masked(line)
	// Of a long line, what is around it.
	if i := strings.Index(shown, firstLine(text)); i > maxShown/2 {
		shown = "..." + shown[i-maxShown/4:]
	}
	return fmt.Sprintf("line %d: %s", number, evidence.Excerpt(shown, maxShown))
}

// Nearest shows the line that is most like one of the texts that were wanted, or the
// first lines where none is.
func Nearest(data []byte, wanted ...string) string {
	if bytes.Contains(data, privateKey) {
		return keyNotShown
	}
	var all []map[[2]byte]int
	for _, text := range wanted {
		all = append(all, pairs(firstLine(text)))
	}
	var best []byte
	number, score := 0, 0.3 // less is not alike
	looked := data[:min(len(data), maxLooked)]
	for n := 1; len(looked) > 0; n++ {
		line, rest, _ := bytes.Cut(looked, []byte{'\n'})
		for _, pairs := range all {
			if s := likeness(pairs, line[:min(len(line), 4*maxShown)]); s > score {
				best, number, score = line, n, s
			}
		}
		looked = rest
	}
	if best == nil {
		return strings.TrimPrefix(Beginning(data), "; ")
	}
	return fmt.Sprintf("line %d: %s", number, show(best))
}

// Difference shows the first line in which the data differs from what was wanted.
func Difference(data []byte, wanted string) string {
	if bytes.Contains(data, privateKey) {
		return keyNotShown
	}
	rest := []byte(wanted)
	for n := 1; ; n++ {
		have, moreData, endedData := bytes.Cut(data, []byte{'\n'})
		want, moreWanted, endedWanted := bytes.Cut(rest, []byte{'\n'})
		switch {
		case !bytes.Equal(have, want):
			return fmt.Sprintf("line %d: %s\nwanted: %s", n, show(have), show(want))
		case endedData != endedWanted:
			return fmt.Sprintf("line %d: the newline at its end makes the difference", n)
		case !endedData:
			return "" // nothing differs
		}
		data, rest = moreData, moreWanted
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	return line[:min(len(line), 4*maxShown)]
}

// pairs counts the pairs of neighbouring bytes in a text.
func pairs(text string) map[[2]byte]int {
	out := map[[2]byte]int{}
	for i := 1; i < len(text); i++ {
		out[[2]byte{text[i-1], text[i]}]++
	}
	return out
}

// likeness is Dice's coefficient: 1 where a line has the very pairs that are
// wanted, 0 where it has none of them.
func likeness(wanted map[[2]byte]int, line []byte) float64 {
	have := map[[2]byte]int{}
	for i := 1; i < len(line); i++ {
		have[[2]byte{line[i-1], line[i]}]++
	}
	common, total := 0, len(line)-1
	for p, n := range wanted {
		common += min(n, have[p])
		total += n
	}
	if total <= 0 {
		return 0
	}
	return 2 * float64(common) / float64(total)
}
