package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

const (
	hashRounds = len(program.RoundConstants)
	hashWords  = 16 // words of a block
)

// compress writes the function compress: the compression function of SHA-512 (FIPS
// 180-4, section 6.4.2) for one block per lane. The sixteen words of the schedule stay
// in registers. After its round a word is replaced by the word of sixteen rounds later;
// in the last sixteen rounds these words are not used.
func compress(c *build.Context) {
	constants := c.StaticGlobal("roundConstants")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, k := range program.RoundConstants {
		c.AddDatum(8*i, operand.U64(k))
	}

	c.Function("compress")
	c.Attributes(attr.NOSPLIT)
	c.Doc("compress hashes one block per lane into the state.")
	c.SignatureExpr("func(state *uint64, block *uint64)")
	state, block := c.Load(c.Param("state"), c.GP64()), c.Load(c.Param("block"), c.GP64())
	h := &hasher{Context: c}
	copy(h.state[:], vectors[len(vectors)-8:])
	copy(h.words[:], vectors[8:8+hashWords])
	copy(h.spare[:], vectors[:4])
	cell := func(base reg.Register, i int) operand.Mem { return operand.Mem{Base: base, Disp: cellSize * i} }
	for i, z := range h.state {
		c.VMOVDQU64(cell(state, i), z)
	}
	for i, z := range h.words {
		c.VMOVDQU64(cell(block, i), z)
	}
	h.constant = c.GP64()
	c.LEAQ(constants, h.constant)
	left := c.GP64()
	c.MOVQ(operand.U32(uint32(hashRounds/hashWords)), left)
	c.Label("sixteen")
	for t := range hashWords {
		h.round(t)
	}
	c.ADDQ(operand.U32(8*hashWords), h.constant)
	c.DECQ(left)
	c.JNZ(operand.LabelRef("sixteen"))
	for i, z := range h.state {
		c.VPADDQ(cell(state, i), z, z)
		c.VMOVDQU64(z, cell(state, i))
	}
	c.VZEROUPPER()
	c.RET()
}

// hasher is the state a to h, whose registers rotate by one place per round.
type hasher struct {
	*build.Context
	state    [8]reg.VecPhysical
	words    [hashWords]reg.VecPhysical
	spare    [4]reg.VecPhysical
	constant reg.Register // address of the constant of the first of sixteen rounds
}

// Functions of VPTERNLOGQ, which replaces the first of its three operands.
const (
	xor      = 0x96
	choice   = 0xca // the second operand if the first is 1, otherwise the third
	majority = 0xe8
)

func (h *hasher) round(t int) {
	// In round t the variable a is in the register t places before the first.
	at := func(letter int) reg.VecPhysical { return h.state[(letter-t%8+8)%8] }
	a, b, c, d, e, f, g, last := at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)
	x, y := h.spare[0], h.spare[3]
	h.sum(e, h.VPRORQ, 14, 18, 41)
	h.VMOVDQA64(e, y)
	h.VPTERNLOGQ(operand.U8(choice), g, f, y)
	h.VPADDQ(h.words[t], last, last)
	h.VPADDQ_BCST(operand.Mem{Base: h.constant, Disp: 8 * t}, last, last)
	h.VPADDQ(x, y, y)
	h.VPADDQ(y, last, last)
	h.VPADDQ(last, d, d)
	h.sum(a, h.VPRORQ, 28, 34, 39)
	h.VMOVDQA64(a, y)
	h.VPTERNLOGQ(operand.U8(majority), c, b, y)
	h.VPADDQ(x, last, last)
	h.VPADDQ(y, last, last)

	word := func(n int) reg.VecPhysical { return h.words[(t+n)%hashWords] }
	h.sum(word(14), h.VPSRLQ, 19, 61, 6)
	h.VPADDQ(x, word(0), word(0))
	h.sum(word(1), h.VPSRLQ, 1, 8, 7)
	h.VPADDQ(x, word(0), word(0))
	h.VPADDQ(word(9), word(0), word(0))
}

// sum sets the first spare register to the XOR of z rotated by n, z rotated by m, and z
// rotated or shifted by o.
func (h *hasher) sum(z reg.VecPhysical, third func(...operand.Op), n, m, o uint8) {
	h.VPRORQ(operand.U8(n), z, h.spare[0])
	h.VPRORQ(operand.U8(m), z, h.spare[1])
	third(operand.U8(o), z, h.spare[2])
	h.VPTERNLOGQ(operand.U8(xor), h.spare[2], h.spare[1], h.spare[0])
}
