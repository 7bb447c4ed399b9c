package fixedkey_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens/fixedkey"
)

// TestDifferentialRandom runs some thousand trials of FuzzVerify from a fixed seed. It
// counts mutations and their outcomes and fails if a case is no longer reached.
func TestDifferentialRandom(t *testing.T) {
	trials := 4000 / runtest.Every(4)
	random := rand.New(rand.NewPCG(25519, 8032))
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	outcomes := make(map[outcome]int)
	made := make([]int, len(mutations))
	alone := make([]map[outcome]int, len(mutations)) // trials with a single mutation
	for i := range alone {
		alone[i] = make(map[outcome]int)
	}
	for range trials {
		choice := byte(random.IntN(255))
		if random.IntN(200) == 0 {
			choice = 255
		}
		pairs := bytesOf(2 * []int{0, 1, 1, 1, 2, 3}[random.IntN(6)])
		mutated := newTrial(choice, bytesOf(random.IntN(fixedkey.MaxMessage+100)))
		done := mutated.apply(pairs)
		what := mutated.judge(t)
		outcomes[what]++
		for _, m := range done {
			made[m]++
		}
		if len(done) == 1 {
			alone[done[0]][what]++
		}
	}
	for _, o := range []outcome{accepted, refused, noKey} {
		if outcomes[o] < trials/20 {
			t.Errorf("%d of %d trials were %s, want at least %d", outcomes[o], trials, o, trials/20)
		}
	}
	for i, m := range mutations {
		if made[i] < trials/50 {
			t.Errorf("%q occurred %d times in %d trials, want at least %d", m.name, made[i], trials, trials/50)
		}
		for _, o := range leadsTo[m.name] {
			if alone[i][o] == 0 {
				t.Errorf("%q alone never led to %q, only to %v", m.name, o, alone[i])
			}
			delete(alone[i], o)
		}
		if len(alone[i]) != 0 {
			t.Errorf("%q alone led to %v", m.name, alone[i])
		}
	}
	t.Logf("%v", outcomes)
}

// leadsTo contains the possible outcomes of each mutation alone; the test reaches all
// of them. They follow from the equation: under a key of prime order a signature is
// good if R is exactly the encoding of sB - hA and s is below l.
var leadsTo = map[string][]outcome{
	"another nonce":              {accepted},
	"flip a bit of A":            {refused, noKey},
	"flip a bit of R":            {refused},
	"flip a bit of s":            {refused},
	"flip a bit of the message":  {refused},
	"R of small order":           {refused},
	"sign with R of small order": {accepted, refused}, // the neutral element is a valid R
	"R not below p":              {refused},
	"sign with R not below p":    {refused},
	"torsion on R":               {accepted, refused}, // one torsion point is the neutral element
	"sign with torsion on R":     {accepted, refused},
	"A of small order":           {noKey},
	"A not below p":              {noKey},
	"sign with torsion on A":     {accepted, noKey},
	"add l to s":                 {refused},
	"s = 0":                      {refused},
	"s next to l":                {refused},
	"s of 2^253 or more":         {refused},
	"signature of a wrong size":  {refused},
	"key of a wrong size":        {noKey},
}
