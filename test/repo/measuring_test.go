package repo

import (
	"regexp"
	"strings"
	"testing"
)

// smokes says where each command that the documents name is run by CI in its
// shortest form: a file, and the text in it that runs the command. A command that
// is not run by anything rots.
var smokes = map[string]struct{ file, text string }{
	"go run ./bench/rivals":                          {".ci/smoke", "go run ./bench/rivals "},
	"bench/run.sh":                                   {".ci/smoke", "bench/run.sh "},
	"go run ./bench/report":                          {".ci/smoke", "go run ./bench/report "},
	"go run ./test/chaos -latency":                   {".ci/smoke", "go run ./test/chaos -latency "},
	"go run ./test/chaos -soak":                      {".ci/smoke", "go run ./test/chaos -soak "},
	"go run ./test/chaos":                            {".ci/run", "make faults"},
	"go run ./bench/issuance":                        {"bench/issuance/smoke_test.go", "func TestASmallRunOfEverything("},
	"go run ./cmd/loadtest":                          {"test/e2e/e2e_test.go", `s.Binary("loadtest")`},
	"go run ./cmd/demo":                              {".ci/run", "go run ./cmd/demo"},
	"go run ./tokens/fixedkey/internal/lanes/bounds": {".ci/smoke", "go run ./tokens/fixedkey/internal/lanes/bounds"},
	".ci/kafka3":                                     {".ci/run", ".ci/kafka3"},
	".ci/lane":                                       {".ci/run", ".ci/lane"},
	".ci/postgres":                                   {".ci/run", "make postgres"},
	".ci/fuzz":                                       {".ci/run", ".ci/fuzz"},
	".ci/lint":                                       {".ci/run", ".ci/lint"},
	".ci/run":                                        {".ci/run", "ci: passed"}, // itself
	"deploy/check.sh":                                {".ci/run", "deploy/check.sh"},
	"go test":                                        {".ci/run", "go test ./..."},
}

var (
	// runnable is a command in a document: through make, through go run, or a script.
	runnable = regexp.MustCompile(`\b(make [a-z0-9-]+|go run \./[A-Za-z0-9/_-]+(?: -(?:latency|soak)\b)?|bench/run\.sh|\.ci/[a-z0-9]+|deploy/check\.sh)`)
	// target is a rule of the Makefile and its command.
	target = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*##.*\n\t(\S.*)$`)
)

// recipes are the Makefile's targets and what each runs.
func recipes(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		all[m[1]] = m[2]
	}
	if len(all) < 10 {
		t.Fatalf("found %d targets in the Makefile", len(all))
	}
	return all
}

// program is a command without what does not decide what it does; "" if it is none
// that could be run by itself.
func program(command string) string {
	if strings.HasPrefix(command, "go test") {
		return "go test"
	}
	return runnable.FindString(command)
}

// TestEveryMeasuringCommandHasASmoke: a command that a document names, or a target
// that it names, is run by CI.
func TestEveryMeasuringCommandHasASmoke(t *testing.T) {
	targets := recipes(t)
	seen := map[string]bool{}
	for _, path := range files(t, ".md") {
		if strings.Contains(path, "/shared/") {
			continue
		}
		for _, command := range runnable.FindAllString(read(t, strings.TrimPrefix(path, root+"/")), -1) {
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
				t.Errorf("%s names %q, which runs %q: nothing in CI runs it, or smokes does not say what", path, command, name)
			}
		}
	}
	for _, must := range []string{"go run ./bench/rivals", "bench/run.sh", "go run ./test/chaos -latency", "go run ./test/chaos -soak", "go run ./bench/issuance"} {
		if !seen[must] {
			t.Errorf("no document names %q any more, or the pattern does not find it", must)
		}
	}
}

func TestEverySmokeIsRun(t *testing.T) {
	for command, s := range smokes {
		if !strings.Contains(read(t, s.file), s.text) {
			t.Errorf("%s: %s does not have %q", command, s.file, s.text)
		}
	}
	if !strings.Contains(read(t, ".ci/run"), `step "smoke" .ci/smoke`) {
		t.Error(".ci/run does not run .ci/smoke")
	}
}
