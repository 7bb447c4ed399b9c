package fixedkey

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"
)

func number(words []uint64) *big.Int {
	n := new(big.Int)
	for i := len(words) - 1; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(words[i]))
	}
	return n
}

func words(n *big.Int) (w [8]uint64) {
	n = new(big.Int).Set(n)
	mask := new(big.Int).SetUint64(1<<64 - 1)
	for i := range w {
		w[i] = new(big.Int).And(n, mask).Uint64()
		n.Rsh(n, 64)
	}
	return
}

// wideNumbers returns numbers at which folding is likely to fail: near multiples of the
// order and powers of two, at both ends of the range, and with all or no bits set.
func wideNumbers(random *rand.Rand) (all []*big.Int) {
	limit := new(big.Int).Lsh(big.NewInt(1), 512)
	add := func(n *big.Int) {
		for d := int64(-2); d <= 2; d++ {
			if m := new(big.Int).Add(n, big.NewInt(d)); m.Sign() >= 0 && m.Cmp(limit) < 0 {
				all = append(all, m)
			}
		}
	}
	l := number(order[:])
	for bit := range uint(513) {
		add(new(big.Int).Lsh(big.NewInt(1), bit))
	}
	for range 2000 {
		factor := below(random, new(big.Int).Div(limit, l))
		add(factor.Mul(factor, l))
	}
	for range 20_000 {
		var w [8]uint64
		for i := range w {
			switch random.IntN(4) {
			case 0: // 0
			case 1:
				w[i] = 1<<64 - 1
			default:
				w[i] = random.Uint64()
			}
		}
		all = append(all, number(w[:]))
	}
	return all
}

func TestReductionModuloTheOrder(t *testing.T) {
	l := number(order[:])
	if want, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10); l.Cmp(want) != 0 {
		t.Fatalf("the order is %s", l)
	}
	for _, n := range wideNumbers(rand.New(rand.NewPCG(1, 2))) {
		w := words(n)
		r := mod(&w)
		if want := new(big.Int).Mod(n, l); number(r[:]).Cmp(want) != 0 {
			t.Fatalf("%x modulo the order is %x, want %x", n, number(r[:]), want)
		}
	}
}

// TestDigitsAddUpToTheScalar covers every width. Each digit must also have its entry in
// its own window.
func TestDigitsAddUpToTheScalar(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	l := number(order[:])
	last := new(big.Int).Sub(l, big.NewInt(1))
	scalars := []*big.Int{big.NewInt(0), big.NewInt(1), last, number([]uint64{0, 0, 0, 1<<60 - 1})}
	for range 500 {
		scalars = append(scalars, below(random, l))
	}
	for bit := range uint(253) {
		n := new(big.Int).Lsh(big.NewInt(1), bit)
		scalars = append(scalars, n.Mod(n, l), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), bit), big.NewInt(1)))
	}
	b := basePoint()
	for width := uint(checkWidth); width <= 12; width++ {
		table := newTable(&b, width)
		for _, n := range scalars {
			w := words(n)
			s := [4]uint64(w[:4])
			var digits [maxWindows]uint32
			table.digits(&s, &digits)
			sum := new(big.Int)
			for i, d := range digits[:table.windows] {
				place := int64(d>>1) - int64(i)*int64(table.stride)
				if place < 0 || d>>1 >= uint32(len(table.entries)) || i < table.windows-1 && place >= int64(table.stride) {
					t.Fatalf("width %d, scalar %x: digit %d is entry %d of %d", width, n, i, d>>1, len(table.entries))
				}
				if d&1 == 1 {
					place = -place
				}
				sum.Add(sum, new(big.Int).Lsh(big.NewInt(place), uint(i)*width))
			}
			if sum.Cmp(n) != 0 {
				t.Fatalf("width %d: the digits of %x add up to %x", width, n, sum)
			}
		}
	}
}

// TestTablesOfEveryWidth expects that the order times the base point is zero, and that
// adding the base point once more gives the base point.
func TestTablesOfEveryWidth(t *testing.T) {
	b := base().entries[1]
	point0 := basePoint()
	encoded := [32]byte(bytes.Repeat([]byte{0x66}, 32)) // RFC 8032 section 5.1
	encoded[0] = 0x58
	for width := uint(checkWidth); width <= 13; width++ {
		table := newTable(&point0, width)
		var zero, self point
		var p part
		p.set(table, &order)
		zero.start(p.first())
		p.rest(&zero)
		if !zero.isZero() {
			t.Errorf("width %d: the order times the base point is not zero", width)
		}
		self = zero
		self.add(&b, 0)
		if !self.encodesTo(&encoded) {
			t.Errorf("width %d: the order plus one, times the base point, is not the base point", width)
		}
		self.add(&b, 1)
		if !self.isZero() {
			t.Errorf("width %d: a point minus itself is not zero", width)
		}
	}
}

// below returns a random number below n.
func below(random *rand.Rand, n *big.Int) *big.Int {
	w := [8]uint64{random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64()}
	return new(big.Int).Mod(number(w[:]), n)
}

// TestScalarsAreBelowTheOrder checks the bound of RFC 8032 section 5.1.7.
func TestScalarsAreBelowTheOrder(t *testing.T) {
	l := number(order[:])
	for d := int64(-3); d <= 3; d++ {
		n := words(new(big.Int).Add(l, big.NewInt(d)))
		var b [32]byte
		for i := range b {
			b[i] = byte(n[i/8] >> (8 * (i % 8)))
		}
		if s, ok := scalarFrom(b[:]); ok != (d < 0) || number(s[:]).Cmp(number(n[:])) != 0 {
			t.Errorf("the order plus %d: accepted %v", d, ok)
		}
	}
	for word := range order { // each word decides if the higher words are equal
		s := order
		s[word]++
		if less(&s, &order) || !less(&order, &s) {
			t.Errorf("word %d is not compared", word)
		}
	}
}
