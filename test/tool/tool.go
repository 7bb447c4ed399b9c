// Package tool contains what the measuring and load commands have in common: interruption, exit
// codes, list flags, and the name of the processor on which figures were measured.
package tool

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Context returns a context that ends with the first SIGINT or SIGTERM. The second signal ends the
// program.
func Context() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}

// Usage is an error in the flags.
type Usage struct{ Err error }

// Usagef returns a Usage with the formatted text.
func Usagef(format string, args ...any) error { return Usage{fmt.Errorf(format, args...)} }

func (u Usage) Error() string { return u.Err.Error() }
func (u Usage) Unwrap() error { return u.Err }

// ExitCode prints err and returns the exit code of a program: 0 for success or -h, 2 for a [Usage]
// error, 1 for any other error.
func ExitCode(program string, err error, stderr io.Writer) int {
	var usage Usage
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%s: %v\n%s -h explains the flags\n", program, err, program)
		return 2
	}
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	return 1
}

// Pick splits the value of a flag at commas. Each part must be one of known.
func Pick(name, list string, known []string) ([]string, error) {
	picked := strings.Split(list, ",")
	for _, p := range picked {
		if !slices.Contains(known, p) {
			return nil, Usagef("-%s: %q is not one of %s", name, p, strings.Join(known, ", "))
		}
	}
	return picked, nil
}

// CPU returns the name of the processor from /proc/cpuinfo, or "unknown processor".
func CPU() string {
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return "unknown processor"
}
