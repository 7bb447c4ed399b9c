// Package inverse inverts modulo p = 2^255-19, in variable time.
//
// It promises the canonical inverse for every 256-bit input, the same from the
// assembly and from the Go form, without allocating. It does not hide its input:
// the time and the branches taken depend on the value, so it is for public data
// only, as in the verification of signatures. For secrets use fp25519.Inv.
//
// The way is the approximate binary GCD of Thomas Pornin, "Optimized Binary GCD
// for Modular Inversion" (https://eprint.iacr.org/2020/972), changed where variable
// time allows: zeros are shifted out as many as there are, and a batch ends after
// 62 of them. See [euclid] for the algorithm.
package inverse

import (
	"encoding/binary"

	"github.com/cloudflare/circl/math/fp25519"
)

// maxBatches bounds the batches of one inversion. Random values need six or seven.
// Exact comparisons would never need more than nine: the two numbers have 510 bits
// together, and a batch takes 62. What needs more than the cap is inverted by
// fp25519.Inv.
const maxBatches = 10

// limit is maxBatches; a test lowers it to reach the fall-back.
var limit = maxBatches

// assembly says which form runs; a test turns it off to reach the Go form.
var assembly = hasAssembly

// scales holds 2^(-62n) mod p for n batches, which leave a factor of 2^(62n), and
// its negative. A sign chosen by index costs no wrong guess of a branch.
var scales = func() (table [maxBatches + 1][2]fp25519.Elt) {
	half := fp25519.Elt{batchShift / 8: 1 << (batchShift % 8)}
	fp25519.Inv(&half, &half)
	scale := fp25519.Elt{1}
	for n := range table {
		table[n][0] = scale
		fp25519.Neg(&table[n][1], &scale)
		fp25519.Mul(&scale, &scale, &half)
	}
	return table
}()

// Inverse sets z to the inverse of x modulo p. It takes any 256-bit x, reduced or
// not; z is fully reduced. Like fp25519.Inv it takes multiples of p to 0. z may be x.
func Inverse(z, x *fp25519.Elt) {
	r := *x
	fp25519.Modp(&r)
	a := limbs(&r)
	if a[0]|a[1]|a[2]|a[3] == 0 {
		*z = r
		return
	}
	var v [4]uint64
	var n int
	var sign uint64
	if assembly {
		n, sign = euclidAssembly(&v, &a, limit)
	} else {
		n, sign = euclid(&v, &a, limit)
	}
	if n == 0 {
		fp25519.Inv(z, &r)
		fp25519.Modp(z)
		return
	}
	for i, w := range v {
		binary.LittleEndian.PutUint64(r[8*i:], w)
	}
	fp25519.Mul(z, &r, &scales[n][sign])
	fp25519.Modp(z)
}

// limbs returns x as four words, the lowest first.
func limbs(x *fp25519.Elt) [4]uint64 {
	return [4]uint64{
		binary.LittleEndian.Uint64(x[0:]),
		binary.LittleEndian.Uint64(x[8:]),
		binary.LittleEndian.Uint64(x[16:]),
		binary.LittleEndian.Uint64(x[24:]),
	}
}
