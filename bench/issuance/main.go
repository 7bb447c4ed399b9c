// Command issuance measures the issuance backend over HTTP and prints tables
// with the floors it must hold; and it measures whether a gate feels what the
// issuance side goes through.
//
//	go run ./bench/issuance
//	go run ./bench/issuance -only codes -rounds 1 -round 500ms    a quick look: proves that it runs, measures nothing
//
// It starts a PostgreSQL of its own, a Kafka-compatible broker in this process,
// and the built issuer (for isolation the built gateway and load test, too), and
// stops all of them however it ends. Each line is asked in a closed loop first, which
// finds what the issuer can do, and then in an open one, at a fixed rate, with time counted
// from the moment a request was due. Every answer is checked; a wrong one ends
// the run.
//
// It must be started inside the repository, on a machine that does nothing else.
// The tables go to stdout, progress to stderr. Machine, command, raw rounds and
// tables go to bench/results/DATE-MACHINE-issuance.txt, or where -out says; a run
// with other flags than the default ones is kept only where -out says. SIGINT and
// SIGTERM end it in order. Exit codes: 0 all floors hold; 1 one does not, or an
// error; 2 wrong flags.
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
	path := o.kept(binaries.Root, here)
	// Looked at before the run: a long measurement must not be lost to a wrong path.
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
		err = errors.Join(err, report.Keep(path))
		fmt.Fprintf(stderr, "issuance: kept in %s\n", filepath.Base(path))
	}
	if missed > 0 {
		err = errors.Join(err, fmt.Errorf("%d floors do not hold", missed))
	}
	return err
}

// ended says why there are no figures: an interrupted run is no other failure.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}
