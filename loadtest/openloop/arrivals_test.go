package openloop

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestArrivalsKeepTheirRateAndRepeat(t *testing.T) {
	draw := func(seed uint64) []time.Duration {
		return Poisson(10_000, 10*time.Second, rand.New(rand.NewPCG(seed, 1))).All()
	}
	due := draw(7)
	if n := float64(len(due)); math.Abs(n-100_000) > 5*math.Sqrt(100_000) {
		t.Errorf("%v arrivals, want about 100000", n)
	}
	if !slices.IsSorted(due) || due[len(due)-1] >= 10*time.Second {
		t.Error("arrivals are not in order, or after the end")
	}
	if !slices.Equal(due, draw(7)) || slices.Equal(due, draw(8)) {
		t.Error("the seed does not decide the arrivals")
	}
}

// The results in bench/results were measured with these times: those of bench/httpcheck
// and of bench/issuance, each with its own stream of random numbers. The expected values
// were recorded before both programs used this package.
func TestArrivalsEqualThoseOfRecordedResults(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("math.Exp may differ in its last bit elsewhere")
	}
	for _, c := range []struct {
		stream, seed uint64
		rate         float64
		n            int
		hash         uint64
		first        time.Duration
	}{
		{0x7261696c67617465, 0, 10_000, 20002, 0x281fbe89d1a9202b, 6217},
		{0x7261696c67617465, 7, 10_000, 19808, 0x3465258db8cf81c2, 52176},
		{0x7261696c67617465, 11, 10_000, 19740, 0x18178eb3a5ba4903, 46833},
		{0x69737375696e67, 0, 400, 791, 0xed07772ca87243, 3596173},
		{0x69737375696e67, 7, 400, 744, 0x8714492ea9e25902, 1905772},
	} {
		due := Poisson(c.rate, 2*time.Second, rand.New(rand.NewPCG(c.seed, c.stream))).All()
		hash := fnv.New64a()
		for _, d := range due {
			hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(d)))
		}
		if len(due) != c.n || due[0] != c.first || hash.Sum64() != c.hash {
			t.Errorf("stream %#x, seed %d: %d moments, the first %d, hash %#x; want %d, %d, %#x",
				c.stream, c.seed, len(due), due[0], hash.Sum64(), c.n, c.first, c.hash)
		}
	}
}
