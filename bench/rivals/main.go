// Command rivals measures railgate and rival implementations and prints one table: each
// metric with its floor, which must be met, and its goal.
//
//	go run ./bench/rivals
//
// It runs Go's benchmarks and the program in bench/httpcheck, alternating between
// railgate and the rivals, and computes medians over the rounds. For a rival that cannot
// run the table contains the reason. A run takes about six minutes on two cores, which
// should be otherwise idle.
//
// Run it inside the repository. It writes the table to stdout, and progress and all raw
// output to stderr. It also writes machine, command, raw output and table to
// bench/results/DATE-MACHINE-table.txt, or to the file of -out; a run with flags other
// than the defaults is written only to the file of -out. Exit codes: 0 every part that
// can run has run and meets its floor; 1 a part failed or missed its floor; 2 wrong
// flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/test/tool"
)

func main() {
	os.Exit(tool.ExitCode("rivals", run(tool.Context(), os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// options contains the flags.
type options struct {
	only   []string
	rounds int
	round  time.Duration
	pin    bool
	out    string // "": do not write a file
}

const defaultRound = 3 * time.Second

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("rivals", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	all := strings.Join(rowNames(), ",")
	only := flags.String("only", all, "rows of the table to measure, separated by commas")
	flags.IntVar(&o.rounds, "rounds", measure.Enough, "rounds per side; fewer than 5 are not a measurement")
	flags.DurationVar(&o.round, "round", defaultRound, "duration of a round over HTTP; a Go benchmark runs for a third of it")
	flags.BoolVar(&o.pin, "pin", true, "pin servers to CPU 0 and the load generator to CPU 1")
	flags.StringVar(&o.out, "out", "", "file for raw output and table; \"\": bench/results/DATE-MACHINE-table.txt for a complete run, otherwise none")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stdout)
			fmt.Fprintln(stdout, "rivals measures railgate and rival implementations and prints one table.")
			flags.Usage()
			fmt.Fprintln(stdout, "\nrows:")
			for _, r := range rows {
				fmt.Fprintf(stdout, "  %-13s %s\n", r.name, r.what)
			}
			return nil, err
		}
		return nil, tool.Usage{Err: err}
	}
	var err error
	if o.only, err = tool.Pick("only", *only, rowNames()); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, tool.Usagef("%q is not a flag", flags.Arg(0))
	case o.rounds < 1 || o.rounds > 100:
		return nil, tool.Usagef("-rounds must be 1 to 100")
	case o.round < 10*time.Millisecond || o.round > 20*time.Second:
		return nil, tool.Usagef("-round must be 10ms to 20s")
	}
	if *only == all && o.rounds >= measure.Enough && o.round == defaultRound && o.pin && o.out == "" {
		o.out = measure.ResultFile(tool.ThisMachine(), "table")
	}
	return o, nil
}

// command returns the command line that repeats the run.
func (o *options) command() string {
	return fmt.Sprintf("go run ./bench/rivals -only %s -rounds %d -round %v -pin=%v", strings.Join(o.only, ","), o.rounds, o.round, o.pin)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	r, err := newRunner(ctx, o, stderr)
	if err != nil {
		return err
	}
	failed := r.measure()
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	samples, err := parseOutput(strings.NewReader(r.raw.String()))
	if err != nil {
		return errors.Join(failed, err)
	}
	table, missed := samples.table(o)
	report := measure.Report{Machine: tool.ThisMachine(), Command: o.command(), Raw: r.raw.String(), Tables: table}
	failed = errors.Join(failed, report.Print(stdout))
	if o.out != "" {
		path := o.out
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.root, path)
		}
		failed = errors.Join(failed, report.WriteFile(path))
		fmt.Fprintf(stderr, "rivals: wrote %s\n", o.out)
	}
	if missed > 0 {
		failed = errors.Join(failed, fmt.Errorf("%d floors missed", missed))
	}
	return failed
}
