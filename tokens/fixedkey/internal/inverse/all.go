package inverse

import "github.com/cloudflare/circl/math/fp25519"

// All inverts every z in place with one inversion and three multiplications per element
// (Montgomery's trick). No z may be 0: otherwise all results are 0. before is scratch
// space of the same length.
func All(z, before []fp25519.Elt) {
	var product fp25519.Elt
	fp25519.SetOne(&product)
	for i := range z {
		before[i] = product // product of all z before z[i]
		fp25519.Mul(&product, &product, &z[i])
	}
	var rest fp25519.Elt
	Inverse(&rest, &product)
	for i := len(z) - 1; i >= 0; i-- {
		own := z[i]
		fp25519.Mul(&z[i], &rest, &before[i])
		fp25519.Mul(&rest, &rest, &own)
	}
}
