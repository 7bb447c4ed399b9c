// Package runtest is for tests of things that run: a bounded wait for a
// condition, an end at an error, a search in a text, and a place for logs that many
// goroutines write.
//
// It promises that a wait ends and says what it waited for. It starts nothing
// and stops nothing, and no command may link it.
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

// pollInterval is short against every bound a test gives, and long enough that
// waiting does not take the processor from what is waited for.
const pollInterval = 5 * time.Millisecond

// Eventually returns as soon as cond holds, and ends the test when it does not
// within the bound. cond is asked at least once, from the test's goroutine.
// what completes the sentence "waited 5s for ...".
func Eventually(t testing.TB, within time.Duration, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !cond(); time.Sleep(pollInterval) {
		if !time.Now().Before(deadline) {
			t.Fatalf("waited %v for %s", within, what)
		}
	}
}

// Must ends the test on an error that no story is about.
func Must(t testing.TB, err error) {
	if err != nil {
		t.Helper()
		t.Fatalf("%v", err)
	}
}

// Has asserts that each part is in a text.
func Has(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

// HasNot asserts that no part is in a text.
func HasNot(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q is in\n%s", part, text)
		}
	}
}

// Buffer keeps all that is written to it. The zero value is ready, and safe for
// many writers and readers at once; each Write stays whole.
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

// String is all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// DependsOnSources makes go test run the test again when a Go file or a module
// file of this repository changed. A test that runs the go command needs it:
// go test sees the files that a test opens itself, not those its children read,
// and would answer from its cache. root is the repository's folder.
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
