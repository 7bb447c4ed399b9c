// Command gen generates the assembly of the eight-lane kernel from the lists of steps in
// package program. It is a separate module, which keeps its dependencies out of the
// product.
//
//	go generate ./tokens/fixedkey/internal/lanes
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

func main() {
	flags := flag.NewFlagSet("gen", flag.ExitOnError) // avo defines flags in flag.CommandLine
	out := flags.String("out", "kernel_amd64.s", "file to write the assembly to")
	flags.Parse(os.Args[1:])
	text, err := assembly()
	if err == nil {
		err = os.WriteFile(*out, text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// assembly returns the complete file.
func assembly() ([]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("!purego")
	constants := words(c, "constants", program.Constants[:])
	orders := words(c, "orders", append(append(program.Orders[0][:], program.Orders[1][:]...), program.Orders[2][:]...))
	kernel(c, constants, orders)
	finish(c, constants)
	touch(c)
	compress(c)
	split(c)
	splitLanes(c)
	file, err := c.Result()
	if err == nil {
		err = pass.Compile.Execute(file)
	}
	if err != nil {
		return nil, err
	}
	text, err := printer.NewGoAsm(printer.Config{Name: "command gen in folder gen"}).Print(file)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(text, []byte("·run(SB)")) {
		return nil, errors.New("the generated assembly does not contain the kernel")
	}
	return text, nil
}
