package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/railgate/railgate/test/harness/process"
)

// partWithin is the timeout of a child process: a round of Go's benchmarks, or all of
// httpcheck.
const partWithin = 14 * time.Minute

// goPackages contain the Go benchmarks of the table.
var goPackages = []string{"./bench", "./tokens/fixedkey", "./gateway/passcache"}

// runner runs the measuring programs and collects their output.
type runner struct {
	*options
	ctx    context.Context
	root   string // root of the repository
	raw    bytes.Buffer
	stderr io.Writer
}

func newRunner(ctx context.Context, o *options, stderr io.Writer) (*runner, error) {
	root, err := process.Root(ctx)
	if err != nil {
		return nil, err
	}
	return &runner{options: o, ctx: ctx, root: root, stderr: stderr}, nil
}

// measure runs the programs for the selected rows. It continues if one of them fails.
func (r *runner) measure() error {
	began := time.Now()
	var faults []error
	if pattern := r.goPattern(); pattern != "" {
		for n := range r.rounds {
			fmt.Fprintf(r.stderr, "rivals: Go benchmarks, round %d of %d (%v so far)\n", n+1, r.rounds, time.Since(began).Round(time.Second))
			// Each round is a separate run: with -count, one side would run five times
			// before the other. -cpu 1 includes the background work of a cache.
			args := append([]string{"test", "-run", "^$", "-bench", pattern, "-benchmem", "-cpu", "1", "-benchtime", fmt.Sprint(r.round / 3)}, goPackages...)
			faults = append(faults, r.child("go", args...))
		}
	}
	if parts := r.httpParts(); len(parts) > 0 {
		fmt.Fprintf(r.stderr, "rivals: httpcheck (%v so far)\n", time.Since(began).Round(time.Second))
		faults = append(faults, r.httpcheck(parts))
	}
	fmt.Fprintf(r.stderr, "rivals: measurement took %v\n", time.Since(began).Round(time.Second))
	return errors.Join(faults...)
}

// goPattern returns the pattern for the Go benchmarks of the selected rows, or "".
func (r *runner) goPattern() string {
	var names []string
	for _, row := range rows {
		if row.benchmark != "" && slices.Contains(r.only, row.name) && !slices.Contains(names, row.benchmark) {
			names = append(names, row.benchmark)
		}
	}
	if names == nil {
		return ""
	}
	return "^Benchmark(" + strings.Join(names, "|") + ")$"
}

// httpParts returns the selected rows that httpcheck measures, by the same names.
func (r *runner) httpParts() (parts []string) {
	for _, row := range rows {
		if row.benchmark == "" && slices.Contains(r.only, row.name) {
			parts = append(parts, row.name)
		}
	}
	return parts
}

// httpcheck builds and runs bench/httpcheck. It needs a binary because httpcheck starts
// itself again as server.
func (r *runner) httpcheck(parts []string) error {
	folder, err := os.MkdirTemp("", "railgate-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "httpcheck")
	if err := r.child("go", "build", "-o", binary, "./bench/httpcheck"); err != nil {
		return err
	}
	return r.child(binary, "-only", strings.Join(parts, ","), fmt.Sprintf("-rounds=%d", r.rounds),
		fmt.Sprintf("-round=%v", r.round), fmt.Sprintf("-pin=%v", r.pin))
}

// child runs a program and collects its stdout.
func (r *runner) child(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(r.ctx, partWithin)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Stderr = r.root, r.stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) } // lets the child stop its servers
	c.WaitDelay = 15 * time.Second
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&r.raw, lines.Text())
		fmt.Fprintln(r.stderr, lines.Text())
	}
	if err := c.Wait(); err != nil {
		// Without further arguments: the binary's folder no longer exists.
		return fmt.Errorf("%s %s: %w", filepath.Base(name), args[0], err)
	}
	return nil
}
