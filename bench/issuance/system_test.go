package main

import (
	"bytes"
	"context"
	"database/sql"
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

// script is a fake postgres.sh that records its arguments.
func script(t *testing.T, start string) (path string, calls func() string) {
	t.Helper()
	dir := t.TempDir()
	path, log := filepath.Join(dir, "postgres.sh"), filepath.Join(dir, "log")
	text := "#!/usr/bin/env bash\necho \"$@\" >>" + log + "\n[[ $1 != start ]] || { " + start + "; }\n"
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path, func() string {
		text, _ := os.ReadFile(log)
		return string(text)
	}
}

func TestSupervisorStopsTheServer(t *testing.T) {
	path, calls := script(t, "echo progress >&2; echo dsn=postgres://user")
	p, err := startPostgres(path, "/nowhere", 19999, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if p.dsn != "postgres://user" || p.pid() != 0 {
		t.Errorf("dsn %q, pid %d", p.dsn, p.pid())
	}
	// Ctrl-C reaches whole process groups; the supervisor must ignore it.
	p.supervisor.Process.Signal(os.Interrupt)
	p.supervisor.Process.Signal(syscall.SIGTERM)
	if err := p.command("sideways"); err == nil {
		t.Error("an unknown command was carried out")
	}
	// When this process dies, the supervisor's input ends.
	p.commands.Close()
	want := "start --dir /nowhere --port 19999\nstop --dir /nowhere\n"
	runtest.Eventually(t, patience, "the server to be stopped", func() bool { return calls() == want })
	if err := p.end(); err != nil {
		t.Error(err)
	}
	if calls() != want {
		t.Errorf("the script was called with %q", calls())
	}
}

func TestServerThatFailsToStartIsStoppedToo(t *testing.T) {
	for name, start := range map[string]string{"fails": "exit 1", "prints something else": "echo hello"} {
		path, calls := script(t, start)
		if _, err := startPostgres(path, "/nowhere", 19999, io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !strings.HasSuffix(calls(), "stop --dir /nowhere\n") {
			t.Errorf("%s: the script was called with %q", name, calls())
		}
	}
}

// The real server goes down, comes up again and is removed at the end.
func TestPostgresGoesDownAndUp(t *testing.T) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl"); found == nil {
		t.Skip("PostgreSQL is not installed")
	}
	if testing.Short() {
		t.Skip("takes seconds")
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
	var output bytes.Buffer
	p, err := startPostgres("../../deploy/postgres/postgres.sh", filepath.Join(dir, "postgres"), port, &output)
	if err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	first := p.pid()
	db, err := sql.Open("pgx", p.dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(0) // each statement starts a process of the server
	// An idle server may use less than the 10 ms of one tick.
	runtest.Eventually(t, patience, "the server's processor time to be counted", func() bool {
		if _, err := db.Exec("SELECT count(*) FROM generate_series(1, 100000)"); err != nil {
			t.Log(err)
		}
		used, err := process.FamilyTime(first)
		return first != 0 && err == nil && used > 0
	})
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
		t.Errorf("files remain: %v", left)
	}
}

// A system that fails to open leaves no files.
func TestSystemThatFailsToOpenLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ctx := range map[string]context.Context{"no binaries": t.Context(), "interrupted": ctx} {
		if _, err := openSystem(ctx, plan{binaries: &process.Binaries{Dir: t.TempDir()}, database: sqlite, progress: io.Discard}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("%s: files remain: %v", name, left)
		}
	}
}

func TestProcessorTimeIsSplitInThree(t *testing.T) {
	d := cpuTime{5, 7, 9}.since(cpuTime{1, 2, 3})
	if d != (cpuTime{4, 5, 6}) || d.sum() != 15 {
		t.Errorf("%+v, sum %d", d, d.sum())
	}
}
