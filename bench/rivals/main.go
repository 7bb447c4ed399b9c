// Command rivals measures railgate beside its rivals and prints one table: each
// figure with the floor it must hold and the goal it is built for.
//
//	go run ./bench/rivals
//
// It runs Go's benchmarks and the program in bench/httpcheck, ours and the
// rivals in turn, and takes medians over the rounds. A rival that cannot run is
// in the table with the reason. It takes about six minutes on two cores that
// should do nothing else.
//
// It must be started inside the repository. The table goes to stdout, progress
// and all raw output to stderr. Machine, command, raw output and table go to
// bench/results/DATE-MACHINE-table.txt, or where -out says; a run with other
// flags than the default ones is kept only where -out says. Exit codes: 0 all
// that could run has run and holds its floor; 1 something did not, or an error;
// 2 wrong flags.
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

// options are the flags.
type options struct {
	only   []string
	rounds int
	round  time.Duration
	pin    bool
	out    string // "": not kept
}

const defaultRound = 3 * time.Second

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("rivals", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	all := strings.Join(rowNames(), ",")
	only := flags.String("only", all, "lines of the table to measure, separated by commas")
	flags.IntVar(&o.rounds, "rounds", measure.Enough, "rounds of each side; fewer than 5 measure nothing")
	flags.DurationVar(&o.round, "round", defaultRound, "length of a round over HTTP, and of a Go benchmark three times in that")
	flags.BoolVar(&o.pin, "pin", true, "keep servers on CPU 0 and the load generator on CPU 1")
	flags.StringVar(&o.out, "out", "", "keep raw output and table in this file; \"\": bench/results/DATE-MACHINE-table.txt for a whole run, else nowhere")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stdout)
			fmt.Fprintln(stdout, "rivals measures railgate beside its rivals and prints one table.")
			flags.Usage()
			fmt.Fprintln(stdout, "\nlines:")
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

// command is how to run this again.
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
	samples, err := read(strings.NewReader(r.raw.String()))
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
		fmt.Fprintf(stderr, "rivals: kept in %s\n", o.out)
	}
	if missed > 0 {
		failed = errors.Join(failed, fmt.Errorf("%d floors do not hold", missed))
	}
	return failed
}
