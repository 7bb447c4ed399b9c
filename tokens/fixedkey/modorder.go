package fixedkey

import (
	"encoding/binary"
	"math/bits"
)

// order is the order of the base point, 2^252 + tail (RFC 8032 section 5.1). All
// numbers in this file have the least significant word first.
var order = [4]uint64{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 1 << 60}

const (
	tail0, tail1 = 0x5812631a5cf5d3ed, 0x14def9dea2f79cd6
	low60        = 1<<60 - 1
)

// scalarFrom reads 32 bytes and reports whether they are below the order.
func scalarFrom(b []byte) (s [4]uint64, ok bool) {
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return s, less(&s, &order)
}

func less(a, b *[4]uint64) bool {
	_, borrow := bits.Sub64(a[0], b[0], 0)
	_, borrow = bits.Sub64(a[1], b[1], borrow)
	_, borrow = bits.Sub64(a[2], b[2], borrow)
	_, borrow = bits.Sub64(a[3], b[3], borrow)
	return borrow == 1
}

// mod reduces 512 bits modulo the order, completely: for a point with a component of
// small order a partial reduction would give another multiple. With c the tail of the
// order, 2^252 = -c. The bits from 252 on are folded in three times, with alternating
// sign:
//
//	x = a0 + 2^252 a1 = a0 - c·a1          c·a1 = b0 + 2^252 b1, below 2^385
//	  = a0 - b0 + c·b1                     c·b1 = c0 + 2^252 c1, below 2^258
//	  = a0 - b0 + c0 - c·c1                c·c1 below 2^131
//
// Adding twice the order keeps the sum from becoming negative.
func mod(x *[8]uint64) (r [4]uint64) {
	// c·a1: a1 has 260 bits.
	a1 := [5]uint64{x[3]>>60 | x[4]<<4, x[4]>>60 | x[5]<<4, x[5]>>60 | x[6]<<4, x[6]>>60 | x[7]<<4, x[7] >> 60}
	var p [7]uint64
	timesTail(p[:], a1[:])
	b1 := [3]uint64{p[3]>>60 | p[4]<<4, p[4]>>60 | p[5]<<4, p[5]>>60 | p[6]<<4}
	var q [5]uint64
	timesTail(q[:], b1[:])
	c1 := q[3]>>60 | q[4]<<4
	h0, l0 := bits.Mul64(c1, tail0)
	h1, l1 := bits.Mul64(c1, tail1)
	l1, carry := bits.Add64(l1, h0, 0)
	h1 += carry

	// a0 + c0 + 2·order: below 2^255.
	var k uint64
	r[0], k = bits.Add64(x[0], q[0], 0)
	r[1], k = bits.Add64(x[1], q[1], k)
	r[2], k = bits.Add64(x[2], q[2], k)
	r[3], _ = bits.Add64(x[3]&low60, q[3]&low60, k)
	r[0], k = bits.Add64(r[0], 2*tail0, 0)
	r[1], k = bits.Add64(r[1], 2*tail1, k)
	r[2], k = bits.Add64(r[2], 0, k)
	r[3], _ = bits.Add64(r[3], 1<<61, k)
	// - b0
	r[0], k = bits.Sub64(r[0], p[0], 0)
	r[1], k = bits.Sub64(r[1], p[1], k)
	r[2], k = bits.Sub64(r[2], p[2], k)
	r[3], _ = bits.Sub64(r[3], p[3]&low60, k)
	// - c·c1
	r[0], k = bits.Sub64(r[0], l0, 0)
	r[1], k = bits.Sub64(r[1], l1, k)
	r[2], k = bits.Sub64(r[2], h1, k)
	r[3], _ = bits.Sub64(r[3], 0, k)
	for !less(&r, &order) { // at most four times
		r[0], k = bits.Sub64(r[0], order[0], 0)
		r[1], k = bits.Sub64(r[1], order[1], k)
		r[2], k = bits.Sub64(r[2], order[2], k)
		r[3], _ = bits.Sub64(r[3], order[3], k)
	}
	return r
}

// timesTail sets z, two words longer than x, to x times the order's tail.
func timesTail(z, x []uint64) {
	z[len(x)], z[len(x)+1] = 0, 0
	var above uint64 // upper word of the previous product
	for i, w := range x {
		h, l := bits.Mul64(w, tail0)
		var k uint64
		z[i], k = bits.Add64(l, above, 0)
		above = h + k
	}
	z[len(x)] = above
	above = 0
	for i, w := range x {
		h, l := bits.Mul64(w, tail1)
		var k uint64
		l, k = bits.Add64(l, above, 0)
		h += k
		z[i+1], k = bits.Add64(z[i+1], l, 0)
		above = h + k
	}
	z[len(x)+1] = above
}
