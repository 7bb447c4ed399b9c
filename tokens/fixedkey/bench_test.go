package fixedkey

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// benchKeys makes keys of a form with the given window widths, and signatures under
// them in rotation: too many for the branch predictor to learn.
func benchKeys(b *testing.B, form Form, count int, baseWidth, keyWidth uint) (all []Signed) {
	b.Helper()
	if form.available() != form {
		b.Skipf("this processor does not support the %v form", form)
	}
	random := rand.New(rand.NewPCG(31, 32))
	fill := func(p []byte) {
		for i := range p {
			p[i] = byte(random.Uint32())
		}
	}
	point := basePoint()
	shared := Key{form: form}
	switch form {
	case Scalar:
		shared.base = newTable(&point, baseWidth)
	case IFMA:
		shared.laneBase = newLaneTable(&point, baseWidth)
	}
	privates, keys := make([]ed25519.PrivateKey, count), make([]*Key, count)
	for i := range keys {
		var seed [ed25519.SeedSize]byte
		fill(seed[:])
		privates[i] = ed25519.NewKeyFromSeed(seed[:])
		k := shared
		k.public = [32]byte(privates[i].Public().(ed25519.PublicKey))
		keys[i] = &k
		if !point.decode(&k.public) {
			b.Fatal("a key was refused")
		}
		point.negate()
		switch form {
		case Scalar:
			k.minusA = newTable(&point, keyWidth)
		case IFMA:
			k.laneMinusA = newLaneTable(&point, keyWidth)
		}
	}
	for i := range 4096 {
		message := make([]byte, 47)
		fill(message)
		all = append(all, Signed{Key: keys[i%count], Message: message, Signature: ed25519.Sign(privates[i%count], message)})
	}
	return all
}

// BenchmarkWidth measures one verification, alone and in a batch of 64, by window width
// and number of keys in rotation.
func BenchmarkWidth(b *testing.B) {
	widths := map[Form][][2]uint{
		Scalar: {{8, 8}, {12, 10}, {13, 11}, {14, 12}, {15, 12}},
		IFMA:   {{8, 8}, {11, 8}, {12, 8}, {13, 8}, {12, 9}, {13, 9}},
	}
	for form, all := range widths {
		for _, w := range all {
			for _, count := range []int{1, 4, 16} {
				name := fmt.Sprintf("%v/base=%d/key=%d/keys=%d", form, w[0], w[1], count)
				b.Run(name+"/single", func(b *testing.B) {
					all := benchKeys(b, form, count, w[0], w[1])
					for i := 0; b.Loop(); i++ {
						if s := &all[i%len(all)]; !s.Key.Verify(s.Message, s.Signature) {
							b.Fatal("a good signature was refused")
						}
					}
					b.ReportMetric(float64(all[0].Key.TableSize()), "B/key")
				})
				b.Run(name+"/batch", func(b *testing.B) {
					all := benchKeys(b, form, count, w[0], w[1])
					for i := 0; b.Loop(); i++ { // b.N counts signatures
						if i%64 == 63 {
							VerifyBatch(all[i/64*64%len(all):][:64])
						}
					}
				})
			}
		}
	}
}

// BenchmarkColdVerify measures one verification with cold caches: between two
// verifications it writes the given number of bytes.
func BenchmarkColdVerify(b *testing.B) {
	widths := [formCount][2]uint{Scalar: {baseWidth, keyWidth}, IFMA: {laneBaseWidth, laneKeyWidth}}
	for _, taken := range []int{0, 1 << 20, 8 << 20, 64 << 20} {
		for form := range formCount {
			b.Run(fmt.Sprintf("taken=%dMiB/%v", taken>>20, form), func(b *testing.B) {
				all := benchKeys(b, form, 4, widths[form][0], widths[form][1])
				other := make([]byte, taken)
				var spent time.Duration
				for i := 0; b.Loop(); i++ {
					for at := 0; at < len(other); at += 64 {
						other[at]++
					}
					s := &all[i%len(all)]
					began := time.Now()
					good := s.Key.Verify(s.Message, s.Signature)
					spent += time.Since(began)
					if !good {
						b.Fatal("a good signature was refused")
					}
				}
				b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns/verify")
			})
		}
	}
}

// BenchmarkParts measures the parts of an IFMA verification.
func BenchmarkParts(b *testing.B) {
	all := benchKeys(b, IFMA, 4, laneBaseWidth, laneKeyWidth)
	s := &all[0]
	var e laneEquation
	var sum point
	var group laneGroup
	var many laneSums
	var out [maxLaneWindows]uint64
	e.set(s.Key, s.Message, s.Signature)
	e.solve(s.Key, &sum)
	fill := func() {
		for i := range lanes.Count {
			group.add(&all[i])
		}
	}
	fill()
	scalar, _ := scalarOf(s.Signature)
	for _, part := range []struct {
		name string
		do   func(i int)
	}{
		{"single/hash-and-reduce", func(i int) { s := &all[i%len(all)]; s.Key.challenge(s.Message, s.Signature) }},
		{"single/split-a-scalar", func(int) { s.Key.laneBase.addresses(out[:], &scalar) }},
		{"single/split-a-scalar-plain", func(int) { s.Key.laneBase.addressesPlain(out[:], &scalar) }},
		{"single/ask-for-entries", func(int) { lanes.Touch(e.rows[:e.used]) }},
		{"single/seven-rows-and-join", func(int) { e.solve(s.Key, &sum) }},
		{"single/invert-and-compare", func(int) { sum.encodesTo((*[32]byte)(s.Signature)) }},
		{"eight/hash-and-reduce-and-split", func(int) { group.challenge() }},
		{"eight/split-a-scalar", func(int) {
			group.address(&group.s, 0, func(k *Key) *laneTable { return k.laneBase })
		}},
		{"eight/fifty-three-rows", func(int) { many.n = 0; group.sideBySide(&many) }},
		{"eight/judge", func(int) { many.judge() }},
	} {
		b.Run(part.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				part.do(i)
			}
		})
	}
}

// BenchmarkAdd measures one addition of a table entry, the main cost of a verification.
func BenchmarkAdd(b *testing.B) {
	t := base()
	var p point
	p.start(&t.entries[1], 0)
	b.Run("ours", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p.add(&t.entries[i&1023], uint32(i))
		}
	})
	b.Run("plain-circl-field", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p.addPlain(&t.entries[i&1023], uint32(i))
		}
	})
}

// BenchmarkNew measures the preparation of a key.
func BenchmarkNew(b *testing.B) {
	all := benchKeys(b, Scalar, 1, checkWidth, checkWidth)
	for form := range formCount {
		if form.available() != form {
			continue
		}
		b.Run(form.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := (maker{all[0].Key.public, form}).make(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
