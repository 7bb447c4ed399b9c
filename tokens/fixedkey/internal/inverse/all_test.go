package inverse

import (
	"math/rand/v2"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"
)

// TestAllEqualsInverse compares All with Inverse, element by element.
func TestAllEqualsInverse(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	for size := range 70 {
		z := make([]fp25519.Elt, size)
		want := make([]fp25519.Elt, size)
		for i := range z {
			for j := range z[i] {
				z[i][j] = byte(random.Uint32())
			}
			Inverse(&want[i], &z[i])
		}
		All(z, make([]fp25519.Elt, size))
		for i := range z {
			if fp25519.Modp(&z[i]); z[i] != want[i] {
				t.Fatalf("element %d of %d differs from Inverse", i, size)
			}
		}
	}
}
