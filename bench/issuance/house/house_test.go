package house

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/railgate/railgate/test/runtest"
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

func TestTheKeeperTakesTheServerAway(t *testing.T) {
	path, told := script(t, "echo progress >&2; echo dsn=postgres://nobody")
	p, err := startPostgres(path, "/nowhere", 19999, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if p.dsn != "postgres://nobody" || p.pid() != 0 {
		t.Errorf("dsn %q, pid %d", p.dsn, p.pid())
	}
	// Ctrl-C reaches whole groups; the keeper must not hear it.
	p.process.Process.Signal(os.Interrupt)
	p.process.Process.Signal(syscall.SIGTERM)
	if err := p.order("sideways"); err == nil {
		t.Error("an unknown order was carried out")
	}
	// This process dies: all that the keeper sees of it is the end of its input.
	p.orders.Close()
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
	dir, err := os.MkdirTemp("", "railgate-house-") // not t.TempDir: the server may run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	free, err := freeAddresses(1)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(free[0][strings.LastIndexByte(free[0], ':')+1:])
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	p, err := startPostgres("../../../deploy/postgres/postgres.sh", filepath.Join(dir, "postgres"), port, &said)
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	first := p.pid()
	if used, err := familyTime(first); first == 0 || err != nil || used <= 0 {
		t.Errorf("pid %d has used %v, %v", first, used, err)
	}
	if err := p.order("down"); err != nil || p.pid() != 0 {
		t.Errorf("down: %v, pid %d", err, p.pid())
	}
	if err := p.order("up"); err != nil || p.pid() == 0 || p.pid() == first {
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

func TestProcessorTimeIsReadFromProc(t *testing.T) {
	// A name may look like what comes after it.
	s, err := readStat("77 (a) S 5) S 12 77 77 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 99 1 1\n")
	if err != nil || s.parent != 12 || s.own != 2*time.Second || s.children != 500*time.Millisecond {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", "77 (name) S 12", "77 (name) S x 77 77 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1"} {
		if _, err := readStat(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	d := CPU{5, 7, 9}.Since(CPU{1, 2, 3})
	if d != (CPU{4, 5, 6}) || d.Sum() != 15 {
		t.Errorf("%+v, sum %d", d, d.Sum())
	}
}

// A child is on its processor from its first instruction, this process is where
// it was, and Pin is undone.
func TestProcessorsAreKeptAndGivenBack(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 {
		t.Skip("needs Linux and two processors")
	}
	allowed := func(cpu int) string {
		out := &bytes.Buffer{}
		c := exec.Command("grep", "Cpus_allowed_list", "/proc/self/status")
		c.Stdout = out
		if err := StartOn(cpu, c); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(strings.TrimPrefix(out.String(), "Cpus_allowed_list:"))
	}
	before, processors := allowed(AnyCPU), runtime.GOMAXPROCS(0)
	if got := allowed(1); got != "1" {
		t.Errorf("a child on processor 1 is on %s", got)
	}
	undo, err := Pin(0)
	if err != nil {
		t.Fatal(err)
	}
	if here, there := allowed(AnyCPU), allowed(1); here != "0" || there != "1" {
		t.Errorf("beside a pinned process children are on %s and %s, want 0 and 1", here, there)
	}
	if err := undo(); err != nil || allowed(AnyCPU) != before || runtime.GOMAXPROCS(0) != processors {
		t.Errorf("afterwards on %s with %d, want %s with %d (%v)", allowed(AnyCPU), runtime.GOMAXPROCS(0), before, processors, err)
	}
}

// A process that ends by itself is noticed, with what it said last; one that is
// told to end does.
func TestAProcessThatEndsIsNoticed(t *testing.T) {
	dir := t.TempDir()
	p, err := startProcess(dir, "speaker", AnyCPU, "bash", "-c", "echo last words; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	runtest.Eventually(t, patience, "the end to be noticed", func() bool { return p.gone() != nil })
	if text := p.gone().Error(); !strings.Contains(text, "last words") || !strings.Contains(text, "exit status 3") {
		t.Errorf("got %q", text)
	}
	q, err := startProcess(dir, "sleeper", AnyCPU, "sleep", "60")
	if err != nil {
		t.Fatal(err)
	}
	if err := q.gone(); err != nil {
		t.Error(err)
	}
	if err := q.stop(); err != nil {
		t.Error(err)
	}
	if q.gone() == nil {
		t.Error("it was stopped and is not gone")
	}
}

// A house that cannot be opened leaves nothing.
func TestAHouseThatCannotOpenLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ctx := range map[string]context.Context{"no binaries": t.Context(), "interrupted": ctx} {
		if _, err := Open(ctx, Plan{Binaries: &Binaries{dir: t.TempDir()}, Database: SQLite, Say: io.Discard}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("%s: it left %v", name, left)
		}
	}
}
