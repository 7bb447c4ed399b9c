// Command issuance measures the issuance backend over HTTP and prints tables with the floors
// it must meet. It also measures whether load or faults on the issuance side affect a gate.
//
//	go run ./bench/issuance
//	go run ./bench/issuance -only codes -rounds 1 -round 500ms    a quick check that it runs, not a measurement
//
// It starts its own PostgreSQL, a Kafka-compatible broker in this process, and the built
// issuer (for isolation also the built gateway and load test), and stops all of them however
// it ends. Each workload runs in a closed loop first, which finds the issuer's capacity, and
// then in an open loop at a fixed rate, with latency counted from the time a request was due.
// Every answer is checked; a wrong answer ends the run.
//
// It must be started inside the repository, on an otherwise idle machine. The tables go to
// stdout, progress to stderr. Machine, command, raw rounds and tables go to
// bench/results/DATE-MACHINE-issuance.txt, or to the file given with -out; a run with other
// flags than the defaults is stored only with -out. SIGINT and SIGTERM end it in order. Exit
// codes: 0 all floors are met; 1 a floor is missed, or an error; 2 wrong flags.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/tool"
)

func main() {
	os.Exit(tool.ExitCode("issuance", run(tool.Context(), os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	here := tool.ThisMachine() // before anything is pinned
	binaries, err := process.Build(ctx, "issuer", "gateway", "loadtest")
	if err != nil {
		return ended(ctx, err)
	}
	defer func() { err = errors.Join(err, binaries.Close()) }()
	path := o.outFile(binaries.Root, here)
	// Checked before the run: a wrong path must not lose a long measurement.
	if _, err := os.Stat(filepath.Dir(path)); path != "" && err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	b := &bench{options: o, ctx: ctx, binaries: binaries, cores: here.Cores, stderr: stderr, samples: newSamples()}
	if err := b.measure(); err != nil {
		return ended(ctx, err)
	}
	text, missed := b.samples.tables(o)
	report := measure.Report{Machine: here, Command: o.command(), Raw: b.samples.raw.String(), Tables: text}
	err = report.Print(stdout)
	if path != "" {
		err = errors.Join(err, report.WriteFile(path))
		fmt.Fprintf(stderr, "issuance: stored in %s\n", filepath.Base(path))
	}
	if missed > 0 {
		err = errors.Join(err, fmt.Errorf("%d floors are missed", missed))
	}
	return err
}

// ended replaces the error of an interrupted run.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}
