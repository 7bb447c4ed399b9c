package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
)

// splitter computes addresses from scalars and a layout.Split: eight windows of one
// scalar at a time, or one window of eight scalars.
type splitter struct {
	*build.Context
	plan reg.Register
}

// column returns a column of the plan, from window at on.
func (s *splitter) column(n int, at reg.Register) operand.Mem {
	return operand.Mem{Base: s.plan, Index: at, Scale: 8, Disp: 8 * layout.SplitWindows * n}
}

// address converts the bits of the words low and high, from the window's first bit on,
// to the address of the window's entry. source loads a column.
func (s *splitter) address(low, high, table reg.VecPhysical, source func(column int, z reg.VecPhysical)) {
	x, sign := vectors[10], vectors[11]
	source(layout.SplitShift, x)
	s.VPSHRDVQ(x, high, low)
	source(layout.SplitMask, x)
	s.VPANDQ(x, low, low)
	source(layout.SplitHalf, x)
	s.VPSUBQ(x, low, low)
	s.VPSRLQ(operand.U8(63), low, sign)
	s.VPABSQ(low, low)
	s.VPSLLQ(operand.U8(7), low, low) // multiply by the size of an entry
	source(layout.SplitOffset, x)
	s.VPADDQ(x, low, low)
	s.VPADDQ(table, low, low)
	s.VPORQ(sign, low, low)
}

// split writes the function split, for one scalar.
func split(c *build.Context) {
	c.Function("split")
	c.Attributes(attr.NOSPLIT)
	c.Doc("split writes the addresses of a scalar's windows, eight at a time.")
	c.SignatureExpr("func(out *uint64, scalar *uint64, plan *uint64, table uint64, windows int)")
	s := &splitter{c, c.Load(c.Param("plan"), c.GP64())}
	out, windows := c.Load(c.Param("out"), c.GP64()), c.Load(c.Param("windows"), c.GP64())
	words, table, one := vectors[0], vectors[1], vectors[2]
	low, high, index := vectors[3], vectors[4], vectors[5]
	c.VMOVDQU64(operand.Mem{Base: c.Load(c.Param("scalar"), c.GP64())}, words)
	c.VPBROADCASTQ(c.Load(c.Param("table"), c.GP64()), table)
	ones := c.GP64()
	c.MOVQ(operand.U32(1), ones)
	c.VPBROADCASTQ(ones, one)
	at := c.GP64()
	c.XORQ(at, at)
	c.Label("eight")
	load := func(column int, z reg.VecPhysical) { c.VMOVDQU64(s.column(column, at), z) }
	load(layout.SplitWord, index)
	c.VPERMQ(words, index, low)
	c.VPADDQ(one, index, index)
	c.VPERMQ(words, index, high)
	s.address(low, high, table, load)
	c.VMOVDQU64(low, operand.Mem{Base: out, Index: at, Scale: 8})
	c.ADDQ(operand.U8(8), at)
	c.CMPQ(at, windows)
	c.JL(operand.LabelRef("eight"))
	c.VZEROUPPER()
	c.RET()
}

// splitLanes writes the function splitLanes, for eight scalars.
func splitLanes(c *build.Context) {
	c.Function("splitLanes")
	c.Attributes(attr.NOSPLIT)
	c.Doc("splitLanes writes a row of addresses for each window of eight scalars.")
	c.SignatureExpr("func(rows *uint64, scalars *uint64, plan *uint64, tables *uint64, windows int)")
	s := &splitter{c, c.Load(c.Param("plan"), c.GP64())}
	rows, windows := c.Load(c.Param("rows"), c.GP64()), c.Load(c.Param("windows"), c.GP64())
	scalars := c.Load(c.Param("scalars"), c.GP64())
	table, low, high := vectors[1], vectors[3], vectors[4]
	c.VMOVDQU64(operand.Mem{Base: c.Load(c.Param("tables"), c.GP64())}, table)
	at, word := c.GP64(), c.GP64()
	c.XORQ(at, at)
	c.Label("window")
	c.MOVQ(s.column(layout.SplitWord, at), word)
	c.SHLQ(operand.U8(6), word)
	c.VMOVDQU64(operand.Mem{Base: scalars, Index: word, Scale: 1}, low)
	c.VMOVDQU64(operand.Mem{Base: scalars, Index: word, Scale: 1, Disp: cellSize}, high)
	s.address(low, high, table, func(column int, z reg.VecPhysical) { c.VPBROADCASTQ(s.column(column, at), z) })
	c.VMOVDQU64(low, operand.Mem{Base: rows})
	c.ADDQ(operand.U32(rowSize), rows)
	c.INCQ(at)
	c.CMPQ(at, windows)
	c.JL(operand.LabelRef("window"))
	c.VZEROUPPER()
	c.RET()
}
