package inverse

import (
	"math/big"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"
)

func FuzzInverse(f *testing.F) {
	seed := func(n *big.Int) {
		x := element(n)
		f.Add(x[:])
	}
	one := big.NewInt(1)
	seed(new(big.Int))
	seed(one)
	seed(modulus)
	seed(new(big.Int).Sub(modulus, one))
	seed(new(big.Int).Rsh(modulus, 1))
	seed(new(big.Int).Lsh(one, 62))
	seed(new(big.Int).Sub(new(big.Int).Lsh(one, 256), one))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var x fp25519.Elt
		copy(x[:], raw)
		want := bigInverse(number(x))
		eachForm(t, func(form string) {
			var z fp25519.Elt
			Inverse(&z, &x)
			if z != want {
				t.Fatalf("%s: inverse of %v is %v, want %v", form, x, z, want)
			}
		})
	})
}
