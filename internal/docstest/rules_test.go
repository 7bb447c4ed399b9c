package docstest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	ruleRow  = regexp.MustCompile(`(?m)^\| ([AB]\d+) \|(.*)\|$`)
	ruleTest = regexp.MustCompile(`(?m)^func (Test([AB]\d+)_\w+)`)
	named    = regexp.MustCompile("`([^`]+)`")
)

// Every rule has a row; the row's files exist and its tests are tests of that
// rule; and no test named after a rule is missing in its row.
func TestEveryRuleHasCodeAndTest(t *testing.T) {
	text := read(t, "docs/rules.md")
	tests := make(map[string][]string)
	for _, path := range files(t, "_test.go") {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ruleTest.FindAllSubmatch(source, -1) {
			tests[string(m[2])] = append(tests[string(m[2])], string(m[1]))
		}
	}
	var rules []string
	for _, m := range ruleRow.FindAllStringSubmatch(text, -1) {
		rule, cells := m[1], m[2]
		rules = append(rules, rule)
		code, tested := 0, 0
		for _, n := range named.FindAllStringSubmatch(cells, -1) {
			switch name := n[1]; {
			case strings.HasPrefix(name, "Test"):
				tested++
				if !slices.Contains(tests[rule], name) {
					t.Errorf("%s: there is no test %s", rule, name)
				}
			case strings.Contains(name, "/"):
				code++
				if _, err := os.Stat(filepath.Join(root, name)); err != nil {
					t.Errorf("%s: there is no %s", rule, name)
				}
			}
		}
		if code == 0 || tested == 0 {
			t.Errorf("%s has %d files and %d tests", rule, code, tested)
		}
		for _, name := range tests[rule] {
			if !strings.Contains(cells, "`"+name+"`") {
				t.Errorf("%s: the row does not name %s", rule, name)
			}
		}
	}
	want := strings.Fields("A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12")
	if !slices.Equal(rules, want) {
		t.Errorf("rows %v, want %v", rules, want)
	}
}
