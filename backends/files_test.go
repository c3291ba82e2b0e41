package backends_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/hostspec/hostspec/backends"
)

func TestAbsoluteFiles(t *testing.T) {
	open := func(context.Context, *backends.URI) (backends.Backend, error) { return nil, nil }
	backends.Register("with-files", backends.Driver{Options: []string{"key", "word"}, Files: []string{"key"}, Open: open})
	backends.Register("words-files", backends.Driver{Options: []string{"key"}, Files: []string{"key"}, Literal: true, Open: open})
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"with-files://h":                                     "",
		"with-files://h?word=a":                              "",
		"with-files://h?key=/a":                              "",
		"with-files://h?key=none&key=~/b":                    "",
		"with-files://h?key=a&word=b&timeout=2s":             "with-files://h?key=" + here + "/a&timeout=2s&word=b",
		"with-files://h?key=a&key=%25h":                      "with-files://h?key=" + here + "/a&key=" + here + "/%25h",
		"words-files://a?key=b?key=c":                        "words-files://a?key=b?key=" + here + "/c",
		"words-files://a?key=b?other=c":                      "",
		"unheard-of://h?key=a":                               "",
		"with-files://key=a":                                 "",
		"with-files://h?key=../" + strings.Repeat("../", 99): "with-files://h?key=/",
	} {
		if want == "" {
			want = text
		}
		got, err := backends.AbsoluteFiles(text)
		got = strings.ReplaceAll(got, "%2F", "/")
		if err != nil || got != want {
			t.Errorf("%s: expected %s, found %s, %v", text, want, got, err)
		}
	}
}
