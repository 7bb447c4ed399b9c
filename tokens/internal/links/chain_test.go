package links

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
)

// specified implements section 6 of docs/token-format.md without code of this package.
func specified(c Chain) [16]byte {
	for step := int(c.From); step >= int(c.To); step-- {
		sum := sha256.Sum256(bytes.Join([][]byte{[]byte("railgate/link/v1"), c.Serial[:], {byte(step)}, c.Link[:]}, nil))
		c.Link = [16]byte(sum[:16])
	}
	return c.Link
}

// inEveryForm runs a test with the assembly, if this processor supports it, and without.
func inEveryForm(t *testing.T, test func(t *testing.T)) {
	here := accelerated
	defer func() { accelerated = here }()
	for _, form := range []struct {
		name        string
		accelerated bool
	}{{"plain", false}, {"sha", true}} {
		t.Run(form.name, func(t *testing.T) {
			if form.accelerated && !here {
				t.Skip("this processor or build has no assembly")
			}
			accelerated = form.accelerated
			test(t)
		})
	}
}

// randomChain returns a chain of random bytes with steps below the limit.
func randomChain(r *rand.Rand, limit uint32) Chain {
	var c Chain
	for i := range c.Link {
		c.Link[i] = byte(r.Uint32())
	}
	for i := range c.Serial {
		c.Serial[i] = byte(r.Uint32())
	}
	c.From, c.To = uint8(r.Uint32N(limit)), uint8(r.Uint32N(limit))
	return c
}

func TestWorkedExampleOfTheFormat(t *testing.T) {
	inEveryForm(t, func(t *testing.T) {
		link := [16]byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
		serial := [6]byte{0x50, 0x0e, 0, 0, 0x04, 0x12}
		for _, leg := range []struct {
			from, to uint8
			want     string
		}{
			{29, 29, "a4624c7d6772f9536a46a1d5d70c7490"},
			{28, 9, "85ddcf8c6ae95becdc3ac9e4e9cfdd58"},
			{8, 1, "1626a391116f7c1c3f1fd096bbbac1c5"},
			{0, 0, "3e803d93da65ca1db781b36ed4b0fdce"},
		} {
			Back(&link, &serial, leg.from, leg.to)
			if got := hex.EncodeToString(link[:]); got != leg.want {
				t.Fatalf("from %d to %d: %s, want %s", leg.from, leg.to, got, leg.want)
			}
		}
	})
}

func TestBackBetweenAllSteps(t *testing.T) {
	inEveryForm(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		for from := range uint8(30) {
			for to := range uint8(30) {
				c := randomChain(r, 1)
				c.From, c.To = from, to
				link, serial := c.Link, c.Serial
				Back(&link, &serial, from, to)
				if link != specified(c) {
					t.Errorf("from %d to %d: the link differs from the format's", from, to)
				}
				if serial != c.Serial {
					t.Errorf("from %d to %d: the serial was changed", from, to)
				}
			}
		}
	})
}

// TestBackAlongTheLongestChain uses 256 links: a step is one byte.
func TestBackAlongTheLongestChain(t *testing.T) {
	inEveryForm(t, func(t *testing.T) {
		c := randomChain(rand.New(rand.NewPCG(2, 2)), 1)
		c.From = 255
		want := specified(c)
		if Back(&c.Link, &c.Serial, c.From, c.To); c.Link != want {
			t.Error("the anchor differs from the format's")
		}
	})
}

// TestBatches covers empty batches up to many times the number of lanes, chains of
// different lengths, and chains without work.
func TestBatches(t *testing.T) {
	inEveryForm(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 3))
		for size := range 71 {
			for _, limit := range []uint32{1, 3, 30, 256} {
				// One chain on each side of the batch must not change.
				around := make([]Chain, size+2)
				for i := range around {
					around[i] = randomChain(r, limit)
				}
				after := slices.Clone(around)
				for i := 1; i <= size; i++ {
					after[i].Link = specified(after[i])
				}
				BackAll(around[1 : size+1])
				for i := range around {
					if around[i] != after[i] {
						t.Errorf("batch of %d, steps below %d: chain %d, from %d to %d, is wrong", size, limit, i-1, after[i].From, after[i].To)
					}
				}
			}
		}
	})
}
