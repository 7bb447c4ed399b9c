package fixedkey

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// benchKeys makes keys of a width under a base table of another, and signatures
// under them in rotation; enough that none is learnt by heart.
func benchKeys(b *testing.B, count int, baseWidth, keyWidth uint) (all []Signed) {
	b.Helper()
	random := rand.New(rand.NewPCG(31, 32))
	fill := func(p []byte) {
		for i := range p {
			p[i] = byte(random.Uint32())
		}
	}
	point := basePoint()
	shared := newTable(&point, baseWidth)
	privates, keys := make([]ed25519.PrivateKey, count), make([]*Key, count)
	for i := range keys {
		var seed [ed25519.SeedSize]byte
		fill(seed[:])
		privates[i] = ed25519.NewKeyFromSeed(seed[:])
		keys[i] = &Key{public: [32]byte(privates[i].Public().(ed25519.PublicKey)), base: shared}
		if !point.decode(&keys[i].public) {
			b.Fatal("a key was refused")
		}
		point.negate()
		keys[i].minusA = newTable(&point, keyWidth)
	}
	for i := range 4096 {
		message := make([]byte, 47)
		fill(message)
		all = append(all, Signed{Key: keys[i%count], Message: message, Signature: ed25519.Sign(privates[i%count], message)})
	}
	return all
}

// BenchmarkWidth is one verification by the widths of the windows and the number
// of keys in rotation.
func BenchmarkWidth(b *testing.B) {
	for _, count := range []int{1, 4, 16} {
		for _, base := range []uint{10, 12, 13, 14} {
			for _, key := range []uint{8, 9, 10, 11, 12} {
				b.Run(fmt.Sprintf("keys=%d/base=%d/key=%d", count, base, key), func(b *testing.B) {
					all := benchKeys(b, count, base, key)
					for i := 0; b.Loop(); i++ {
						if s := &all[i%len(all)]; !s.Key.Verify(s.Message, s.Signature) {
							b.Fatal("a good signature was refused")
						}
					}
					b.ReportMetric(float64(len(all[0].Key.minusA.entries)*96), "B/key")
				})
			}
		}
	}
}

// BenchmarkColdVerify is one verification after other work has taken the caches:
// so many bytes were written between any two.
func BenchmarkColdVerify(b *testing.B) {
	for _, taken := range []int{0, 1 << 20, 8 << 20, 64 << 20} {
		for _, plain := range []bool{false, true} {
			b.Run(fmt.Sprintf("taken=%dMiB/plain=%v", taken>>20, plain), func(b *testing.B) {
				all := benchKeys(b, 4, baseWidth, keyWidth)
				other := make([]byte, taken)
				var spent time.Duration
				for i := 0; b.Loop(); i++ {
					for at := 0; at < len(other); at += 64 {
						other[at]++
					}
					s := &all[i%len(all)]
					began := time.Now()
					good := false
					if plain {
						good = ed25519.Verify(s.Key.public[:], s.Message, s.Signature)
					} else {
						good = s.Key.Verify(s.Message, s.Signature)
					}
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

// BenchmarkAdd is one addition of a table entry, most of what a verification does.
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

// BenchmarkNew is what a key costs when it is announced.
func BenchmarkNew(b *testing.B) {
	all := benchKeys(b, 1, checkWidth, checkWidth)
	for _, form := range []Form{Plain, Scalar} {
		b.Run(form.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := (maker{all[0].Key.public, form}).make(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
