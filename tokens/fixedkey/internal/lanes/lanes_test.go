package lanes

import (
	"crypto/sha512"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

func TestMain(m *testing.M) {
	if !Supported() {
		os.Stderr.WriteString("lanes: this processor has no AVX-512 IFMA: only the steps in plain Go are tested, not the kernel\n")
	}
	os.Exit(m.Run())
}

// randomTable returns entries with reduced limbs, including the extreme values.
func randomTable(random *rand.Rand, n int) []Entry {
	table := Table(n)
	for i := range table {
		for _, at := range places {
			switch table[i][at] = random.Uint64() & limbMask; random.IntN(8) {
			case 0:
				table[i][at] = 0
			case 1:
				table[i][at] = limbMask
			}
		}
	}
	return table
}

// TestKernelMatchesItsSteps compares the assembly with its steps in plain Go, bit by bit.
func TestKernelMatchesItsSteps(t *testing.T) {
	if !Supported() {
		t.Skip("this processor has no AVX-512 IFMA")
	}
	random := rand.New(rand.NewPCG(51, 52))
	k := program.New()
	table := randomTable(random, 200)
	for trial := range 200 {
		additions := make([][Count]program.Addition, 1+random.IntN(12))
		var rows []uint64
		for i := range additions {
			for lane := range additions[i] {
				e, negate := &table[random.IntN(len(table))], uint8(random.IntN(2))
				additions[i][lane] = program.Addition{Entry: (*[16]uint64)(e), Negate: negate}
				rows = append(rows, Address(e)|uint64(negate))
			}
		}
		count := len(additions)
		rows = append(rows, make([]uint64, Ahead*Count)...)
		var sums Sums
		for _, join := range []bool{false, true} {
			if sums.Add(rows, count); join {
				sums.AddAll(rows, count)
			}
			want, err := k.AddUp(additions, join)
			if err != nil {
				t.Fatal(err)
			}
			if sums != Sums(want[:layout.T]) {
				t.Fatalf("trial %d, %d rows, joined %v:\n%x, want\n%x", trial, len(additions), join, sums, want)
			}
		}
		Touch(rows)
	}
}

func TestLimbsConvertBothWays(t *testing.T) {
	random := rand.New(rand.NewPCG(53, 54))
	for range 1000 {
		var z [32]byte
		for i := range z {
			z[i] = byte(random.Uint32())
		}
		z[31] &= 0x7f
		var s Sums
		for i, limb := range limbs((*fp25519.Elt)(&z)) {
			s[i][3] = limb
		}
		if back := s.X().Lane(3); [32]byte(back) != z {
			t.Fatalf("%x became %x", z, back)
		}
	}
}

// TestHashesMatchTheStandardLibrary covers every length and different lengths in
// different lanes.
func TestHashesMatchTheStandardLibrary(t *testing.T) {
	if !Supported() {
		t.Skip("this processor has no AVX-512 IFMA")
	}
	random := rand.New(rand.NewPCG(55, 56))
	for n := range MaxHashed + 1 {
		var b Block
		var messages [Count][]byte
		for lane := range messages {
			m := make([]byte, (n+lane*lane)%(MaxHashed+1))
			for i := range m {
				m[i] = byte(random.Uint32())
			}
			messages[lane] = m
			b.Set(lane, m)
		}
		var h Hashes
		h.Hash(&b)
		for lane, m := range messages {
			sum := sha512.Sum512(m)
			for i, w := range h.Lane(lane) {
				if w != binary.LittleEndian.Uint64(sum[8*i:]) {
					t.Fatalf("%d bytes in lane %d: word %d is %x, want the bytes %x", len(m), lane, i, w, sum[8*i:8*i+8])
				}
			}
		}
	}
}

// TestFinishMatchesItsSteps compares products and comparisons with their steps in plain
// Go and with the expected results: for extreme limbs, numbers around p, and encodings
// that differ in one bit.
func TestFinishMatchesItsSteps(t *testing.T) {
	if !Supported() {
		t.Skip("this processor has no AVX-512 IFMA")
	}
	random := rand.New(rand.NewPCG(57, 58))
	f := program.NewFinish()
	run := func(steps []program.Step, given ...[]Words) {
		m := program.NewMachine(f.Regs)
		copy(m.Given[:], given)
		for _, s := range [][]program.Step{f.Setup, steps} {
			if err := m.Run(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	var p fp25519.Elt // p itself
	for i := range p {
		p[i] = 0xff
	}
	p[0], p[31] = 0xed, 0x7f
	for trial := range 500 {
		var a, b, product, plain Element
		for i := range a {
			for lane := range a[i] {
				for _, e := range []*Element{&a, &b} {
					switch e[i][lane] = random.Uint64N(program.Uncarried); random.IntN(6) {
					case 0:
						e[i][lane] = program.Uncarried - 1
					case 1:
						e[i][lane] = limbMask
					case 2:
						e[i][lane] = 0
					}
				}
			}
		}
		product.Times(&a, &b)
		run(f.Multiply, a[:], b[:], plain[:])
		if product != plain {
			t.Fatalf("trial %d: product %x, want %x", trial, product, plain)
		}
		var x, y Element
		var r Encodings
		var want uint8
		for lane := range Count {
			var u, v, w fp25519.Elt
			u, v = a.Lane(lane), b.Lane(lane)
			fp25519.Mul(&w, &u, &v)
			u = product.Lane(lane)
			fp25519.Modp(&u)
			if fp25519.Modp(&w); u != w {
				t.Fatalf("trial %d: lane %d: product %x, want %x", trial, lane, u, w)
			}
			// Around p, as limbs.
			n := uint64(random.IntN(40))
			l := limbs(&p)
			l[0] += n - 20
			for i := range x {
				x[i][lane], y[i][lane] = product[i][lane], l[i]
			}
			wantY := y.Lane(lane)
			fp25519.Modp(&wantY)
			encoding := [32]byte(wantY)
			encoding[31] |= w[0] & 1 << 7
			if want |= 1 << lane; random.IntN(2) == 0 {
				want &^= 1 << lane
				encoding[random.IntN(32)] ^= 1 << random.IntN(8)
			}
			r.Set(lane, encoding[:])
		}
		var differ [1]Words
		run(f.Compare, x[:], y[:], r[:], differ[:])
		for lane, d := range differ[0] {
			if (d == 0) != (want>>lane&1 == 1) {
				t.Fatalf("trial %d: lane %d differs by %x in plain Go, want same %v", trial, lane, d, want>>lane&1 == 1)
			}
		}
		if got := r.Of(&x, &y); got != want {
			t.Fatalf("trial %d: lanes %08b are the same, want %08b", trial, got, want)
		}
	}
}
