// Command faults runs the real issuer and gateways, breaks whatever they stand
// on, and holds them to the sentence of docs/revocation.md: once a revocation
// is acknowledged, no gateway that has passed the watermark of that moment
// admits the credential; nothing acknowledged is ever lost.
//
// Every fault is drawn from a seed that is printed first. The seed repeats the
// plan, not the run: processes, sockets and the clock are real. The command
// promises that each finding comes with its evidence, that it uses 127.0.0.1
// only, and that it leaves no process of its own behind. Without -latency it does
// not measure speed, and an in-process broker says nothing about replication: -kafka puts
// real nodes in its place.
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

Breaks broker, topic, issuer, gateways and snapshots at random while revocations
go on, and checks every verdict against what was acknowledged. Exit code 1: a
revocation was lost, a verdict was wrong, or the house did not recover.

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
	binaries string // folder of a built issuer and gateway; empty: build them
	measuring
}

// leastNodes is how many real nodes must run: three if one of them is to fail.
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
	say := newConsole(os.Stdout)
	if o.rate > 0 {
		return measureLatency(ctx, o, say)
	}
	say.line("seed %d", o.seed)
	sys, err := newSystem(ctx, o, say)
	if err != nil {
		return err
	}
	defer sys.close() // after a panic; otherwise it is closed below, so that the last line is the last
	if o.soak > 0 {
		return sys.soak(ctx, time.Duration(o.soak*float64(time.Minute)))
	}
	err = sys.run(ctx)
	sum, clean := sys.report.print(say)
	sys.keep = sys.keep || !clean // the logs are part of the evidence
	sys.close()
	switch {
	case err != nil:
		return err
	case !clean:
		return errors.New(sum)
	}
	fmt.Println("faults: " + sum)
	return nil
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("faults", flag.ContinueOnError)
	f.Uint64Var(&o.seed, "seed", 0, "`N` draws the plan of faults; 0: from the clock")
	f.Float64Var(&o.minutes, "minutes", 0, "how long to inject faults, in `minutes`; 0: until each kind has been on once, about a minute")
	f.StringVar(&o.kafka, "kafka", "", "`bootstrap` list of real Kafka nodes, host:port,…, in place of the in-process broker")
	f.StringVar(&o.kafkaDir, "kafka-dir", "", "the `folder` that deploy/kafka/kafka.sh keeps them in; needed with -kafka")
	f.StringVar(&o.postgres, "postgres", "", "postgres:// `URL` of a server to make a database on; empty: SQLite")
	f.StringVar(&o.only, "only", "", "inject only kinds whose name contains this `text`, to look into one")
	f.IntVar(&o.rate, "latency", 0, "inject nothing; measure acknowledged to refused at `N` revocations a second, and what they cost")
	f.DurationVar(&o.length, "for", 10*time.Second, "with -latency: how long a round measures")
	f.DurationVar(&o.warmUp, "warm-up", 20*time.Second, "with -latency: how long revocations run before the first round, at the same rate")
	f.IntVar(&o.rounds, "rounds", 1, "with -latency: `rounds` to measure, of each version")
	f.StringVar(&o.against, "against", "", "with -latency: `folder` with issuer and gateway of another version, to be measured in turns with this one")
	f.Float64Var(&o.soak, "soak", 0, "for so many `minutes` restart a broker every 30 s under load, and hold goroutines, descriptors and heap to their start")
	f.BoolVar(&o.keep, "keep", false, "keep the work folder; after a finding it is kept anyway")
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
		return o, errors.New("-kafka and -kafka-dir belong together")
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
