package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

const (
	cellSize  = 64 // bytes
	rowSize   = 64 // bytes: eight addresses
	levelSize = 2 * cellSize
	levels    = len(program.Orders)
)

// words writes cells to read-only data.
func words(c *build.Context, name string, cells [][8]uint64) operand.Mem {
	data := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, cell := range cells {
		for lane, w := range cell {
			c.AddDatum(cellSize*i+8*lane, operand.U64(w))
		}
	}
	return data
}

// writer turns steps into instructions.
type writer struct {
	*build.Context
	regs      map[program.Reg]reg.VecPhysical
	free      []reg.VecPhysical
	kept      map[program.Reg]bool
	constants operand.Mem
	frame     reg.GPVirtual // areas Sum, Addend and Scratch, in this order
	row, last reg.GPVirtual // rows of addresses: the next, the last
	order     reg.GPVirtual // Order of the current level
	upper     reg.OpmaskVirtual
	signs     reg.OpmaskVirtual
	given     [4]reg.GPVirtual // areas First to Fourth
}

func newWriter(c *build.Context, constants operand.Mem) *writer {
	return &writer{Context: c, regs: map[program.Reg]reg.VecPhysical{}, free: vectors, kept: map[program.Reg]bool{}, constants: constants}
}

// Offsets of the areas in the frame, in cells.
const (
	addendAt   = layout.SumCells
	scratchAt  = addendAt + layout.AddendCells
	frameCells = scratchAt + program.ScratchCells
)

// kernel writes the function run.
func kernel(c *build.Context, constants, orders operand.Mem) {
	k := program.New()
	c.Function("run")
	c.Doc("run adds rows of table entries, one entry per lane, and finally all lanes if join is 1.")
	c.SignatureExpr("func(out *uint64, rows *uint64, rounds int, join int)")
	w := newWriter(c, constants)
	w.frame, w.row, w.last, w.order, w.upper, w.signs = c.GP64(), c.GP64(), c.GP64(), c.GP64(), c.K(), c.K()
	c.Comment("Align the cells: the stack is not aligned.")
	c.LEAQ(c.AllocLocal(cellSize*(frameCells+1)), w.frame)
	c.ADDQ(operand.U8(cellSize-1), w.frame)
	c.ANDQ(operand.I8(-cellSize), w.frame)
	c.Load(c.Param("rows"), w.row)
	c.Load(c.Param("rounds"), w.last)
	left := c.GP64()
	c.MOVQ(w.last, left)
	c.DECQ(w.last)
	c.SHLQ(operand.U8(6), w.last)
	c.ADDQ(w.row, w.last)
	upper := c.GP32()
	c.MOVL(operand.U32(0xf0), upper)
	c.KMOVW(upper, w.upper)

	w.setup(k.Setup)
	w.write("Load the first entries.", k.Fetch)
	w.write("The sum is the first entries.", k.Start)
	w.write("Load the entries of the next round, or the last ones again.", k.Fetch)
	c.DECQ(left)
	c.JZ(operand.LabelRef("added"))
	c.Label("round")
	w.write("Add the entries and load the next.", k.Round)
	c.DECQ(left)
	c.JNZ(operand.LabelRef("round"))

	c.Label("added")
	join := c.Load(c.Param("join"), c.GP64())
	c.TESTQ(join, join)
	c.JZ(operand.LabelRef("out"))
	c.LEAQ(orders, w.order)
	level := c.GP64()
	c.MOVQ(operand.U32(levels), level)
	c.Label("level")
	w.write("Add one half of the lanes to the other.", k.Join)
	c.ADDQ(operand.U32(levelSize), w.order)
	c.DECQ(level)
	c.JNZ(operand.LabelRef("level"))

	c.Label("out")
	out := c.Load(c.Param("out"), c.GP64())
	for i := range layout.T {
		z := vectors[0]
		c.VMOVDQU64(w.cell(program.Cell{Area: program.Sum, Index: i}), z)
		c.VMOVDQU64(z, operand.Mem{Base: out, Disp: cellSize * i})
	}
	c.VZEROUPPER()
	c.RET()
}

// touch writes the function touch.
func touch(c *build.Context) {
	c.Function("touch")
	c.Attributes(attr.NOSPLIT)
	c.Doc("touch prefetches both cache lines of n entries to the second-level cache: they would fill the first level.")
	c.SignatureExpr("func(rows *uint64, n int)")
	rows, n := c.Load(c.Param("rows"), c.GP64()), c.Load(c.Param("n"), c.GP64())
	entry := c.GP64()
	c.Label("next")
	c.MOVQ(operand.Mem{Base: rows}, entry)
	c.PREFETCHT1(operand.Mem{Base: entry})
	c.PREFETCHT1(operand.Mem{Base: entry, Disp: 64})
	c.ADDQ(operand.U8(8), rows)
	c.DECQ(n)
	c.JNZ(operand.LabelRef("next"))
	c.RET()
}
