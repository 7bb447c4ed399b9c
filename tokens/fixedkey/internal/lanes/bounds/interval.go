package main

import (
	"fmt"
	"math/big"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

// interval is the range of a word in any lane, from low to high inclusive.
type interval struct{ low, high *big.Int }

func exactly(w uint64) interval {
	n := new(big.Int).SetUint64(w)
	return interval{n, n}
}

func upTo(high *big.Int) interval { return interval{new(big.Int), high} }

// or returns the smallest interval that contains both. A cell without a stored value
// has no interval and must not be read.
func (i interval) or(j interval) interval {
	if i.low == nil {
		return j
	}
	if j.low == nil {
		return i
	}
	low, high := i.low, i.high
	if j.low.Cmp(low) < 0 {
		low = j.low
	}
	if j.high.Cmp(high) > 0 {
		high = j.high
	}
	return interval{low, high}
}

func (i interval) within(j interval) bool {
	return i.low == nil || j.low != nil && j.low.Cmp(i.low) <= 0 && i.high.Cmp(j.high) <= 0
}

func power(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }

func below(n *big.Int) *big.Int { return new(big.Int).Sub(n, big.NewInt(1)) }

// ranges runs steps on intervals in place of words.
type ranges struct {
	regs  []interval
	areas map[program.Cell]interval
	given map[program.Area]*big.Int // exclusive bound of every word in the area
	peak  *big.Int                  // greatest word so far
}

// run runs steps. It returns an error for a step that may overflow: a word of 2^64 or
// more or below zero, a factor of 2^52 or more, or a claim that may not hold.
func (r *ranges) run(steps []program.Step) error {
	for n, s := range steps {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("step %d, %v: %s", n, s.Op, fmt.Sprintf(format, args...))
		}
		a, b := r.regs[s.A], r.regs[s.B]
		var d interval
		switch s.Op {
		case program.Load:
			d = r.cell(s.M)
		case program.Store:
			r.areas[s.M] = a
			continue
		case program.Claim:
			if limit := new(big.Int).SetUint64(s.Limit); a.high.Cmp(limit) >= 0 {
				return fail("word up to %x, claimed to be below %x", a.high, limit)
			}
			continue
		case program.Clear:
			d = exactly(0)
		case program.Add:
			d = interval{new(big.Int).Add(a.low, b.low), new(big.Int).Add(a.high, b.high)}
		case program.Sub:
			d = interval{new(big.Int).Sub(a.low, b.high), new(big.Int).Sub(a.high, b.low)}
		case program.And:
			d = upTo(b.high)
			if a.high.Cmp(b.high) < 0 {
				d = upTo(a.high)
			}
		case program.Shift:
			d = interval{new(big.Int).Rsh(a.low, uint(s.N)), new(big.Int).Rsh(a.high, uint(s.N))}
		case program.Left:
			high := new(big.Int).Lsh(a.high, uint(s.N))
			if most := new(big.Int).Sub(power(64), power(uint(s.N))); high.Cmp(most) > 0 {
				high = most // the greatest word whose low bits are 0
			}
			d = upTo(high)
		case program.Xor, program.Or:
			d = upTo(below(power(64)))
		case program.Times:
			d = interval{new(big.Int).Mul(a.low, b.low), new(big.Int).Mul(a.high, b.high)}
		case program.Low, program.High:
			if a.high.BitLen() > 52 || b.high.BitLen() > 52 {
				return fail("factors up to %x and %x", a.high, b.high)
			}
			half := new(big.Int).Mul(a.high, b.high)
			if s.Op == program.High {
				half.Rsh(half, 52)
			} else if half.BitLen() > 52 {
				half = below(power(52))
			}
			d = interval{r.regs[s.D].low, half.Add(half, r.regs[s.D].high)}
		case program.Pick, program.Even, program.Odd, program.Blocks, program.Choose:
			d = a.or(b)
		default:
			return fail("no interval rule for this operation")
		}
		if d.low == nil {
			return fail("read before a value was stored")
		}
		if d.low.Sign() < 0 || d.high.BitLen() > 64 {
			return fail("from %x to %x", d.low, d.high)
		}
		if r.regs[s.D] = d; d.high.Cmp(r.peak) > 0 {
			r.peak = d.high
		}
	}
	return nil
}

func (r *ranges) cell(c program.Cell) (i interval) {
	switch c.Area {
	case program.Const:
		for _, w := range program.Constants[c.Index] {
			i = i.or(exactly(w))
		}
		return i
	case program.Entry: // reduced limbs
		return upTo(below(power(layout.LimbBits)))
	case program.First, program.Second, program.Third:
		if r.given != nil {
			return upTo(below(r.given[c.Area]))
		}
	}
	return r.areas[c]
}
