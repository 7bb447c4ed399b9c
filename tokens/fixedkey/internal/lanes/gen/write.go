package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

// cell returns the memory operand of a cell. The address of an entry is read from the row.
func (w *writer) cell(c program.Cell) operand.Mem {
	in := func(base reg.Register, cell int) operand.Mem { return operand.Mem{Base: base, Disp: cellSize * cell} }
	switch c.Area {
	case program.Sum:
		return in(w.frame, c.Index)
	case program.Addend:
		return in(w.frame, addendAt+c.Index)
	case program.Scratch:
		return in(w.frame, scratchAt+c.Index)
	case program.Const:
		return w.constants.Offset(cellSize * c.Index)
	case program.Order:
		return in(w.order, c.Index)
	case program.First, program.Second, program.Third, program.Fourth:
		return in(w.given[c.Area-program.First], c.Index)
	case program.Entry:
		lane, half := c.Index/2, c.Index%2
		entry := w.GP64()
		w.MOVQ(operand.Mem{Base: w.row, Disp: 8 * lane}, entry)
		w.ANDQ(operand.I8(-2), entry)
		return in(entry, half)
	}
	panic("BUG: no such area")
}

// setup loads the constants that stay in registers.
func (w *writer) setup(steps []program.Step) {
	for _, s := range steps {
		w.kept[s.D] = true
	}
	w.write("Load the constants that stay in registers.", steps)
}

func (w *writer) write(what string, steps []program.Step) {
	w.Comment(what)
	last := lastUses(steps)
	for n, s := range steps {
		w.step(s)
		for _, r := range [...]program.Reg{s.D, s.A, s.B} {
			if at, used := last[r]; used && at == n {
				w.release(r)
				delete(last, r) // a step may use a register twice
			}
		}
	}
}

func (w *writer) step(s program.Step) {
	switch s.Op {
	case program.Claim:
		return
	case program.Store:
		w.VMOVDQU64(w.reg(s.A), w.cell(s.M))
		return
	case program.Load:
		w.load(s)
		return
	}
	d := w.reg(s.D)
	if do := w.plain(s.Op); do != nil {
		do(w.reg(s.B), w.reg(s.A), d)
		return
	}
	switch s.Op {
	case program.Clear:
		w.VPXORQ(d, d, d)
	case program.Shift:
		w.VPSRLQ(operand.U8(uint8(s.N)), w.reg(s.A), d)
	case program.Left:
		w.VPSLLQ(operand.U8(uint8(s.N)), w.reg(s.A), d)
	case program.Pick:
		k := w.upper
		if s.Mask == program.Signs {
			k = w.signs
		}
		w.VPBLENDMQ(w.reg(s.B), w.reg(s.A), k, d)
	case program.Blocks:
		w.VSHUFI64X2(operand.U8(uint8(s.N)), w.reg(s.B), w.reg(s.A), d)
	case program.Choose:
		w.VMOVDQU64(w.cell(s.M), d)
		w.VPERMI2Q(w.reg(s.B), w.reg(s.A), d)
	default:
		panic(fmt.Sprintf("BUG: no instruction for %v", s.Op))
	}
}

// plain returns the instruction of an operation on two registers, otherwise nil.
func (w *writer) plain(o program.Op) func(...operand.Op) {
	return map[program.Op]func(...operand.Op){
		program.Add: w.VPADDQ, program.Sub: w.VPSUBQ, program.And: w.VPANDQ, program.Xor: w.VPXORQ, program.Or: w.VPORQ,
		program.Times: w.VPMULLQ, program.Low: w.VPMADD52LUQ, program.High: w.VPMADD52HUQ,
		program.Even: w.VPUNPCKLQDQ, program.Odd: w.VPUNPCKHQDQ,
	}[o]
}

// load writes a load. With the first word of a row it also loads the signs of the row.
// With the last word it prefetches the entries of a later row and advances to the next
// row, unless the row is the last.
func (w *writer) load(s program.Step) {
	if s.M == (program.Cell{Area: program.Entry, Index: 0}) {
		signs := w.reg(s.D) // free until the load below
		w.VMOVDQU64(w.cell(program.Cell{Area: program.Const, Index: program.SignBit}), signs)
		w.VPTESTMQ(operand.Mem{Base: w.row}, signs, w.signs)
	}
	w.VMOVDQU64(w.cell(s.M), w.reg(s.D))
	if s.M == (program.Cell{Area: program.Entry, Index: 15}) {
		for lane := range 8 {
			entry := w.GP64()
			w.MOVQ(operand.Mem{Base: w.row, Disp: layout.Ahead*rowSize + 8*lane}, entry)
			w.PREFETCHT0(operand.Mem{Base: entry})
			w.PREFETCHT0(operand.Mem{Base: entry, Disp: 64})
		}
		next := w.GP64()
		w.LEAQ(operand.Mem{Base: w.row, Disp: rowSize}, next)
		w.CMPQ(w.row, w.last)
		w.CMOVQNE(next, w.row)
	}
}
