package fixedkey_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// Some thousand trials from a fixed seed, as FuzzVerify makes them. That a move
// was made and what it led to is counted: a test that stopped reaching its
// cases would fail.
func TestDifferentialRandom(t *testing.T) {
	const trials = 4000
	random := rand.New(rand.NewPCG(25519, 8032))
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	outcomes := make(map[outcome]int)
	made := make([]int, len(moves))
	alone := make([]map[outcome]int, len(moves)) // of trials with one move
	for i := range alone {
		alone[i] = make(map[outcome]int)
	}
	for range trials {
		choice := byte(random.IntN(255))
		if random.IntN(200) == 0 {
			choice = 255
		}
		pairs := bytesOf(2 * []int{0, 1, 1, 1, 2, 3}[random.IntN(6)])
		bent := newTrial(choice, bytesOf(random.IntN(fixedkey.MaxMessage+100)))
		done := bent.apply(pairs)
		what := bent.judge(t)
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
			t.Errorf("%d of %d trials were %s", outcomes[o], trials, o)
		}
	}
	for i, m := range moves {
		if made[i] < trials/50 {
			t.Errorf("%q came up %d times in %d trials", m.name, made[i], trials)
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

// leadsTo says what each move alone can lead to, and in this test does. It
// follows from the equation: under a key of the right group a signature is good
// if R is spelled exactly as sB - hA is, and s is below l.
var leadsTo = map[string][]outcome{
	"another nonce":              {accepted},
	"flip a bit of A":            {refused, noKey},
	"flip a bit of R":            {refused},
	"flip a bit of s":            {refused},
	"flip a bit of the message":  {refused},
	"R of small order":           {refused},
	"sign with R of small order": {accepted, refused}, // the zero of the group is a fair R
	"R not below p":              {refused},
	"sign with R not below p":    {refused},
	"torsion on R":               {accepted, refused}, // one torsion point is zero
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
