package links

import (
	"math/rand/v2"
	"testing"
)

// Each benchmark computes anchors from steps with a known mean and reports the time
// per link, in which the implementations differ.

func BenchmarkOneLink(b *testing.B)     { benchmarkForms(b, []uint8{0}) }
func BenchmarkThirtyLinks(b *testing.B) { benchmarkForms(b, []uint8{29}) }

// BenchmarkSession covers codes of all 30 steps: 15.5 links on average.
func BenchmarkSession(b *testing.B) { benchmarkForms(b, anySteps(1024)) }
func BenchmarkBatch4(b *testing.B)  { benchmarkForms(b, anySteps(4)) }
func BenchmarkBatch64(b *testing.B) { benchmarkForms(b, anySteps(64)) }

// anySteps returns n random steps with a mean of exactly 14.5. n is even.
func anySteps(n int) []uint8 {
	r := rand.New(rand.NewPCG(5, 5))
	steps := make([]uint8, n)
	for i := 0; i < n; i += 2 {
		step := uint8(r.Uint32N(30))
		steps[i], steps[i+1] = step, 29-step
	}
	r.Shuffle(n, func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	return steps
}

func benchmarkForms(b *testing.B, steps []uint8) {
	r := rand.New(rand.NewPCG(6, 6))
	chains := make([]Chain, len(steps))
	links := 0
	for i, step := range steps {
		chains[i] = randomChain(r, 1)
		chains[i].From = step
		links += int(step) + 1
	}
	single := func() {
		for i := range chains {
			c := &chains[i]
			Back(&c.Link, &c.Serial, c.From, c.To)
		}
	}
	forms := []struct {
		name string
		run  func()
	}{
		{"plain", func() { plainAll(chains) }},
		{"single", single},
		{"batch", func() { BackAll(chains) }},
	}
	if len(chains) == 1 {
		forms = forms[:2]
	}
	for _, form := range forms {
		b.Run(form.name, func(b *testing.B) {
			for b.Loop() {
				form.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(links), "ns/link")
		})
	}
}
