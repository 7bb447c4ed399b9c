package process

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

const patience = 30 * time.Second

func TestProcessorTimeIsReadFromProc(t *testing.T) {
	// A name may look like the fields that follow it.
	s, err := readStat("77 (a) S 5) S 12 77 77 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 99 1 1\n")
	if err != nil || s != (Usage{12, 2 * time.Second, 500 * time.Millisecond}) || s.Sum() != 2500*time.Millisecond {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", "77 (name) S 12", "77 (name) S x 77 77 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1"} {
		if _, err := readStat(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	if u, err := UsageOf(os.Getpid()); runtime.GOOS == "linux" && (err != nil || u.Parent != os.Getppid()) {
		t.Errorf("this process: %+v, %v; its parent is %d", u, err, os.Getppid())
	}
}

// StartOn keeps a child on its processor from the first instruction and this process where it was.
// The undo of Pin restores everything.
func TestPinningIsKeptAndUndone(t *testing.T) {
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

// Gone reports a process that ended by itself, with its last output. Stop ends a process.
func TestEndOfAProcessIsReported(t *testing.T) {
	dir := t.TempDir()
	p, err := Start(AnyCPU, "speaker", filepath.Join(dir, "speaker.log"), "bash", "-c", "echo last words; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	runtest.Eventually(t, patience, "the end to be noticed", func() bool { return p.Gone() != nil })
	if text := p.Gone().Error(); !strings.Contains(text, "last words") || !strings.Contains(text, "exit status 3") {
		t.Errorf("got %q", text)
	}
	q, err := Start(AnyCPU, "sleeper", filepath.Join(dir, "sleeper.log"), "bash", "-c", "trap 'exit 0' TERM; echo asleep; while :; do sleep 0.1; done")
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Gone(); err != nil {
		t.Error(err)
	}
	runtest.Eventually(t, patience, "the trap to be set", func() bool { return q.Log() == "asleep\n" })
	if err := q.TrimLog(); err != nil || q.Log() != "" {
		t.Errorf("trimmed: %q, %v", q.Log(), err)
	}
	if err := q.Stop(patience); err != nil {
		t.Error(err)
	}
	if q.Gone() == nil {
		t.Error("Gone returns nil for a stopped process")
	}
}

// Stop kills a process that ignores SIGTERM and returns an error; an exit code other than 0 is an
// error too.
func TestBadEndOfAProcessIsAnError(t *testing.T) {
	dir := t.TempDir()
	for script, want := range map[string]string{
		"trap '' TERM; echo on; while :; do sleep 0.1; done":       "was killed",
		"trap 'exit 3' TERM; echo on; while :; do sleep 0.1; done": "exit status 3",
	} {
		p, err := Start(AnyCPU, want, filepath.Join(dir, want), "bash", "-c", script)
		if err != nil {
			t.Fatal(err)
		}
		runtest.Eventually(t, patience, "the trap to be set", func() bool { return p.Log() == "on\n" })
		if err := p.Stop(time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestProcessorTimeOfThisProcessGrows(t *testing.T) {
	before, err := UsageOf(os.Getpid())
	if err != nil {
		t.Skip("this system has no /proc/PID/stat")
	}
	for began := time.Now(); ; {
		if now, err := UsageOf(os.Getpid()); err != nil || now.Sum() > before.Sum() {
			break
		}
		if time.Since(began) > patience {
			t.Fatal("the processor time of a busy process does not grow")
		}
	}
}
