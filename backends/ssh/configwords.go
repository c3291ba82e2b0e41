package ssh

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// blank is what separates words in ssh_config.
const blank = " \t"

// splitKeyword splits a line of ssh_config into its keyword, in lower case, and the
// rest of the line, which is not split yet. Comments and empty lines have no keyword.
func splitKeyword(line string) (keyword, rest string) {
	line = strings.TrimLeft(strings.TrimRight(line, blank+"\r\n\f"), blank)
	if strings.HasPrefix(line, "#") {
		return "", ""
	}
	end := strings.IndexAny(line, blank+"=")
	if end < 0 {
		return strings.ToLower(line), ""
	}
	rest = strings.TrimLeft(line[end:], blank)
	return strings.ToLower(line[:end]), strings.TrimLeft(strings.TrimPrefix(rest, "="), blank)
}

// splitWords splits the rest of a line of ssh_config into words as OpenSSH does since
// version 8.7: both kinds of quotes may stand anywhere in a word, a backslash takes
// the meaning from a quote, a backslash and a space, and # begins a comment.
func splitWords(s string) ([]string, error) {
	var words []string
	for i := 0; i < len(s); {
		if strings.IndexByte(blank, s[i]) >= 0 {
			i++
			continue
		}
		if s[i] == '#' {
			break
		}
		word, n, err := cutWord(s[i:])
		if err != nil {
			return nil, err
		}
		words, i = append(words, word), i+n
	}
	return words, nil
}

// cutWord reads the word that s begins with, and returns how long it is there.
func cutWord(s string) (string, int, error) {
	var word strings.Builder
	var quote byte
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (strings.IndexByte(`'"\`, s[i+1]) >= 0 || quote == 0 && s[i+1] == ' '):
			i++
			word.WriteByte(s[i])
		case quote == 0 && strings.IndexByte(blank, c) >= 0:
			return word.String(), i, nil
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			word.WriteByte(c)
		}
	}
	if quote != 0 {
		return "", 0, fmt.Errorf("a quote is not closed in %q", s)
	}
	return word.String(), i, nil
}

// fileLists are the keywords with several file names.
var fileLists = map[string][]string{
	"userknownhostsfile":   {"~/.ssh/known_hosts", "~/.ssh/known_hosts2"},
	"globalknownhostsfile": {"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"},
}

// A fileList is the value of a keyword of fileLists as one line of ssh_config has it.
// Its words are expanded; err says why they could not be found out.
type fileList struct {
	words []string
	err   error
}

// listsIn returns all values that a keyword has anywhere in the text of an ssh_config.
func listsIn(text, keyword string, expand func(string) (string, error)) []fileList {
	var lists []fileList
	for line := range strings.Lines(text) {
		found, rest := splitKeyword(line)
		if found != keyword {
			continue
		}
		words, err := splitWords(rest)
		if err != nil {
			lists = append(lists, fileList{err: err})
			continue
		}
		lists = append(lists, expanded(words, expand))
	}
	return lists
}

// chooseFiles finds out which files the value printed by ssh -G stands for. It prints
// their names with a space between them and without quotes, so that a name that holds
// a space looks like two. lists are the values that the files of ssh_config hold; the
// one that was printed is among them.
func chooseFiles(printed string, lists []fileList) ([]string, error) {
	certain := true
	var choice []string
	for _, l := range lists {
		if l.err != nil {
			certain = false
			continue
		}
		certain = certain && !slices.ContainsFunc(l.words, func(w string) bool { return strings.ContainsAny(w, blank) })
		if strings.Join(l.words, " ") != printed {
			continue
		}
		if choice != nil && !slices.Equal(choice, l.words) {
			return nil, errors.New("it has two readings, and both stand in the configuration")
		}
		choice = l.words
	}
	switch {
	case certain:
		return strings.Fields(printed), nil
	case choice == nil:
		return nil, errors.New("no line of the configuration says just this")
	}
	return choice, nil
}

// readAll returns the texts of files; each error counts.
func readAll(names []string) (string, error) {
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String(), nil
}
