package web

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	inMarkup = regexp.MustCompile(`<(?:script|link|img|source)\b[^>]*?\s(?:src|href)="([^"]*)"`)
	inStyle  = regexp.MustCompile(`url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']`)
	inStyleC = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// reference is an address that a file names.
type reference struct {
	path  string // absolute; empty: it cannot be one of ours
	named string // as the file spells it
	must  bool   // without the file the page is broken
}

// references returns the addresses that the file at the path names.
func references(at string, content []byte) (all []reference) {
	add := func(named string, must bool) {
		r := reference{named: named, must: must}
		switch {
		case strings.HasPrefix(named, "/") && !strings.HasPrefix(named, "//"):
			r.path = named
		case strings.HasPrefix(named, "./"), strings.HasPrefix(named, "../"), !strings.HasSuffix(at, ".js"):
			r.path = path.Join(path.Dir(at), named)
		}
		all = append(all, r)
	}
	switch path.Ext(at) {
	case ".js":
		for _, l := range literals(string(content)) {
			imported := strings.HasSuffix(l.before, "from") || strings.HasSuffix(l.before, "import") || strings.HasSuffix(l.before, "import(")
			if imported || strings.Contains(l.text, "/") && path.Ext(l.text) != "" {
				add(l.text, imported)
			}
		}
	case ".css":
		for _, m := range inStyle.FindAllStringSubmatch(inStyleC.ReplaceAllString(string(content), ""), -1) {
			if named := m[1] + m[2]; !strings.HasPrefix(named, "data:") && !strings.HasPrefix(named, "#") {
				add(named, true)
			}
		}
	case ".webmanifest":
		var manifest struct{ Icons, Screenshots []struct{ Src string } }
		json.Unmarshal(content, &manifest) // a manifest that cannot be read has no icons: a test of the page finds it
		for _, i := range slices.Concat(manifest.Icons, manifest.Screenshots) {
			add(i.Src, true)
		}
	default: // a page
		for _, m := range inMarkup.FindAllStringSubmatch(string(content), -1) {
			if !strings.HasPrefix(m[1], "data:") {
				add(m[1], true)
			}
		}
	}
	return all
}
