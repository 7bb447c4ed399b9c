//go:build !race

package links

import (
	"math/rand/v2"
	"testing"
)

// The build tag excludes the race detector, which allocates itself.
func TestNothingIsAllocated(t *testing.T) {
	inEveryForm(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(4, 4))
		chains := make([]Chain, 9)
		for i := range chains {
			chains[i] = randomChain(r, 30)
		}
		link, serial := chains[0].Link, chains[0].Serial
		if n := testing.AllocsPerRun(100, func() { Back(&link, &serial, 29, 0) }); n != 0 {
			t.Errorf("Back allocates %v times", n)
		}
		if n := testing.AllocsPerRun(100, func() { BackAll(chains) }); n != 0 {
			t.Errorf("BackAll allocates %v times", n)
		}
	})
}
