package inverse

import (
	"math/rand/v2"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"
)

// BenchmarkInverse uses a new random input each time, so the branch predictor cannot
// learn where the batches of an input end.
func BenchmarkInverse(b *testing.B) {
	var inputs [4096]fp25519.Elt
	random := rand.New(rand.NewPCG(25519, 6))
	for i := range inputs {
		inputs[i] = randomElement(random)
	}
	run := func(name string, inAssembly bool, inverse func(z, x *fp25519.Elt)) {
		b.Run(name, func(b *testing.B) {
			defer func() { assembly = hasAssembly }()
			assembly = inAssembly
			var z fp25519.Elt
			i := 0
			for b.Loop() {
				inverse(&z, &inputs[i%len(inputs)])
				i++
			}
		})
	}
	run("ours", hasAssembly, Inverse)
	run("pure-go", false, Inverse)
	run("plain-fp25519-inv", false, fp25519.Inv)
}
