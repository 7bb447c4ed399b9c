// Package inverse inverts modulo p = 2^255-19, in variable time.
//
// The result is the canonical inverse for every 256-bit input, the same from assembly
// and Go, without allocation. Time and branches depend on the input, so the package is
// for public data only, such as signatures to verify. For secrets use fp25519.Inv.
//
// The algorithm is the approximate binary GCD of Thomas Pornin, "Optimized Binary GCD
// for Modular Inversion" (https://eprint.iacr.org/2020/972), adapted to variable time:
// all trailing zeros are shifted out at once, and a batch ends after 62 of them. See
// [euclid].
package inverse

import (
	"encoding/binary"

	"github.com/cloudflare/circl/math/fp25519"
)

// maxBatches bounds the batches of one inversion. Random values need six or seven.
// With exact comparisons nine would always suffice: the two numbers have 510 bits
// together, and a batch removes 62. An input that needs more than the limit is
// inverted by fp25519.Inv.
const maxBatches = 10

// limit is maxBatches. A test lowers it to reach the fallback.
var limit = maxBatches

// assembly selects the assembly. A test clears it to test the Go code.
var assembly = hasAssembly

// scales contains 2^(-62n) mod p for n batches, which leave a factor of 2^(62n), and
// its negative. Selecting the sign by index avoids a branch that could be mispredicted.
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

// Inverse sets z to the inverse of x modulo p. x may be any 256-bit value, reduced or
// not; z is fully reduced. As with fp25519.Inv the result for multiples of p is 0. z
// may be x.
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

// limbs returns x as four words, lowest first.
func limbs(x *fp25519.Elt) [4]uint64 {
	return [4]uint64{
		binary.LittleEndian.Uint64(x[0:]),
		binary.LittleEndian.Uint64(x[8:]),
		binary.LittleEndian.Uint64(x[16:]),
		binary.LittleEndian.Uint64(x[24:]),
	}
}
