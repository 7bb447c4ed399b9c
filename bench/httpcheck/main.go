// Command httpcheck measures the cost of checks over HTTP on one core, for the gateway and for
// rivals that do the same or nothing at all.
//
//	go run ./bench/httpcheck -only cached-noop,latency
//
// Each server is a separate process on CPU 0 with GOMAXPROCS=1 or one worker. This process,
// the load generator, is on CPU 1 with the same limit. Rounds of the gateway and its rivals
// alternate. Every answer is checked; a wrong answer ends the run.
//
// stdout gets a line per round in the form of Go's benchmarks, from which bench/rivals makes a
// table, and a line "NotRun NAME: REASON" for each rival that cannot run here. stderr gets
// progress. The program reads and writes no files, except those of nginx in a temporary
// folder. The servers listen on free ports of 127.0.0.1 and end with this process. Exit codes:
// 0 all answers were correct; 1 an answer was wrong, or an error; 2 wrong flags.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/test/tool"
)

func main() {
	os.Exit(tool.ExitCode("httpcheck", run(tool.Context(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
}

// options are the flags.
type options struct {
	connections, sessions, fresh, rounds int
	attackers                            int
	round                                time.Duration
	pin                                  bool
	only                                 []string
}

// The names that -only accepts.
const (
	cachedNoop  = "cached-noop"
	beyond      = "beyond-noop"
	cachedNginx = "cached-nginx"
	everyNew    = "new"
	batch       = "batch"
	latency     = "latency"
	flood       = "flood"
	pipelines   = "pipelines"
	unfinished  = "unfinished"
)

var names = []string{cachedNoop, beyond, cachedNginx, everyNew, batch, latency, flood, pipelines, unfinished}

// maxRound is far below the minute for which codes made at its start are valid.
const maxRound = 20 * time.Second

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("httpcheck", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.connections, "connections", 64, "keep-alive connections, each with one request at a time")
	flags.IntVar(&o.sessions, "sessions", 4096, "sessions whose passes are in the cache, shown in turn")
	flags.IntVar(&o.fresh, "new", 200_000, "sessions that are shown once in a round to a server without them")
	flags.IntVar(&o.attackers, "attackers", 1000, "connections that send pipelines; 7.5 times as many send unfinished batches")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of each server")
	flags.DurationVar(&o.round, "round", 3*time.Second, "duration of a round, at most "+maxRound.String())
	flags.BoolVar(&o.pin, "pin", true, "pin the servers to CPU 0 and the load generator to CPU 1, if possible")
	only := flags.String("only", strings.Join(names, ","), "`names` to measure, separated by commas")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stdout)
			flags.Usage()
			return nil, err
		}
		return nil, tool.Usage{Err: err}
	}
	var err error
	if o.only, err = tool.Pick("only", *only, names); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, tool.Usagef("%q is not a flag", flags.Arg(0))
	case o.connections < 1 || o.connections > 4096:
		return nil, tool.Usagef("-connections must be 1 to 4096")
	case o.sessions < 1 || o.sessions > 1<<16:
		return nil, tool.Usagef("-sessions must be 1 to 65536")
	case o.fresh < 100 || o.fresh > 1_000_000:
		return nil, tool.Usagef("-new must be 100 to 1000000")
	case o.attackers < 1 || o.attackers > 2000:
		return nil, tool.Usagef("-attackers must be 1 to 2000")
	case o.rounds < 1 || o.rounds > 100:
		return nil, tool.Usagef("-rounds must be 1 to 100")
	case o.round < 10*time.Millisecond || o.round > maxRound:
		return nil, tool.Usagef("-round must be 10ms to %v", maxRound)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == servers.Command { // this process is a server or an attacker
		return servers.Serve(args[1:], stdin, stdout)
	}
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o, stdout, stderr)
	if err != nil {
		return err
	}
	return b.run()
}
