package main

import (
	"slices"
	"testing"
	"testing/fstest"
)

// The first set of patterns once excluded a text that the issuer embeds, and its image could not be built.
func TestExcludedFilesAreNotListed(t *testing.T) {
	root := fstest.MapFS{}
	for _, name := range []string{".git/HEAD", "README.md", "cmd/issuer/main.go", "cmd/issuer/main_test.go", "deploy/config/keys/a.key",
		"docs/design.md", "docs/keep.txt", "issuance/httpapi/privacy.md", "tls.pem"} {
		root[name] = &fstest.MapFile{}
	}
	for _, c := range []struct {
		name     string
		patterns []string
		want     []string
	}{
		{"all Markdown", []string{"deploy", "docs", "**/*_test.go", "**/*.md", "**/*.pem"}, []string{"cmd/issuer/main.go"}},
		{"Markdown of the root", []string{"deploy", "docs", "**/*_test.go", "*.md", "**/*.pem"}, []string{"cmd/issuer/main.go", "issuance/httpapi/privacy.md"}},
		{"an exception", []string{"*", "!docs", "docs/*.md"}, []string{"docs/keep.txt"}},
	} {
		got, err := visible(root, c.patterns)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	if _, err := visible(root, []string{"[a"}); err == nil {
		t.Error("an invalid pattern was accepted")
	}
}
