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

// smallRun runs every workload and the isolation run, with numbers that prove only that they run.
// Files and folders are created in a separate folder.
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

// Everything runs on SQLite. Missed floors are not failures: this is not a measurement.
func TestSmallRunOfEverything(t *testing.T) {
	stored := filepath.Join(t.TempDir(), "stored.txt")
	stdout, stderr, left, err := smallRun(t, t.Context(), io.Discard, "-out", stored)
	if err != nil && !strings.HasSuffix(err.Error(), "floors are missed") {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if len(left) > 0 {
		t.Errorf("files remain: %v", left)
	}
	text := stdout.String()
	for _, l := range workloads {
		if rate := row(t, text, l.name, 0)[2]; rate == "0" {
			t.Errorf("%s: no request was answered", l.name)
		}
		if l.floor > 0 && row(t, text, l.name, 1)[3] == "0" {
			t.Errorf("%s: the latency is 0", l.name)
		}
	}
	wanted := []string{"machine: ", "command: go run ./bench/issuance ", "BenchmarkIssuance/codes/closed", "| codes |"}
	for n, w := range placements {
		saturated := row(t, text, string(saturated), n)
		if why := saturated[len(saturated)-1]; strings.HasPrefix(why, "NOT RUN") {
			// On a busy machine the gate's load generator is late, and its rounds are excluded.
			if strings.Contains(why, "was late") && !strings.Contains(stderr.String(), "this round is excluded: the load generator") {
				t.Errorf("%s: no round was reported as excluded: %s", w.name, why)
			}
			t.Logf("%s: %s", w.name, why)
			continue
		}
		wanted = append(wanted, "BenchmarkIsolation/"+w.name+"/saturated")
		if saturated[2] == "0" || saturated[9] != "fresh" || saturated[10] == "0" || saturated[12] == "0" {
			t.Errorf("%s: no checks, data that is not fresh, no revocation, or no background load: %q", w.name, saturated)
		}
	}
	if !strings.Contains(text, "NOT RUN: SQLite cannot be stopped") {
		t.Error("the table does not report that SQLite cannot be stopped")
	}
	file, err := os.ReadFile(stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range wanted {
		if !strings.Contains(string(file), want) {
			t.Errorf("the stored file does not contain %s", want)
		}
	}
}

// tripwire calls do when the words are written.
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

// An interrupted run reports it, prints no figures, and leaves no files.
func TestInterruptedRunLeavesNothing(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	stdout, stderr, left, err := smallRun(t, ctx, tripwire{"closed loop, round 1 of 1: opening-hosted", interrupt})
	if err == nil || err.Error() != "interrupted" || stdout.String() != "" {
		t.Errorf("%v, stdout %q\n%s", err, stdout, stderr)
	}
	if len(left) > 0 {
		t.Errorf("files remain: %v", left)
	}
}
