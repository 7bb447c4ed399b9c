package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

// smallRun is every line and the isolation run, with numbers that prove that
// they run and measure nothing. Files and folders are made in a place of its own.
func smallRun(t *testing.T, ctx context.Context, watch io.Writer, args ...string) (stdout, stderr *runtest.Buffer, left []os.DirEntry, err error) {
	t.Helper()
	runtest.DependsOnSources(t, "../..")
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	stdout, stderr = &runtest.Buffer{}, &runtest.Buffer{}
	err = run(ctx, append(args, "-database=sqlite", "-rounds=1", "-round=250ms", "-rate=0.3", "-gate-rate=50",
		"-connections=3", "-people=400", "-sessions=4"), stdout, io.MultiWriter(stderr, watch))
	left, e := os.ReadDir(temporary)
	if e != nil {
		t.Fatal(e)
	}
	return stdout, stderr, left, err
}

// On SQLite, all of it. Whether floors hold is not asked: nothing is measured.
func TestSmallRunOfEverything(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept.txt")
	stdout, stderr, left, err := smallRun(t, t.Context(), io.Discard, "-out", kept)
	if err != nil && !strings.HasSuffix(err.Error(), "floors do not hold") {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	text := stdout.String()
	for _, l := range lines {
		if rate := row(t, text, l.name, 0)[2]; rate == "0" {
			t.Errorf("%s: nothing was done", l.name)
		}
		if l.floor > 0 && row(t, text, l.name, 1)[3] == "0" {
			t.Errorf("%s: nothing took any time", l.name)
		}
	}
	wanted := []string{"machine: ", "command: go run ./bench/issuance ", "BenchmarkIssuance/codes/closed", "| codes |"}
	for n, w := range ways {
		saturated := row(t, text, string(saturated), n)
		if why := saturated[len(saturated)-1]; strings.HasPrefix(why, "NOT RUN") {
			// On a busy machine the load of the gate is late by itself, and its rounds do not count.
			if strings.Contains(why, "late by itself") && !strings.Contains(stderr.String(), "this round does not count: the load generator") {
				t.Errorf("%s: no round says that it does not count: %s", w.name, why)
			}
			t.Logf("%s: %s", w.name, why)
			continue
		}
		wanted = append(wanted, "BenchmarkIsolation/"+w.name+"/saturated")
		if saturated[2] == "0" || saturated[9] != "fresh" || saturated[10] == "0" || saturated[12] == "0" {
			t.Errorf("%s: the gate was not asked, its data not fresh, nothing revoked, or nothing done beside it: %q", w.name, saturated)
		}
	}
	if !strings.Contains(text, "NOT RUN: SQLite cannot be stopped") {
		t.Error("nothing says that SQLite cannot be stopped")
	}
	file, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range wanted {
		if !strings.Contains(string(file), want) {
			t.Errorf("the kept file has no %s", want)
		}
	}
}

// tripwire does something when the words are written.
type tripwire struct {
	words string
	do    func()
}

func (w tripwire) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.words) {
		w.do()
	}
	return len(p), nil
}

// Interrupted in the middle it says so, has no figures, and leaves nothing.
func TestInterruptedRunLeavesNothing(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	stdout, stderr, left, err := smallRun(t, ctx, tripwire{"closed loop, round 1 of 1: opening-hosted", interrupt})
	if err == nil || err.Error() != "interrupted" || stdout.String() != "" {
		t.Errorf("%v, stdout %q\n%s", err, stdout, stderr)
	}
	if len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}
