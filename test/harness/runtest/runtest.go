// Package runtest contains small test helpers: a bounded wait for a condition, an end at an error,
// a search in a text, a buffer for logs that many goroutines write, and what a test need not repeat
// under the race detector.
//
// Every wait ends, and its failure names the condition. The package starts and stops nothing, and
// no command may link it.
package runtest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// pollInterval is short compared to every bound that a test gives, and long enough that polling
// does not take processor time from the code under test.
const pollInterval = 5 * time.Millisecond

// Eventually returns as soon as cond holds, and ends the test if cond does not hold within the
// bound. cond runs at least once, in the test's goroutine. what completes the sentence "waited 5s
// for ...".
func Eventually(t testing.TB, within time.Duration, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !cond(); time.Sleep(pollInterval) {
		if !time.Now().Before(deadline) {
			t.Fatalf("waited %v for %s", within, what)
		}
	}
}

// Must ends the test on an unexpected error.
func Must(t testing.TB, err error) {
	if err != nil {
		t.Helper()
		t.Fatalf("%v", err)
	}
}

// Has asserts that a text contains each part.
func Has(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

// HasNot asserts that a text contains none of the parts.
func HasNot(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q must not be in\n%s", part, text)
		}
	}
}

// Every is the stride of a loop over independent cases in one goroutine: n with the race detector,
// 1 without. See [Race].
func Every(n int) int {
	if Race {
		return n
	}
	return 1
}

// Buffer stores everything written to it. The zero value is ready and safe for concurrent use; each
// Write stays in one piece.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // mu
}

// Write never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns everything written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// DependsOnSources makes go test run the test again after a Go file or a module file of this
// repository changed. A test that runs the go command needs it: go test tracks the files that a
// test opens itself, not those its child processes read, and would return a cached result. root is
// the folder of the repository.
func DependsOnSources(t testing.TB, root string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); filepath.Ext(name) == ".go" || name == "go.mod" || name == "go.sum" {
			n++
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("found %d source files under %s: %v", n, root, err)
	}
}
