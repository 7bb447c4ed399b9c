// Command httpcheck measures what a check over HTTP costs on one core: the
// gateway, with every pass in its cache, beside a fasthttp handler that does
// nothing but send an answer of the same size to the same requests.
//
//	go run ./bench/httpcheck
//
// Each server is a process of its own on CPU 0 with GOMAXPROCS=1; this process,
// the load generator, is on CPU 1 with the same. Rounds of the two alternate.
// Every answer must be an allow; one that is not ends in exit code 1. It is a
// closed loop: it measures throughput and processor time, never latency, which
// the load test does.
//
// It reads no file and writes the one named with -out. The table goes to
// stdout. The servers listen on free ports of 127.0.0.1 and end with this
// process. Exit codes: 0 every answer was an allow; 1 any was not, or an error;
// 2 wrong flags.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
}

// usageError is a fault of the command line.
type usageError struct{ error }

func exitCode(err error, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "httpcheck: %v\nhttpcheck -h explains the flags\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "httpcheck: %v\n", err)
	return 1
}

// options are the flags.
type options struct {
	connections, sessions, rounds int
	round                         time.Duration
	pin                           bool
	out                           string
}

// maxRound is far below the minute for which codes made at its start are good.
const maxRound = 30 * time.Second

func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("httpcheck", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.connections, "connections", 64, "keep-alive connections, each with one request at a time")
	flags.IntVar(&o.sessions, "sessions", 64, "sessions per connection, shown in turn")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of each server; figures are medians over them")
	flags.DurationVar(&o.round, "round", 3*time.Second, "length of a round, at most "+maxRound.String())
	flags.BoolVar(&o.pin, "pin", true, "keep the servers on CPU 0 and the load generator on CPU 1, where the system lets it")
	flags.StringVar(&o.out, "out", "", "also write the report to this file; \"\": do not")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stdout)
			flags.Usage()
			return nil, err
		}
		return nil, usageError{err}
	}
	switch {
	case flags.NArg() > 0:
		return nil, usageError{fmt.Errorf("%q is not a flag", flags.Arg(0))}
	case o.connections < 1 || o.connections > 4096:
		return nil, usageError{errors.New("-connections must be 1 to 4096")}
	case o.sessions < 1 || o.connections*o.sessions > 1<<16:
		return nil, usageError{errors.New("-sessions must be at least 1, and at most 65536 together over all connections")}
	case o.rounds < 1 || o.rounds > 1000:
		return nil, usageError{errors.New("-rounds must be 1 to 1000")}
	case o.round < 10*time.Millisecond || o.round > maxRound:
		return nil, usageError{fmt.Errorf("-round must be 10ms to %v", maxRound)}
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == serverCommand { // this process is one of the servers
		return serveChild(args[1:], stdin, stdout)
	}
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	file := io.WriteCloser(nil)
	if o.out != "" {
		// Made before the run: a measurement must not be lost to a wrong path.
		if file, err = os.Create(o.out); err != nil {
			return err
		}
	}
	var report bytes.Buffer
	err = measure(ctx, o, io.MultiWriter(stdout, &report))
	if err != nil {
		fmt.Fprintf(&report, "\nNOT VALID: %v\n", err)
	}
	if file != nil {
		_, failed := file.Write(report.Bytes())
		err = errors.Join(err, failed, file.Close())
	}
	return err
}

// command is how to run this again, without the name of the output file.
func (o *options) command() string {
	return fmt.Sprintf("go run ./bench/httpcheck %s", strings.Join([]string{
		fmt.Sprintf("-connections %d", o.connections), fmt.Sprintf("-sessions %d", o.sessions),
		fmt.Sprintf("-rounds %d", o.rounds), fmt.Sprintf("-round %v", o.round), fmt.Sprintf("-pin=%v", o.pin)}, " "))
}
