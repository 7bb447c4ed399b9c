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

// floors are the packages of the issuer, from the ground up. A package imports others
// of the issuer from lower floors only, so that the way of a request leads down.
var floors = [][]string{
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

func TestTheIssuersImportsLeadDown(t *testing.T) {
	runtest.DependsOnSources(t, "../..")
	floor := map[string]int{}
	for i, names := range floors {
		for _, name := range names {
			floor[strings.TrimSuffix(issuer+"/"+name, "/")] = i
		}
	}
	packages := list(t, issuer+"/...")
	for _, p := range packages {
		at, known := floor[p]
		if !known {
			t.Errorf("%s is on no floor", p)
			continue
		}
		for _, imported := range list(t, "-f", `{{join .Imports "\n"}}`, p) {
			if below, ours := floor[imported]; ours && below >= at {
				t.Errorf("%s is on floor %d and imports %s of floor %d", p, at, imported, below)
			}
		}
	}
	for p := range floor {
		if !slices.Contains(packages, p) {
			t.Errorf("floor %d has %s, which is no package", floor[p], p)
		}
	}
}

// The issuer is to stay a house of few rooms: so many packages, so many files, and no
// file so short that a neighbour could hold it. A package's comment may be short, and
// so may what differs between systems.
func TestTheIssuerStaysSmall(t *testing.T) {
	runtest.DependsOnSources(t, "../..")
	const maxPackages, maxFiles, minLines = 20, 140, 25
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
			t.Errorf("%s has fewer than %d lines: a neighbour could hold it", name, minLines)
		}
	}
}

var update = flag.Bool("update", false, "write the tables of imports into docs/design.md")

// The document's tables of imports are those of the tests.
func TestTheDocumentHasTheImportTables(t *testing.T) {
	const name, begin, end = "../../docs/design.md", "<!-- imports: go test ./test/repo -update -->\n", "<!-- end of imports -->\n"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the tables", name)
	}
	want := before + begin + importTables() + end + after
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s does not have the tables of this test: go test ./test/repo -run ImportTables -update", name)
	}
}

// importTables writes rules and floors as Markdown.
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
	b.WriteString("\nBelow `issuance` a package imports from lower floors only:\n\n| Floor | Packages |\n|---|---|\n")
	for i, names := range slices.Backward(floors) {
		var quoted []string
		for _, n := range names {
			quoted = append(quoted, "`"+strings.TrimSuffix("issuance/"+n, "/")+"`")
		}
		fmt.Fprintf(&b, "| %d | %s |\n", i, strings.Join(quoted, ", "))
	}
	return b.String() + "\n"
}
