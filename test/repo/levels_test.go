package repo

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

// levels are the packages of the issuer, from the lowest level up. A package imports packages of
// the issuer from lower levels only.
var levels = [][]string{
	{"database", "identity", "problem", "internal/ids"},
	{"vault", "provider"},
	{"staff", "throttle", "keystore", "provider/facecheck", "registry/rules"},
	{"audit"},
	{"outbox"},
	{"keyring", "account"},
	{"credential", "registry"},
	{"httpapi", "backup"},
	{""},
}

const issuer = module + "issuance"

func TestIssuerImportsLowerLevelsOnly(t *testing.T) {
	runtest.DependsOnSources(t, "../..")
	level := map[string]int{}
	for i, names := range levels {
		for _, name := range names {
			level[strings.TrimSuffix(issuer+"/"+name, "/")] = i
		}
	}
	packages := list(t, issuer+"/...")
	for _, p := range packages {
		at, known := level[p]
		if !known {
			t.Errorf("%s has no level: add it to levels", p)
			continue
		}
		for _, imported := range list(t, "-f", `{{join .Imports "\n"}}`, p) {
			if below, known := level[imported]; known && below >= at {
				t.Errorf("%s is at level %d and imports %s of level %d", p, at, imported, below)
			}
		}
	}
	for p := range level {
		if !slices.Contains(packages, p) {
			t.Errorf("level %d contains %s, which is not a package", level[p], p)
		}
	}
}

// The issuer has a limited number of packages and files, and no file so short that another one
// could contain it. Package comments and files for one operating system may be short.
func TestIssuerStaysSmall(t *testing.T) {
	runtest.DependsOnSources(t, "../..")
	// 141: issuance/registry/booking.go, what gateways are told of tickets, belongs to none of the other files.
	const maxPackages, maxFiles, minLines = 20, 141, 25
	packages := list(t, issuer+"/...")
	if len(packages) > maxPackages {
		t.Errorf("issuance has %d packages, more than %d", len(packages), maxPackages)
	}
	names := list(t, "-f", `{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .IgnoredGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}`, issuer+"/...")
	if len(names) > maxFiles {
		t.Errorf("issuance has %d files, more than %d", len(names), maxFiles)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		short := strings.Count(string(text), "\n") < minLines
		if base := filepath.Base(name); short && base != "doc.go" && !strings.Contains(string(text), "//go:build") {
			t.Errorf("%s has fewer than %d lines: move its content to another file", name, minLines)
		}
	}
}

var update = flag.Bool("update", false, "write the tables of imports into docs/design.md")

// docs/design.md contains the tables of the import tests.
func TestDesignHasTheImportTables(t *testing.T) {
	const name, begin, end = "../../docs/design.md", "<!-- imports: go test ./test/repo -update -->\n", "<!-- end of imports -->\n"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no comments that mark the place of the tables", name)
	}
	want := before + begin + importTables() + end + after
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s does not contain the tables of this test; update them with go test ./test/repo -run ImportTables -update", name)
	}
}

// importTables returns rules and levels as Markdown.
func importTables() string {
	var b strings.Builder
	b.WriteString("\n| Package | Must never reach | Why |\n|---|---|---|\n")
	for _, r := range rules {
		from := "`" + r.from + "`"
		if !slices.Contains(exact, r.from) && !strings.HasPrefix(r.from, "cmd/") {
			from += " and below"
		}
		var not []string
		for _, n := range r.not {
			not = append(not, "`"+strings.TrimPrefix(n, module)+"`")
		}
		b.WriteString("| " + from + " | " + strings.Join(not, ", ") + " | " + r.why + " |\n")
	}
	b.WriteString("\nBelow `issuance` a package imports from lower levels only:\n\n| Level | Packages |\n|---|---|\n")
	for i, names := range slices.Backward(levels) {
		var quoted []string
		for _, n := range names {
			quoted = append(quoted, "`"+strings.TrimSuffix("issuance/"+n, "/")+"`")
		}
		fmt.Fprintf(&b, "| %d | %s |\n", i, strings.Join(quoted, ", "))
	}
	return b.String() + "\n"
}
