package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/runtest"
)

const patience = 30 * time.Second

// script is a stand-in for postgres.sh: it writes down what it is told.
func script(t *testing.T, start string) (path string, told func() string) {
	t.Helper()
	dir := t.TempDir()
	path, diary := filepath.Join(dir, "postgres.sh"), filepath.Join(dir, "diary")
	text := "#!/usr/bin/env bash\necho \"$@\" >>" + diary + "\n[[ $1 != start ]] || { " + start + "; }\n"
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path, func() string {
		text, _ := os.ReadFile(diary)
		return string(text)
	}
}

func TestTheSupervisorTakesTheServerAway(t *testing.T) {
	path, told := script(t, "echo progress >&2; echo dsn=postgres://nobody")
	p, err := startPostgres(path, "/nowhere", 19999, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if p.dsn != "postgres://nobody" || p.pid() != 0 {
		t.Errorf("dsn %q, pid %d", p.dsn, p.pid())
	}
	// Ctrl-C reaches whole groups; the supervisor must not hear it.
	p.supervisor.Process.Signal(os.Interrupt)
	p.supervisor.Process.Signal(syscall.SIGTERM)
	if err := p.command("sideways"); err == nil {
		t.Error("an unknown command was carried out")
	}
	// This process dies: all that the supervisor sees of it is the end of its input.
	p.commands.Close()
	want := "start --dir /nowhere --port 19999\nstop --dir /nowhere\n"
	runtest.Eventually(t, patience, "the server to be stopped", func() bool { return told() == want })
	if err := p.end(); err != nil {
		t.Error(err)
	}
	if told() != want {
		t.Errorf("the script was told %q", told())
	}
}

func TestAServerThatDoesNotStartIsTakenAwayToo(t *testing.T) {
	for name, start := range map[string]string{"fails": "exit 1", "says something else": "echo hello"} {
		path, told := script(t, start)
		if _, err := startPostgres(path, "/nowhere", 19999, io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !strings.HasSuffix(told(), "stop --dir /nowhere\n") {
			t.Errorf("%s: the script was told %q", name, told())
		}
	}
}

// The real one: it goes down and comes up again where it was, and goes.
func TestPostgresGoesDownAndComesUp(t *testing.T) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl"); found == nil {
		t.Skip("PostgreSQL is not installed")
	}
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	dir, err := os.MkdirTemp("", "railgate-issuance-") // not t.TempDir: the server may run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	free, err := process.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(free[0][strings.LastIndexByte(free[0], ':')+1:])
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	p, err := startPostgres("../../deploy/postgres/postgres.sh", filepath.Join(dir, "postgres"), port, &said)
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	first := p.pid()
	if used, err := process.FamilyTime(first); first == 0 || err != nil || used <= 0 {
		t.Errorf("pid %d has used %v, %v", first, used, err)
	}
	if err := p.command("down"); err != nil || p.pid() != 0 {
		t.Errorf("down: %v, pid %d", err, p.pid())
	}
	if err := p.command("up"); err != nil || p.pid() == 0 || p.pid() == first {
		t.Errorf("up: %v, pid %d, before %d", err, p.pid(), first)
	}
	last := p.pid()
	if err := p.end(); err != nil {
		t.Error(err)
	}
	runtest.Eventually(t, patience, "the server's process to be gone", func() bool { return syscall.Kill(last, 0) == syscall.ESRCH })
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

// A system that cannot be opened leaves nothing.
func TestASystemThatCannotOpenLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ctx := range map[string]context.Context{"no binaries": t.Context(), "interrupted": ctx} {
		if _, err := open(ctx, plan{binaries: &process.Binaries{Dir: t.TempDir()}, database: sqlite, progress: io.Discard}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("%s: it left %v", name, left)
		}
	}
}

func TestProcessorTimeIsOfThreeSides(t *testing.T) {
	d := cpuTime{5, 7, 9}.since(cpuTime{1, 2, 3})
	if d != (cpuTime{4, 5, 6}) || d.sum() != 15 {
		t.Errorf("%+v, sum %d", d, d.sum())
	}
}
