package fixedkey

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/test/harness/runtest"
)

// These tests cover carries that random numbers reach once in 2^64 trials. Both forms
// of an addition are compared with math/big, coordinate by coordinate. A field element
// may be any 256-bit value.

var (
	bigP    = new(big.Int).Sub(powerOfTwo(255), big.NewInt(19))
	bigFull = powerOfTwo(256)
)

func powerOfTwo(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }

// element converts n, any 256-bit value, without reducing it.
func element(n *big.Int) (z fp25519.Elt) {
	n.FillBytes(z[:])
	slices.Reverse(z[:])
	return z
}

func integer(z fp25519.Elt) *big.Int {
	slices.Reverse(z[:])
	return new(big.Int).SetBytes(z[:])
}

// field computes modulo p with math/big.
type field struct{}

func (field) add(a, b *big.Int) *big.Int { c := new(big.Int).Add(a, b); return c.Mod(c, bigP) }
func (field) sub(a, b *big.Int) *big.Int { c := new(big.Int).Sub(a, b); return c.Mod(c, bigP) }
func (field) mul(a, b *big.Int) *big.Int { c := new(big.Int).Mul(a, b); return c.Mod(c, bigP) }

// formula is madd-2008-hwcd-3 of the Explicit-Formulas Database. It returns x, y, z
// and t of the sum.
func formula(p *point, e *entry, sign uint32) [4]*big.Int {
	var f field
	x, y, z, t := integer(p.x), integer(p.y), integer(p.z), integer(p.t)
	minus, plus, product := integer(e[0]), integer(e[1]), integer(e[2])
	if sign&1 == 1 {
		minus, plus, product = plus, minus, f.sub(new(big.Int), product)
	}
	a, b := f.mul(f.sub(y, x), minus), f.mul(f.add(y, x), plus)
	c, d := f.mul(t, product), f.add(z, z)
	ee, ff, g, h := f.sub(b, a), f.sub(d, c), f.add(d, c), f.add(b, a)
	return [4]*big.Int{f.mul(ee, ff), f.mul(g, h), f.mul(ff, g), f.mul(ee, h)}
}

// expectSum adds e to p in both forms and with both signs and compares with formula.
func expectSum(t *testing.T, p point, e entry) {
	t.Helper()
	for sign := range uint32(2) {
		want := formula(&p, &e, sign)
		for form, add := range []func(*point, *entry, uint32){(*point).add, (*point).addPlain} {
			q := p
			add(&q, &e, sign)
			for i, z := range []fp25519.Elt{q.x, q.y, q.z, q.t} {
				if got := integer(z); got.Mod(got, bigP).Cmp(want[i]) != 0 {
					t.Fatalf("form %d, sign %d, coordinate %d: %x, want %x\npoint %x\nentry %x", form, sign, i, got, want[i], [4]fp25519.Elt{p.x, p.y, p.z, p.t}, e)
				}
			}
		}
	}
}

// edgeNumbers returns numbers at which carries begin or end: near 0, p, 2p and 2^256,
// near each word boundary, and all combinations of words with no, one and all bits set.
func edgeNumbers() (all []*big.Int) {
	around := func(n *big.Int, distances ...int64) {
		for _, d := range distances {
			if m := new(big.Int).Add(n, big.NewInt(d)); m.Sign() >= 0 && m.Cmp(bigFull) < 0 {
				all = append(all, m)
			}
		}
	}
	around(new(big.Int), 2, 18, 19, 20, 36, 37, 38, 39, 75, 76, 77)
	around(bigP, -20, -19, -2, -1, 0, 1, 2, 18)
	around(new(big.Int).Lsh(bigP, 1), -39, -38, -37, -2, -1, 0, 1, 2, 18, 19, 20, 35)
	around(powerOfTwo(255), -1, 0, 1, 19)
	for _, border := range []uint{64, 128, 192} {
		around(powerOfTwo(border), -38, -2, 38)
		around(new(big.Int).Sub(bigFull, powerOfTwo(border)), -1, 1, 37, 38)
	}
	for n := range 81 {
		var w [4]uint64
		for i, rest := 0, n; i < len(w); i, rest = i+1, rest/3 {
			w[i] = []uint64{0, 1, 1<<64 - 1}[rest%3]
		}
		all = append(all, number(w[:]))
	}
	return all
}

// TestAdditionsOfEdgeNumbers covers sums, differences and products of edge numbers in
// every coordinate of the point and of the entry.
func TestAdditionsOfEdgeNumbers(t *testing.T) {
	edges := edgeNumbers()
	unit := element(big.NewInt(1))
	for _, n := range edges {
		for _, m := range edges {
			a, b := element(n), element(m)
			// Sums of X and Y, and of 2Z and T; the product is T itself.
			expectSum(t, point{x: a, y: b, z: b, t: a}, entry{unit, unit, unit})
			// Products without further sums: A = E = a, B = 0 in the first.
			expectSum(t, point{y: a, z: unit, t: a}, entry{b, {}, b})
		}
	}
	random := rand.New(rand.NewPCG(71, 72))
	pick := func() fp25519.Elt { return element(edges[random.IntN(len(edges))]) }
	for range 20_000 / runtest.Every(10) {
		expectSum(t, point{pick(), pick(), pick(), pick()}, entry{pick(), pick(), pick()})
	}
}

// factors returns x and y whose product, after MUL folded it once (the lower half plus
// 38 times the upper half), equals folded. A test can thus choose the input of the
// second folding, of the bits from 256 on.
func factors(random *rand.Rand, folded *big.Int) (x, y *big.Int) {
	over := new(big.Int).Sub(bigFull, big.NewInt(38))
	for {
		// xy = upper*2^256 + lower = folded + upper*(2^256-38), for an upper that
		// makes this a multiple of y.
		y = below(random, bigFull)
		if folded.Cmp(new(big.Int).Lsh(bigFull, 4)) > 0 { // needs large factors
			y.Sub(bigFull, y.Rsh(y, 5))
		}
		upper := new(big.Int).ModInverse(over, y)
		if upper == nil {
			continue
		}
		upper.Mul(upper, folded).Neg(upper).Mod(upper, y)
		lower := new(big.Int).Mul(upper, big.NewInt(38))
		if lower.Sub(folded, lower); lower.Sign() < 0 || lower.Cmp(bigFull) >= 0 {
			continue
		}
		x = new(big.Int).Mul(upper, over)
		x.Add(x, folded).Div(x, y)
		if x.Cmp(bigFull) < 0 {
			return x, y
		}
	}
}

// TestFoldingOfProducts covers the last folding of a product, which adds up to 38 times
// 38 and carries through words of ones. It reaches every number of words that the
// carry can cross and the final overflow, with the smallest and the largest addend.
func TestFoldingOfProducts(t *testing.T) {
	random := rand.New(rand.NewPCG(73, 74))
	const ones = 1<<64 - 1
	for _, above := range []uint64{1, 2, 19, 37, 38} {
		for _, low := range []uint64{0, ones - 38*above, ones - 38*above + 1, ones} {
			for upper := range 27 {
				w := [5]uint64{low, 0, 0, 0, above}
				for i, rest := 1, upper; i < 4; i, rest = i+1, rest/3 {
					w[i] = []uint64{0, ones - 1, ones}[rest%3]
				}
				if above == 38 && w[3] != 0 {
					continue // only a few products of numbers near 2^256 reach this
				}
				x, y := factors(random, number(w[:]))
				expectSum(t, point{y: element(big.NewInt(1)), t: element(x)}, entry{{}, element(big.NewInt(1)), element(y)})
			}
		}
	}
}
