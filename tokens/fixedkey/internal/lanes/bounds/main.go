// Command bounds proves that the eight-lane kernels never lose a bit: it runs their
// steps on intervals, which contain every possible word, and fails if a word could
// reach 2^64, or 2^52 as an operand of a 52-bit multiplication.
//
//	go run ./tokens/fixedkey/internal/lanes/bounds
//
// For each piece it prints the greatest word and the greatest limb of the sum. A piece
// that the kernel repeats is run until its result is within its input.
package main

import (
	"fmt"
	"io"
	"math"
	"math/big"
	"os"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

func main() {
	err := prove(os.Stdout, program.New())
	if err == nil {
		err = proveFinish(os.Stdout, program.NewFinish())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bounds:", err)
		os.Exit(1)
	}
}

// settlesWithin is the greatest number of runs of a repeated piece until its bounds no
// longer grow.
const settlesWithin = 8

func prove(w io.Writer, k *program.Kernel) error {
	r := &ranges{regs: make([]interval, k.Regs+1), areas: map[program.Cell]interval{}}
	once := func(name string, steps []program.Step) error {
		r.peak = new(big.Int)
		if err := r.run(steps); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(w, "%-6s %4d steps, words below 2^%.2f, limbs of the sum below 2^%.2f\n", name, len(steps), log2(r.peak), log2(r.sum()))
		return nil
	}
	often := func(name string, steps []program.Step) error {
		for range settlesWithin {
			before := r.snapshot()
			if err := once(name, steps); err != nil {
				return err
			}
			if r.settle(before) {
				return nil
			}
		}
		return fmt.Errorf("%s: bounds grow with every run", name)
	}
	for _, piece := range []struct {
		name  string
		steps []program.Step
		run   func(string, []program.Step) error
	}{
		{"setup", k.Setup, once}, {"fetch", k.Fetch, once}, {"start", k.Start, once}, {"fetch", k.Fetch, once},
		{"round", k.Round, often}, {"join", k.Join, often},
	} {
		if err := piece.run(piece.name, piece.steps); err != nil {
			return err
		}
	}
	if limit := new(big.Int).SetUint64(program.Uncarried); r.sum().Cmp(limit) >= 0 {
		return fmt.Errorf("limbs of the sum reach %x, callers require less than %x", r.sum(), limit)
	}
	return nil
}

// proveFinish is prove for the end of a batch: the multiplication, whose claims it
// checks, and the comparison.
func proveFinish(w io.Writer, f *program.Finish) error {
	word := func(n uint64) *big.Int { return new(big.Int).SetUint64(n) }
	for _, piece := range []struct {
		name  string
		steps []program.Step
		given map[program.Area]*big.Int
	}{
		{"multiply", f.Multiply, map[program.Area]*big.Int{program.First: word(program.Uncarried), program.Second: word(program.Uncarried)}},
		{"compare", f.Compare, map[program.Area]*big.Int{program.First: word(program.Carried), program.Second: word(program.Carried), program.Third: power(64)}},
	} {
		r := &ranges{regs: make([]interval, f.Regs+1), areas: map[program.Cell]interval{}, given: piece.given, peak: new(big.Int)}
		for _, steps := range [][]program.Step{f.Setup, piece.steps} {
			if err := r.run(steps); err != nil {
				return fmt.Errorf("%s: %w", piece.name, err)
			}
		}
		fmt.Fprintf(w, "%-8s %4d steps, words below 2^%.2f\n", piece.name, len(piece.steps), log2(r.peak))
		for c, i := range r.areas {
			if piece.name == "multiply" && i.high.Cmp(word(program.Carried)) >= 0 {
				return fmt.Errorf("multiply: limb %d of the product reaches %x", c.Index, i.high)
			}
		}
	}
	return nil
}

// snapshot returns a copy of the areas.
func (r *ranges) snapshot() map[program.Cell]interval {
	before := make(map[program.Cell]interval, len(r.areas))
	for c, i := range r.areas {
		before[c] = i
	}
	return before
}

// settle widens the areas by their contents before a run. It returns true if the run
// stored no new values: then the bounds hold for any number of runs.
func (r *ranges) settle(before map[program.Cell]interval) bool {
	settled := true
	for c, i := range r.areas {
		settled = settled && i.within(before[c])
		r.areas[c] = i.or(before[c])
	}
	return settled
}

// sum returns the greatest limb of the sum.
func (r *ranges) sum() *big.Int {
	var all interval
	for c, i := range r.areas {
		if c.Area == program.Sum {
			all = all.or(i)
		}
	}
	if all.high == nil {
		return new(big.Int)
	}
	return all.high
}

func log2(n *big.Int) float64 {
	if n.Sign() == 0 {
		return 0
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return math.Log2(f + 1)
}
