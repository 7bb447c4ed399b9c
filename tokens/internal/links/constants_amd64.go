//go:build amd64 && !purego

package links

import (
	"encoding/binary"
	"math/bits"
)

// The block, in words of SHA-256, is
//
//	0..3    domain                                       same in all chains
//	4       day, upper half of the index                 same in one chain
//	5       lower half of the index, step, link[0]
//	6..9    link[1:], 0x80 where the padding starts
//	10..14  zeros                                        same in all chains
//	15      length of the hash input in bits             same in all chains
//
// Rounds 0 to 3 are therefore computed once, when the process starts.

// constants contains the data that the assembly reads, by field name. Vectors are
// listed from the lowest lane up.
type constants struct {
	// The state before round 4, in the order of the SHA instructions.
	feba [4]uint32
	hgdc [4]uint32

	// The addend of each round: k, and in rounds 12 to 15 also the word.
	round [64]uint32

	initialDCBA [4]uint32 // the half of the initial state that a link needs

	words0  [4]uint32 // words 0..3
	words8  [4]uint32 // words 8..11 without the link
	words12 [4]uint32 // words 12..15
	step    [4]uint32 // 1 in the position of the step in words 4..7

	// Byte shuffles. Within a chain the assembly stores a link as one 128-bit number,
	// lowest byte first.
	reversed [16]byte // to and from the bytes in memory
	toWords4 [16]byte // into words 4..7
	toWords8 [16]byte // into words 8..11
}

const blockBits = 8 * (len(Domain) + 6 + 1 + 16)

// The shuffles and the words without the link fit blocks of this size only.
var _ = [1]struct{}{}[blockBits-312]

var consts = newConstants()

func newConstants() constants {
	// FIPS 180-4, 5.3.3.
	initial := [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
	c := constants{
		round:       k,
		initialDCBA: [4]uint32{initial[3], initial[2], initial[1], initial[0]},
		words8:      [4]uint32{1: 0x80},
		words12:     [4]uint32{3: uint32(blockBits)},
		step:        [4]uint32{1: 1 << 8},
		reversed:    [16]byte{15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
		toWords4:    [16]byte{z, z, z, z, 15, z, z, z, 11, 12, 13, 14, 7, 8, 9, 10},
		toWords8:    [16]byte{3, 4, 5, 6, z, 0, 1, 2, z, z, z, z, z, z, z, z},
	}
	c.round[15] += c.words12[3]
	s := initial
	for i := range c.words0 {
		c.words0[i] = binary.BigEndian.Uint32([]byte(Domain[4*i:]))
		s = round(s, c.round[i]+c.words0[i])
	}
	c.feba = [4]uint32{s[5], s[4], s[1], s[0]}
	c.hgdc = [4]uint32{s[7], s[6], s[3], s[2]}
	return c
}

// z produces a zero in a shuffle.
const z = 0x80

// round is one round of SHA-256, FIPS 180-4, 6.2.2, with its constant and its word
// already added.
func round(s [8]uint32, kw uint32) [8]uint32 {
	a, b, c, d, e, f, g, h := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	t1 := h + kw + (e&f ^ ^e&g) +
		(bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25))
	t2 := (a&b ^ a&c ^ b&c) +
		(bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22))
	return [8]uint32{t1 + t2, a, b, c, d + t1, e, f, g}
}

// k contains the round constants of FIPS 180-4, 4.2.2.
var k = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
