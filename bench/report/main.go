// Command report turns the output of `go test -bench`, any number of rounds, into one table:
// for each benchmark the median of ours, of each plain rival, and the rival's multiple of
// ours.
//
//	go run ./bench/report < out/bench.txt
//
// It uses the names: BenchmarkWhat/ours, the first if there are several, and
// BenchmarkWhat/plain-something. It reads stdin and writes Markdown to stdout. The output must
// be from one machine: runs with different heads are rejected, since a ratio across machines
// means nothing.
//
// Exit codes: 0 every pair is complete; 1 the input is incomplete: a missing rival, rounds of
// unequal number, a failed run, no benchmark; 2 an argument was given.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "report: takes no arguments; it reads the output of go test -bench on stdin")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "report: %v\n", err)
		os.Exit(1)
	}
}

// run writes nothing unless the whole input is valid: a partial table could be quoted.
func run(in io.Reader, out io.Writer) error {
	o, err := readOutput(in)
	if err != nil {
		return err
	}
	if err := o.complete(); err != nil {
		return err
	}
	_, err = io.WriteString(out, o.table())
	return err
}
