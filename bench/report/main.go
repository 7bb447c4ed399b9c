// Command report turns the output of `go test -bench`, any number of rounds of
// it, into one table: for each benchmark the median of ours, of each plain
// rival, and how many times ours each rival takes.
//
//	go run ./bench/report < out/bench.txt
//
// It goes by names: BenchmarkWhat/ours, the first if there are several, beside
// BenchmarkWhat/plain-something. It
// reads stdin and writes Markdown to stdout. It is for outputs of one machine:
// runs whose heads differ are refused, since a ratio across them means nothing.
//
// Exit codes: 0 every pair is complete; 1 input that is no whole output: a
// missing rival, rounds of unequal number, a failed run, nothing at all; 2 an
// argument was given.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "report: takes no arguments: it reads the output of go test -bench on stdin")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "report: %v\n", err)
		os.Exit(1)
	}
}

// run writes nothing unless the whole input is good: half a table would be quoted.
func run(in io.Reader, out io.Writer) error {
	o, err := read(in)
	if err != nil {
		return err
	}
	if err := o.complete(); err != nil {
		return err
	}
	_, err = io.WriteString(out, o.table())
	return err
}
