// Package tool is what the commands that measure and load do alike: how they are
// interrupted, what their exit codes mean, lists in flags, and the name of the
// processor that their figures are from.
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

// Context ends with the first SIGINT or SIGTERM; the second ends the program.
func Context() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}

// Usage is a mistake in the flags.
type Usage struct{ Err error }

// Usagef is a Usage with that text.
func Usagef(format string, args ...any) error { return Usage{fmt.Errorf(format, args...)} }

func (u Usage) Error() string { return u.Err.Error() }
func (u Usage) Unwrap() error { return u.Err }

// ExitCode says what ended a program and which code that is: 0 nothing, or the
// wish for help; 2 a Usage; 1 any other error.
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

// Pick reads a flag whose value is a list, separated by commas, of what is known.
func Pick(name, list string, known []string) ([]string, error) {
	picked := strings.Split(list, ",")
	for _, p := range picked {
		if !slices.Contains(known, p) {
			return nil, Usagef("-%s: %q is none of %s", name, p, strings.Join(known, ", "))
		}
	}
	return picked, nil
}

// CPU is the processor's name where the system tells it in a file.
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
