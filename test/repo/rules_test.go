package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sentences returns the IDs of the articles' sentences, in the order of docs/rules.md.
func sentences() (ids []string) {
	for _, group := range []struct {
		letter string
		count  int
	}{{"T", 45}, {"R", 32}, {"P", 26}, {"G", 41}} {
		for n := 1; n <= group.count; n++ {
			ids = append(ids, fmt.Sprintf("%s%02d", group.letter, n))
		}
	}
	return ids
}

// condensed returns the IDs of the condensed rules.
func condensed() (ids []string) {
	for n := 1; n <= 14; n++ {
		ids = append(ids, fmt.Sprintf("A%d", n))
	}
	for n := 1; n <= 12; n++ {
		ids = append(ids, fmt.Sprintf("B%d", n))
	}
	return ids
}

var (
	sentenceRow = regexp.MustCompile(`(?m)^\| ([TRPG]\d\d) \|(.*)\|$`)
	ruleRow     = regexp.MustCompile(`(?m)^\| ([AB]\d+) \|(.*)\|$`)
	ruleTest    = regexp.MustCompile(`(?m)^func (Test([TRPG]\d\d|[AB]\d+)_\w+)`)
	pageTest    = regexp.MustCompile(`(?m)^test\('(([TRPG]\d\d|[AB]\d+): [^']+)'`)
	named       = regexp.MustCompile("`([^`]+)`")
	sentence    = regexp.MustCompile(`\b[TRPG]\d\d\b`)
)

// The verdicts on a sentence.
const (
	holds      = "holds"       // this code implements it; the row names files and tests
	elsewhere  = "elsewhere"   // another party implements it; the row says which and why
	contradict = "contradicts" // another sentence is followed; the row says which and why
)

// ruleTable is docs/rules.md and the files that it names.
type ruleTable struct {
	text   string
	tests  map[string][]string    // by the ID in their names
	exists func(path string) bool // of a file in the repository
}

func readRules(t *testing.T) *ruleTable {
	t.Helper()
	r := &ruleTable{text: readFile(t, "docs/rules.md"), tests: make(map[string][]string), exists: func(path string) bool {
		info, err := os.Stat(filepath.Join(root, path))
		return err == nil && !info.IsDir()
	}}
	for ending, name := range map[string]*regexp.Regexp{"_test.go": ruleTest, ".test.js": pageTest} {
		for _, path := range files(t, ending) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range name.FindAllSubmatch(source, -1) {
				r.tests[string(m[2])] = append(r.tests[string(m[2])], string(m[1]))
			}
		}
	}
	return r
}

// faults lists the errors in the tables.
func (r *ruleTable) faults() (all []string) {
	fault := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	var ids []string
	for _, m := range sentenceRow.FindAllStringSubmatch(r.text, -1) {
		id, cells := m[1], strings.Split(m[2], "|")
		ids = append(ids, id)
		if len(cells) != 5 {
			fault("%s has %d columns, want sentence, verdict, files, tests, our choices", id, len(cells)+1)
			continue
		}
		code, tested := r.names(id, cells[2]+cells[3], fault)
		switch verdict := strings.TrimSpace(cells[1]); verdict {
		case holds:
			if code == 0 || tested == 0 {
				fault("%s has the verdict holds with %d files and %d tests, want at least one of each", id, code, tested)
			}
		case elsewhere, contradict:
			// A reason has five words at least; a contradiction names the other sentence.
			if len(strings.Fields(cells[2])) < 5 {
				fault("%s: no reason for the verdict %s", id, verdict)
			}
			if verdict == contradict && !sentence.MatchString(cells[2]) {
				fault("%s does not name the sentence that is followed", id)
			}
		default:
			fault("%s: %q is not one of %s, %s and %s", id, verdict, holds, elsewhere, contradict)
		}
	}
	if want := sentences(); !slices.Equal(ids, want) {
		fault("the rows of sentences are %v, want %v", ids, want)
	}
	var rules []string
	for _, m := range ruleRow.FindAllStringSubmatch(r.text, -1) {
		rules = append(rules, m[1])
		r.names(m[1], m[2], fault)
		for _, id := range sentence.FindAllString(m[2], -1) {
			if !slices.Contains(sentences(), id) {
				fault("%s names %s, which is not a sentence", m[1], id)
			}
		}
	}
	if want := condensed(); !slices.Equal(rules, want) {
		fault("the rows of condensed rules are %v, want %v", rules, want)
	}
	for id := range r.tests {
		if !slices.Contains(sentences(), id) && !slices.Contains(condensed(), id) {
			fault("tests are named after %s, which is neither a sentence nor a rule", id)
		}
	}
	return all
}

// names counts the files and tests that a row names, and reports files that do not exist, tests of
// other IDs, and missing tests.
func (r *ruleTable) names(id, cells string, fault func(string, ...any)) (code, tested int) {
	for _, n := range named.FindAllStringSubmatch(cells, -1) {
		switch name := n[1]; {
		case strings.HasPrefix(name, "Test"), strings.HasPrefix(name, id+": "):
			tested++
			if !slices.Contains(r.tests[id], name) {
				fault("%s: there is no test %s", id, name)
			}
		case strings.Contains(name, "/") && !strings.Contains(name, " "): // a path, not an operation
			code++
			if strings.HasSuffix(name, "_test.go") || !r.exists(name) {
				fault("%s: %s does not exist or is a test", id, name)
			}
		}
	}
	for _, name := range r.tests[id] {
		if !strings.Contains(cells, "`"+name+"`") {
			fault("%s: the row does not name %s", id, name)
		}
	}
	return code, tested
}

// Each sentence of the articles has a row with a verdict. The row's files exist, and it names every
// test of the sentence.
func TestEverySentenceHasARow(t *testing.T) {
	for _, fault := range readRules(t).faults() {
		t.Error(fault)
	}
}

// A table with one of these mistakes is rejected.
func TestRuleTablesWithMistakesAreRejected(t *testing.T) {
	r := readRules(t)
	if faults := r.faults(); len(faults) > 0 {
		t.Skip("the table itself has errors, see TestEverySentenceHasARow")
	}
	row := func(id string) string {
		m := regexp.MustCompile(`(?m)^\| ` + id + ` \|.*\|\n`).FindString(r.text)
		if m == "" {
			t.Fatalf("no row of %s", id)
		}
		return m
	}
	first := row("T01")
	file := named.FindString(first)
	for what, mistaken := range map[string]string{
		"a row is missing":                  strings.Replace(r.text, first, "", 1),
		"a row occurs twice":                strings.Replace(r.text, first, first+first, 1),
		"a row of no sentence":              strings.Replace(r.text, row("T45"), row("T45")+strings.Replace(row("T45"), "T45", "T46", 1), 1),
		"two rows have changed places":      strings.Replace(strings.Replace(r.text, first, "", 1), row("T02"), row("T02")+first, 1),
		"a file that does not exist":        strings.Replace(r.text, first, strings.Replace(first, file, "`issuance/nothing.go`", 1), 1),
		"a test is the only code":           strings.Replace(r.text, first, strings.Replace(first, file, "`test/repo/rules_test.go`", 1), 1),
		"a row without its tests":           strings.Replace(r.text, first, strings.ReplaceAll(first, "Test", "test"), 1),
		"a test that does not exist":        strings.Replace(r.text, first, strings.Replace(first, "`Test", "`TestT01_Nothing`, `Test", 1), 1),
		"a test of another sentence":        strings.Replace(r.text, first, strings.Replace(first, "`Test", "`"+r.tests["T02"][0]+"`, `Test", 1), 1),
		"no verdict":                        strings.Replace(r.text, first, strings.Replace(first, "| holds |", "| perhaps |", 1), 1),
		"elsewhere without a reason":        strings.Replace(r.text, row("T44"), "| T44 | route | elsewhere | – | | |\n", 1),
		"a contradiction of nothing":        strings.Replace(r.text, row("G41"), "| G41 | verified at a window | contradicts | it is said elsewhere, and that is followed here | | |\n", 1),
		"a test of the page is not named":   strings.Replace(r.text, "`T03: the", "`T03 the", 1),
		"holds in words only":               strings.Replace(r.text, row("T03"), "| T03 | route | holds | as every reader of this knows | | |\n", 1),
		"a condensed rule without its test": strings.Replace(r.text, r.tests["A7"][0], "a test", 1),
	} {
		if mistaken == r.text {
			t.Errorf("%s: nothing was changed", what)
			continue
		}
		changed := *r
		changed.text = mistaken
		if len(changed.faults()) == 0 {
			t.Errorf("%s: the table was accepted", what)
		}
	}
	changed := *r
	changed.tests = map[string][]string{"T46": {"TestT46_Nothing"}}
	for id, names := range r.tests {
		changed.tests[id] = names
	}
	if len(changed.faults()) == 0 {
		t.Error("a test of no sentence was accepted")
	}
	changed.tests = map[string][]string{}
	for id, names := range r.tests {
		changed.tests[id] = names
	}
	changed.tests["T01"] = append(slices.Clone(changed.tests["T01"]), "TestT01_New")
	if len(changed.faults()) == 0 {
		t.Error("a new test that the row does not name was accepted")
	}
}
