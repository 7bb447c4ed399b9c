package repo

import (
	"regexp"
	"strings"
	"testing"
)

// smokes names, for each command in the documents, the place where CI runs it in its shortest form:
// a file, and the text in it that runs the command. A command that is never run stops working
// unnoticed.
var smokes = map[string]struct{ file, text string }{
	"go run ./bench/rivals":                          {".ci/smoke", "go run ./bench/rivals "},
	"bench/run.sh":                                   {".ci/smoke", "bench/run.sh "},
	"go run ./bench/report":                          {".ci/smoke", "go run ./bench/report "},
	"go run ./test/chaos -latency":                   {".ci/smoke", "go run ./test/chaos -latency "},
	"go run ./test/chaos -soak":                      {".ci/smoke", "go run ./test/chaos -soak "},
	"go run ./test/chaos":                            {".ci/run", "make faults"},
	"go run ./bench/issuance":                        {"bench/issuance/smoke_test.go", "func TestSmallRunOfEverything("},
	"go run ./cmd/loadtest":                          {"test/e2e/e2e_test.go", `s.Binary("loadtest")`},
	"go run ./cmd/demo":                              {".ci/run", "go run ./cmd/demo"},
	"go run ./bench/passages":                        {".ci/smoke", "go run ./bench/passages"},
	"go run ./tokens/fixedkey/internal/lanes/bounds": {".ci/smoke", "go run ./tokens/fixedkey/internal/lanes/bounds"},
	".ci/kafka3":                                     {".ci/run", ".ci/kafka3"},
	".ci/integration":                                {".ci/run", ".ci/integration"},
	".ci/postgres":                                   {".ci/run", "make postgres"},
	".ci/fuzz":                                       {".ci/run", ".ci/fuzz"},
	".ci/lint":                                       {".ci/run", ".ci/lint"},
	".ci/run":                                        {".ci/run", "ci: passed"}, // the whole check runs itself
	"deploy/check.sh":                                {".ci/run", "deploy/check.sh"},
	".ci/web":                                        {".ci/run", ".ci/web"},
	"node web/test/browser/figures.js":               {".ci/web", "node web/test/browser/figures.js -quick"},
	"go test":                                        {".ci/run", "go test ./..."},
}

var (
	// runnable matches a command in a document: through make, through go run, or a script.
	runnable = regexp.MustCompile(`\b(make [a-z0-9-]+|go run \./[A-Za-z0-9/_-]+(?: -(?:latency|soak)\b)?|bench/run\.sh|\.ci/[a-z0-9]+|deploy/check\.sh|node web/test/browser/figures\.js)`)
	// target matches a rule of the Makefile with its command.
	target = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*##.*\n\t(\S.*)$`)
)

// recipes returns the Makefile's targets and their commands.
func recipes(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, m := range target.FindAllStringSubmatch(readFile(t, "Makefile"), -1) {
		all[m[1]] = m[2]
	}
	if len(all) < 10 {
		t.Fatalf("found %d targets in the Makefile", len(all))
	}
	return all
}

// program returns the part of a command that decides what it runs; "" if it cannot be run alone.
func program(command string) string {
	if strings.HasPrefix(command, "go test") {
		return "go test"
	}
	return runnable.FindString(command)
}

// Each command that a document names, or the command of a target that it names, is run by CI.
func TestEveryMeasuringCommandHasASmoke(t *testing.T) {
	targets := recipes(t)
	seen := map[string]bool{}
	for _, path := range files(t, ".md") {
		if strings.Contains(path, "/shared/") {
			continue
		}
		for _, command := range runnable.FindAllString(readFile(t, strings.TrimPrefix(path, root+"/")), -1) {
			name := command
			if goal, ok := strings.CutPrefix(command, "make "); ok {
				recipe, ok := targets[goal]
				if !ok {
					continue // English: "make bits of it"
				}
				name = program(recipe)
			}
			if name == "" || seen[name] {
				continue
			}
			seen[name] = true
			if _, ok := smokes[name]; !ok {
				t.Errorf("%s names %q, which runs %q: add the place where CI runs it to smokes", path, command, name)
			}
		}
	}
	for _, must := range []string{"go run ./bench/rivals", "bench/run.sh", "go run ./test/chaos -latency", "go run ./test/chaos -soak", "go run ./bench/issuance"} {
		if !seen[must] {
			t.Errorf("no document names %q, or the pattern does not find it", must)
		}
	}
}

func TestEverySmokeIsRun(t *testing.T) {
	for command, s := range smokes {
		if !strings.Contains(readFile(t, s.file), s.text) {
			t.Errorf("%s: %s does not contain %q", command, s.file, s.text)
		}
	}
	if !strings.Contains(readFile(t, ".ci/run"), `step "smoke" .ci/smoke`) {
		t.Error(".ci/run does not run .ci/smoke")
	}
}
