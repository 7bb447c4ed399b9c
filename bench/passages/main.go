// Command passages measures how passages reach other gateways: the time from a passage at one gateway until
// another one refuses the code, and how long a starting gateway reads the last window.
//
//	go run ./bench/passages -kafka 127.0.0.1:19092 -for 2m
//
// The gateways are in this process, with the exchange and the table of package passage and one clock, and
// without HTTP. Passages arrive open loop; the time counts from the moment a passage was due. Without -kafka
// the broker is in this process, too, which shows that the program works and is no figure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/tool"
)

// options are the command line.
type options struct {
	brokers    []string // empty: a broker in this process
	rate       int      // passages a second, over all gateways
	length     time.Duration
	warmUp     time.Duration
	gateways   int
	partitions int
	copies     int // of each partition
	window     time.Duration
}

func (o *options) check() error {
	switch {
	case o.rate < 1 || o.rate > 100_000:
		return errors.New("-rate must be 1 to 100000")
	case o.length < time.Second || o.length > 10*time.Minute || o.warmUp < 0 || o.warmUp > time.Minute:
		return errors.New("-for must be 1s to 10m, -warm-up at most 1m")
	case o.gateways < 2 || o.gateways > 200:
		return errors.New("-gateways must be 2 to 200")
	case o.partitions < 1 || o.partitions > 64 || o.copies < 1 || o.copies > 5:
		return errors.New("-partitions must be 1 to 64, -copies 1 to 5")
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "passages:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o := options{window: passage.CodeLife * time.Millisecond}
	f := flag.NewFlagSet("passages", flag.ContinueOnError)
	brokers := f.String("kafka", "", "bootstrap brokers, `host:port,host:port`; empty: a broker in this process")
	f.IntVar(&o.rate, "rate", 3000, "passages a second, over all gateways")
	f.DurationVar(&o.length, "for", 10*time.Second, "length of the measurement; 2m fills the window that a starting gateway reads")
	f.DurationVar(&o.warmUp, "warm-up", 3*time.Second, "time at the same rate before the measurement")
	f.IntVar(&o.gateways, "gateways", 2, "number of gateways that write and read")
	f.IntVar(&o.partitions, "partitions", 3, "partitions of the topic")
	f.IntVar(&o.copies, "copies", 1, "copies of each partition; 3 on three nodes")
	if err := f.Parse(args); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	machine := tool.ThisMachine()
	name := "Apache Kafka"
	if *brokers != "" {
		o.brokers = strings.Split(*brokers, ",")
	} else {
		b, err := fakekafka.Start()
		if err != nil {
			return err
		}
		defer b.Close()
		o.brokers, name = b.Addresses(), "a broker in this process"
	}
	fmt.Printf("machine: %s\nbroker: %s, %d partitions, %d copies\ncommand: go run ./bench/passages %s\n\n",
		machine, name, o.partitions, o.copies, strings.Join(args, " "))
	r, err := measure(ctx, &o)
	if err != nil {
		return err
	}
	return r.print(os.Stdout, &o)
}
