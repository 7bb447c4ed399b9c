package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/test/tool"
)

// options are the flags.
type options struct {
	only        []string
	rounds      int
	round       time.Duration
	share       float64 // of each floor, in the open loop
	gateRate    float64 // checks per second
	connections int
	people      int // approved applications on which sessions are opened
	sessions    int // open hosted sessions
	database    string
	port        int
	out         string // "": stored only if the run is whole

	whole bool // all flags have their defaults, except -out and -port
}

// Bounds of the flags.
const (
	// maxRound keeps a round within the two minutes in which a prepared check is valid.
	maxRound       = 20 * time.Second
	minRound       = 100 * time.Millisecond
	maxRounds      = 100
	maxConnections = 128 // the issuer serves 256 concurrent requests, and half as many face checks
	maxUsers       = 50_000
	maxGateRate    = 20_000
)

// isolationRun is the run that shows whether the issuance side affects a gate.
const isolationRun = "isolation"

func defaults() options {
	return options{rounds: measure.Enough, round: 4 * time.Second, share: 0.5, gateRate: 1000, connections: 32,
		people: 10_000, sessions: 5000, database: postgreSQL, port: 19850}
}

func parse(args []string, stdout io.Writer) (*options, error) {
	o := defaults()
	flags := flag.NewFlagSet("issuance", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	names := append(groups(), isolationRun)
	only := flags.String("only", strings.Join(names, ","), "`names` to measure, separated by commas")
	flags.IntVar(&o.rounds, "rounds", o.rounds, "rounds of each workload; fewer than 5 are not a measurement")
	flags.DurationVar(&o.round, "round", o.round, "duration of a round; twice as long for the gate in an isolation run")
	flags.Float64Var(&o.share, "rate", o.share, "rate of the open loop as a `share` of each floor")
	flags.Float64Var(&o.gateRate, "gate-rate", o.gateRate, "checks per `second` at the gate in the isolation run")
	flags.IntVar(&o.connections, "connections", o.connections, "keep-alive connections to the issuer, each with one request at a time")
	flags.IntVar(&o.people, "people", o.people, "approved applications on which sessions are opened in turn; enough that none is used twice in a second")
	flags.IntVar(&o.sessions, "sessions", o.sessions, "open hosted sessions whose codes are requested in turn")
	flags.StringVar(&o.database, "database", o.database, "postgres, or sqlite for a quick check")
	flags.IntVar(&o.port, "port", o.port, "port of PostgreSQL on 127.0.0.1")
	flags.StringVar(&o.out, "out", o.out, "`file` for raw rounds and tables; \"\": bench/results/DATE-MACHINE-issuance.txt for a run with default flags, otherwise none")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			help(stdout, flags)
			return nil, err
		}
		return nil, tool.Usage{Err: err}
	}
	o.whole = true
	flags.Visit(func(f *flag.Flag) {
		o.whole = o.whole && (f.Value.String() == f.DefValue || f.Name == "out" || f.Name == "port")
	})
	var err error
	if o.only, err = tool.Pick("only", *only, names); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, tool.Usagef("%q is not a flag", flags.Arg(0))
	}
	return &o, o.validate()
}

func (o *options) validate() error {
	for _, bound := range []struct {
		ok   bool
		text string
	}{
		{o.rounds >= 1 && o.rounds <= maxRounds, fmt.Sprintf("-rounds must be 1 to %d", maxRounds)},
		{o.round >= minRound && o.round <= maxRound, fmt.Sprintf("-round must be %v to %v", minRound, maxRound)},
		{o.share >= 0.001 && o.share <= 2, "-rate must be 0.001 to 2 times the floors"},
		{o.gateRate >= 10 && o.gateRate <= maxGateRate, fmt.Sprintf("-gate-rate must be 10 to %d", maxGateRate)},
		{o.connections >= 3 && o.connections <= maxConnections, fmt.Sprintf("-connections must be 3 to %d", maxConnections)},
		{o.people >= 1 && o.people <= maxUsers, fmt.Sprintf("-people must be 1 to %d", maxUsers)},
		{o.sessions >= 1 && o.sessions <= maxUsers, fmt.Sprintf("-sessions must be 1 to %d", maxUsers)},
		{o.database == postgreSQL || o.database == sqlite, "-database must be postgres or sqlite"},
		{o.port >= 1024 && o.port <= 65535, "-port must be 1024 to 65535"},
	} {
		if !bound.ok {
			return tool.Usagef("%s", bound.text)
		}
	}
	return nil
}

func help(to io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(to, `issuance measures the issuance backend over HTTP, with its own PostgreSQL and broker, and
whether load or faults of the issuance side affect a gate. A whole run takes about ten minutes.

  go run ./bench/issuance                                          everything, stored in bench/results
  go run ./bench/issuance -only applications,codes                 two groups of workloads
  go run ./bench/issuance -only isolation                          a gate during load and faults of the issuance side
  go run ./bench/issuance -rounds 1 -round 500ms                   a quick check that everything runs, not a measurement
  go run ./bench/issuance -database sqlite -only applications      on SQLite

It needs Go and, except with SQLite, PostgreSQL 15 or newer (deploy/postgres/postgres.sh).
Exit codes: 0 all floors are met; 1 a floor is missed, or an error; 2 wrong flags.

Names for -only:
`)
	for _, g := range groups() {
		for _, l := range workloads {
			if l.group == g {
				fmt.Fprintf(to, "  %-13s %s\n", g, l.what)
			}
		}
	}
	fmt.Fprintf(to, "  %-13s %s\n\nFlags:\n", isolationRun, "p99 of a gate while the issuance side is idle, replaced by pure computing, saturated, and without its database")
	flags.SetOutput(to)
	flags.PrintDefaults()
}

// command returns the command that repeats this run.
func (o *options) command() string {
	return fmt.Sprintf("go run ./bench/issuance -only %s -rounds %d -round %v -rate %g -gate-rate %g -connections %d -people %d -sessions %d -database %s",
		strings.Join(o.only, ","), o.rounds, o.round, o.share, o.gateRate, o.connections, o.people, o.sessions, o.database)
}

// outFile returns the file for this run; "": none.
func (o *options) outFile(root string, m tool.Machine) string {
	switch {
	case o.out != "":
		return o.out
	case o.whole:
		return filepath.Join(root, measure.ResultFile(m, "issuance"))
	}
	return ""
}
