// Command faults runs the real issuer and gateways, injects faults into everything they depend
// on, and checks the guarantee of docs/revocation.md: after a revocation is acknowledged, no
// gateway whose watermark has passed that time admits the credential, and no acknowledged
// revocation is ever lost.
//
// Every fault is drawn from a seed that is printed first. The seed repeats the plan, not the
// run: processes, sockets and the clock are real. The command promises that each finding comes
// with its evidence, that it uses only 127.0.0.1, and that it leaves no process of its own
// behind. Without -latency it does not measure speed. In-process brokers show nothing about
// replication; -kafka uses real nodes instead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/process"
)

const usage = `usage: go run ./test/chaos [flags]

Injects random faults into broker, topic, issuer, gateways and snapshots during
revocations, and checks every verdict against the acknowledged revocations. Exit
code 1: a revocation was lost, a verdict was wrong, or the system did not recover.

`

// options is the command line.
type options struct {
	seed     uint64
	minutes  float64
	kafka    string
	kafkaDir string
	postgres string
	only     string
	soak     float64
	keep     bool
	binaries string // folder of built issuer and gateway; empty: build them
	measuring
}

// leastNodes is the number of real nodes that must run: three if one of them may fail.
func (o *options) leastNodes() int {
	if o.rate > 0 || o.soak > 0 {
		return 1
	}
	return 3
}

func main() { process.Main("faults", run) }

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	log := newConsole(os.Stdout)
	if o.rate > 0 {
		return measureLatency(ctx, o, log)
	}
	log.printf("seed %d", o.seed)
	sys, err := newSystem(ctx, o, log)
	if err != nil {
		return err
	}
	defer sys.close() // for a panic; otherwise close runs below, before the last line of output
	if o.soak > 0 {
		return sys.soak(ctx, time.Duration(o.soak*float64(time.Minute)))
	}
	err = sys.run(ctx)
	sum, clean := sys.report.print(log)
	sys.keep = sys.keep || !clean // the logs are part of the evidence
	sys.close()
	switch {
	case err != nil:
		return err
	case !clean:
		return errors.New(sum)
	}
	fmt.Printf("faults: %s\ndouble entries: %d, bound %d\n", sum, sys.passback.entries, sys.passback.bound)
	return nil
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("faults", flag.ContinueOnError)
	f.Uint64Var(&o.seed, "seed", 0, "seed `N` of the plan of faults; 0: from the clock")
	f.Float64Var(&o.minutes, "minutes", 0, "`minutes` of fault injection; 0: each kind of fault once, about a minute")
	f.StringVar(&o.kafka, "kafka", "", "`bootstrap` list of real Kafka nodes, host:port,…, instead of the in-process brokers")
	f.StringVar(&o.kafkaDir, "kafka-dir", "", "`folder` of these nodes, as given to deploy/kafka/kafka.sh; needed with -kafka")
	f.StringVar(&o.postgres, "postgres", "", "postgres:// `URL` of a server on which to create a database; empty: SQLite")
	f.StringVar(&o.only, "only", "", "inject only faults whose name contains this `text`")
	f.IntVar(&o.rate, "latency", 0, "inject no faults; measure the time from acknowledgement to refusal at `N` revocations a second, and their cost")
	f.DurationVar(&o.length, "for", 10*time.Second, "with -latency: duration of a round")
	f.DurationVar(&o.warmUp, "warm-up", 20*time.Second, "with -latency: duration of revocations at the same rate before the first round")
	f.IntVar(&o.rounds, "rounds", 1, "with -latency: number of `rounds` for each version")
	f.StringVar(&o.against, "against", "", "with -latency: `folder` with issuer and gateway of another version, measured in turns with this one")
	f.Float64Var(&o.soak, "soak", 0, "for these `minutes` restart a broker every 30 s under load; goroutines, descriptors and heap must not grow")
	f.BoolVar(&o.keep, "keep", false, "keep the work folder; it is always kept after a finding")
	f.Usage = func() {
		fmt.Fprint(f.Output(), usage)
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("expected flags only, got %q", f.Arg(0))
	case o.minutes < 0 || o.minutes > 24*60:
		return o, errors.New("-minutes must be 0 to 1440")
	case o.soak < 0 || o.soak > 24*60:
		return o, errors.New("-soak must be 0 to 1440")
	case (o.kafka == "") != (o.kafkaDir == ""):
		return o, errors.New("-kafka and -kafka-dir need each other")
	case o.postgres != "" && !strings.HasPrefix(o.postgres, "postgres://"):
		return o, errors.New("-postgres must be a postgres:// URL")
	}
	if err := o.measuring.check(); err != nil {
		return o, err
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano())
	}
	return o, nil
}
