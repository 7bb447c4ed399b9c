package inverse

import (
	"math/big"
	"math/rand/v2"

	"github.com/cloudflare/circl/math/fp25519"
)

// modulus is p, computed from its formula.
var modulus = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

// element returns n as an element; n is below 2^256.
func element(n *big.Int) (x fp25519.Elt) {
	n.FillBytes(x[:])
	for i := range len(x) / 2 {
		x[i], x[len(x)-1-i] = x[len(x)-1-i], x[i]
	}
	return x
}

// number returns x without reducing it.
func number(x fp25519.Elt) *big.Int {
	for i := range len(x) / 2 {
		x[i], x[len(x)-1-i] = x[len(x)-1-i], x[i]
	}
	return new(big.Int).SetBytes(x[:])
}

// bigInverse returns the inverse computed by math/big, and 0 for multiples of p.
func bigInverse(n *big.Int) fp25519.Elt {
	r := new(big.Int).Mod(n, modulus)
	if r.Sign() != 0 {
		r.ModInverse(r, modulus)
	}
	return element(r)
}

// plainInverse returns the inverse computed by fp25519.
func plainInverse(x fp25519.Elt) (z fp25519.Elt) {
	fp25519.Inv(&z, &x)
	fp25519.Modp(&z)
	return z
}

// edges returns the numbers below 2^256 for which an inversion is most likely to fail.
func edges() (list []*big.Int) {
	end := new(big.Int).Lsh(big.NewInt(1), 256)
	around := func(n *big.Int, width int64) {
		for d := -width; d <= width; d++ {
			m := new(big.Int).Add(n, big.NewInt(d))
			if m.Sign() >= 0 && m.Cmp(end) < 0 {
				list = append(list, m)
			}
		}
	}
	// Multiples of p, both ends of the range, and 2^255 between them.
	for k := range int64(3) {
		around(new(big.Int).Mul(modulus, big.NewInt(k)), 64)
	}
	around(end, 64)
	for k := range uint(256) {
		around(new(big.Int).Lsh(big.NewInt(1), k), 2)
		around(new(big.Int).Rsh(modulus, k), 2)
	}
	for k := int64(2); k < 200; k++ {
		around(new(big.Int).Div(modulus, big.NewInt(k)), 2)
	}
	// Fibonacci numbers, and p divided by powers of the golden ratio: a and b stay close
	// for longest, so the leading words decide least reliably.
	f, g := big.NewInt(1), big.NewInt(2)
	for f.BitLen() <= 255 {
		around(f, 1)
		f, g = g, new(big.Int).Add(f, g)
	}
	for h := new(big.Int).Set(modulus); h.Sign() > 0; {
		h.Mul(h, f).Div(h, g)
		around(h, 3)
	}
	// Long runs of equal bits in every place.
	for low := uint(0); low < 256; low += 5 {
		for high := low + 1; high < 256; high += 7 {
			run := new(big.Int).Lsh(big.NewInt(1), high)
			around(run.Sub(run, new(big.Int).Lsh(big.NewInt(1), low)), 0)
		}
	}
	return list
}

func randomElement(random *rand.Rand) (x fp25519.Elt) {
	for i := range x {
		x[i] = byte(random.Uint32())
	}
	return x
}
