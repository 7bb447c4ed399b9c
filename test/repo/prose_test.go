package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxLine is the longest line of a comment or a document, in characters.
const maxLine = 140

// A phrase is a spelling that the project does not use, and what to write instead.
type phrase struct {
	spelling *regexp.Regexp
	instead  string
}

func banned(spelling, instead string) phrase {
	return phrase{regexp.MustCompile(`(?i)` + spelling), instead}
}

// phrases are the constructions that cost a reader most, and private words for
// the terms of docs/glossary.md.
var phrases = []phrase{
	banned(`\b(nobody|somebody|anybody|whoever)\b`, "name the component or the caller"),
	banned(`\b(for|of|by|to|from|with|at|than) who\b`, "name the caller"),
	banned(`\bby whom\b`, "name the caller"),
	banned(`\b(he|him|his|himself|she|her|herself)\b`, "they, or the component"),
	banned(`\bwhat (is|was|are|were|has|had) (left|asked|held|not|no|there|under|kept|taken|given|known|new|said|done|in|on)\b`, "name the thing"),
	banned(`\bwhat (lies|stands|goes|went|there is|follows|comes|came)\b`, "name the thing"),
	banned(`\bours:`, "our choice:"),
	banned(`\b(none|nothing|nowhere|no \w+|not) but\b`, "only"),
	banned(`\bnothing is \w+ but\b`, "only"),
	banned(`\ball but\b`, "all except, or almost"),
	banned(`\b(go|goes|going|went) on with\b`, "continue"),
	banned(`\bholds? to\b`, "is checked against"),
	banned(`\b(lies?|lay) (under|in|on|behind|below|with)\b`, "is stored, is encrypted with"),
	banned(`\b(stands?|stood) (in|on|behind|below|above|between|beside|under)\b`, "is stored, precedes"),
	banned(`\bat hand\b`, "in progress"),
	banned(`\bin vain\b`, "without success"),
	banned(`\bin force\b`, "active"),
	banned(`\bas good as\b`, "equal to, almost"),
	banned(`\bsays? (so|no)\b`, "reports, refuses"),
	banned(`\bto be had\b`, "available"),
	banned(`\bhas its (end|place)\b`, "ends, is stored"),
	banned(`\bfrom (then|there|that \w+) on\b`, "after"),
	banned(`\b(thereby|whence|thereof|whereof|hereby)\b`, "name it"),

	banned(`\b(audit )?trails?\b`, "audit log"),
	banned(`\breal-person([^-]|$)`, "face check"), // the header Real-Person-Check is a settled name
	banned(`\bcut-offs?\b`, "cutoff"),
	banned(`\brescue[ds]?\b`, "exempt"),
	banned(`\bratchets?\b`, "high-water mark"),
	banned(`\bresea(l|ls|led|ling)\b`, "re-encrypt"),
	banned(`\brestate(d|s|ment|ments)?\b`, "republish"),
	banned(`(^|[^-])\bpartners?\b`, "provider"),
	banned(`\b(un)?lift(s|ed|ing|ings)?\b`, "unrevoke, clear"),
	banned(`\berrands?\b`, "command"),
}

// unread are the folders and documents that are not written by these rules yet.
var unread = []string{
	"revocation/revocationtest/vectors", // comments are done; the words of its strings are in the committed vectors
	"tokens/tokentest/vectors",          // its strings are texts of published vectors, which do not change
}

// verbatim are strings of formats in use. Files on disk have them, so they keep their words.
var verbatim = []string{
	"railgate partner secret v1 (secret: signs for both sides)", // issuance/provider/secret.go
}

// faults lists the phrases of the text that are banned, and whether the line is too long.
func faults(text string) (all []string) {
	for _, p := range phrases {
		if found := p.spelling.FindString(text); found != "" {
			all = append(all, strconv.Quote(found)+": write "+p.instead)
		}
	}
	return all
}

func tooLong(line string) []string {
	if n := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")); n > maxLine {
		return []string{strconv.Itoa(n) + " characters in a line"}
	}
	return nil
}

// A report gets the place of a fault and the fault.
type report func(path string, line int, fault string)

// proseOfGo checks the comments of a Go file, and the sentences among its strings
// unless it is a test.
func proseOfGo(path string, source []byte, fault report) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.ParseComments)
	if err != nil {
		return err
	}
	if ast.IsGenerated(file) {
		return nil
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			at := set.Position(c.Pos()).Line
			for i, line := range strings.Split(c.Text, "\n") {
				if strings.HasPrefix(line, "//go:") {
					continue
				}
				for _, f := range append(faults(line), tooLong(line)...) {
					fault(path, at+i, f)
				}
			}
		}
	}
	if strings.HasSuffix(path, "_test.go") {
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING {
			if text, err := strconv.Unquote(s.Value); err == nil && strings.Contains(text, " ") && !slices.Contains(verbatim, text) {
				for _, f := range faults(text) {
					fault(path, set.Position(s.Pos()).Line, f)
				}
			}
		}
		return true
	})
	return nil
}

// proseOfText checks the lines of a document, script, sample of settings or OpenAPI file.
func proseOfText(path string, text string, fault report) {
	code, generated := false, false
	for i, line := range strings.Split(text, "\n") {
		code = code != strings.HasPrefix(line, "```")
		if strings.HasPrefix(line, "<!-- ") && strings.Contains(line, "-update") {
			generated = true
		}
		if strings.HasPrefix(line, "<!-- end") {
			generated = false
		}
		all := faults(inQuotes.ReplaceAllString(line, "``"))
		if !code && !generated && !mayBeLong(path, line) {
			all = append(all, tooLong(line)...)
		}
		for _, f := range all {
			fault(path, i+1, f)
		}
	}
}

// proseOfScript checks the comments of a script or stylesheet for browsers.
func proseOfScript(path, text string, fault report) {
	for i, line := range strings.Split(text, "\n") {
		comment := inScript.FindString(line)
		all := faults(inQuotes.ReplaceAllString(comment, "``"))
		if strings.TrimSpace(line) == strings.TrimSpace(comment) && !typed.MatchString(line) {
			all = append(all, tooLong(line)...)
		}
		for _, f := range all {
			fault(path, i+1, f)
		}
	}
}

// inScript is the comment of a line: a line of a block, the block of one line, or the end of the line. The space before
// it excludes the slashes of an address.
var inScript = regexp.MustCompile(`^\s*(/\*|\*|//).*|(^|\s)(//|/\*).*`)

// typed is a line of a comment with a type, which is code.
var typed = regexp.MustCompile(`@(param|type|typedef|property|returns|template) \{`)

// inQuotes is code within a line: names are what they are.
var inQuotes = regexp.MustCompile("`[^`]*`")

// mayBeLong reports whether a line may exceed [maxLine]: code of a script, rows of
// docs/rules.md, which a test reads, paragraphs of the privacy policy, which is served
// as it is, and links.
func mayBeLong(path, line string) bool {
	if strings.HasSuffix(path, "httpapi/privacy.md") {
		return true
	}
	if !strings.HasSuffix(path, ".md") {
		return !strings.HasPrefix(strings.TrimSpace(line), "#")
	}
	return strings.HasSuffix(path, "docs/rules.md") && strings.HasPrefix(line, "|") || strings.HasPrefix(line, "[") || strings.HasPrefix(line, "![")
}

func isUnread(path string) bool {
	return slices.Contains(unread, path) || !strings.HasSuffix(path, ".md") && slices.Contains(unread, filepath.Dir(path))
}

// endings are the ends of the names of the files that [TestProse] reads, besides the scripts in
// .ci, which have none.
var endings = []string{
	".go", ".js", ".css", ".md", ".toml", ".yaml", ".sh", ".py", ".cfg", ".lua", ".service", "Containerfile", "Makefile", ".dockerignore", "",
}

// endingOf returns the element of [endings] for a path, "" for a script in .ci; ok is false if
// [TestProse] does not read the file.
func endingOf(path string) (ending string, ok bool) {
	for _, e := range endings {
		if e != "" && strings.HasSuffix(path, e) {
			return e, true
		}
	}
	return "", filepath.Dir(path) == ".ci"
}

// Comments, help, log lines, errors and documents are written in plain English, with
// the words of docs/glossary.md.
func TestProse(t *testing.T) {
	checked := map[string]int{}
	fault := func(path string, line int, fault string) { t.Errorf("%s:%d: %s", path, line, fault) }
	for _, file := range files(t, "") {
		path, _ := filepath.Rel(root, file)
		ending, ok := endingOf(path)
		if !ok || isUnread(path) || strings.Contains(path, "results/") || strings.HasPrefix(path, "web/npm/") || path == "test/repo/prose_test.go" {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checked[ending]++
		switch ending {
		case ".go":
			err = proseOfGo(path, source, fault)
		case ".js", ".css":
			proseOfScript(path, string(source), fault)
		default:
			proseOfText(path, string(source), fault)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, ending := range endings {
		if checked[ending] == 0 {
			t.Errorf("no file that ends in %q was checked", ending)
		}
	}
}

func TestProseFindsFaults(t *testing.T) {
	found := func(path, text string) (all []string) {
		fault := func(_ string, line int, fault string) { all = append(all, strconv.Itoa(line)+": "+fault) }
		if strings.HasSuffix(path, ".js") {
			proseOfScript(path, text, fault)
		} else if !strings.HasSuffix(path, ".go") {
			proseOfText(path, text, fault)
		} else if err := proseOfGo(path, []byte(text), fault); err != nil {
			t.Fatal(err)
		}
		return all
	}
	long := strings.Repeat("word ", 29)
	for _, c := range []struct{ path, text, want string }{
		{"a.go", "package a\n\n// Nobody waits.\nvar A int\n", `3: "Nobody"`},
		{"a_test.go", "package a\n\nfunc f() {\n\t// Ours: twelve.\n}\n", `4: "Ours:"`},
		{"a.go", "package a\n\n// " + long + "\nvar A int\n", "3: 148 characters"},
		{"a.go", "package a\n\nvar Help = \"what is left of it\"\n", `3: "what is left"`},
		{"a.md", "# A\n\nThe audit trail is read.\n", `3: "audit trail"`},
		{"a.md", long + "\n", "1: 145 characters"},
		{"a.toml", "a = 1 # keys in force\n", `1: "in force"`},
		{"a.yaml", "description: it is lifted\n", `1: "lifted"`},
		{"a.sh", "#!/bin/sh\necho nobody\n", `2: "nobody"`},
		{"a.js", "/**\n * Nobody waits.\n */\nconst a = 'nobody';\n", `2: "Nobody"`},
		{"a.js", "const a = 1; // keys in force\n", `1: "in force"`},
		{"a.js", "  // " + long + "\n", "1: 150 characters"},
		{"a.py", "if a:\n    # " + long + "\n", "2: 151 characters"},
	} {
		if got := found(c.path, c.text); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("%s %q: %q, want %s…", c.path, c.text, got, c.want)
		}
	}
	for _, c := range []struct{ path, text string }{
		{"a.go", "package a\n\n// A call runs at once if no batch is in flight.\nvar A int\n"},
		{"a.go", "// Code generated by a generator. DO NOT EDIT.\npackage a\n\n// Nobody waits.\nvar A int\n"},
		{"a.md", "```\n" + long + "\n```\n"},
		{"a.md", "The file `ratchet` is not read.\n"},
		{"a.js", "const a = 'https://nobody.example', b = 'nobody'; /** @type {string} */\n * @param {" + long + "} a\n"},
		{"Makefile", "a:\n\t" + long + "\n"},
	} {
		if got := found(c.path, c.text); got != nil {
			t.Errorf("%s %q: %q, want none", c.path, c.text, got)
		}
	}
}
