package inverse

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"
)

// eachForm runs f for the Go code and, if this processor supports it, the assembly.
func eachForm(t testing.TB, f func(form string)) {
	t.Helper()
	defer func() { assembly = hasAssembly }()
	if hasAssembly {
		assembly = true
		f("assembly")
	}
	assembly = false
	f("go")
}

func TestEdgesAgreeWithOtherImplementations(t *testing.T) {
	list := edges()
	// The inverses of edge numbers are edge cases, too.
	for _, n := range list[:len(list):len(list)] {
		list = append(list, number(bigInverse(n)))
	}
	for _, n := range list {
		x, want := element(n), bigInverse(n)
		if plain := plainInverse(x); plain != want {
			t.Fatalf("%x: fp25519 gives %v, math/big %v", n, plain, want)
		}
		eachForm(t, func(form string) {
			var z fp25519.Elt
			Inverse(&z, &x)
			if z != want {
				t.Fatalf("%s: inverse of %x is %v, want %v", form, n, z, want)
			}
		})
	}
}

func TestRandomValuesAgreeWithFP25519(t *testing.T) {
	count := 1 << 20
	if testing.Short() {
		count = 1 << 16
	}
	random := rand.New(rand.NewPCG(25519, 1))
	const block = 1024
	for range count / block {
		in, want := make([]fp25519.Elt, block), make([]fp25519.Elt, block)
		for i := range in {
			in[i] = randomElement(random)
			if i%4 == 0 { // every fourth has leading zeros
				clear(in[i][random.IntN(len(in[i])):])
			}
			want[i] = plainInverse(in[i])
		}
		eachForm(t, func(form string) {
			for i := range in {
				var z fp25519.Elt
				Inverse(&z, &in[i])
				if z != want[i] {
					t.Fatalf("%s: inverse of %v is %v, want %v", form, in[i], z, want[i])
				}
			}
		})
	}
}

// TestAssemblyMatchesGo compares v, sign and number of batches, not only the inverse.
func TestAssemblyMatchesGo(t *testing.T) {
	if !hasAssembly {
		t.Skip("this processor cannot run the assembly")
	}
	random := rand.New(rand.NewPCG(25519, 2))
	seen := map[int]int{}
	for range 100_000 {
		x := randomElement(random)
		fp25519.Modp(&x)
		a := limbs(&x)
		for _, limit := range []int{maxBatches, 6} {
			var v, w [4]uint64
			n, sign := euclid(&v, &a, limit)
			m, mark := euclidAssembly(&w, &a, limit)
			if n != m || sign != mark || v != w {
				t.Fatalf("%v, limit %d: go %d %d %x, assembly %d %d %x", x, limit, n, sign, v, m, mark, w)
			}
			seen[n]++
		}
	}
	// 0: stopped by the limit of 6.
	if seen[0] == 0 || seen[6] == 0 || seen[7] == 0 {
		t.Fatalf("inversions by batches: %v; want 0, 6 and 7 to occur", seen)
	}
}

func TestInversionsBeyondTheLimitFallBack(t *testing.T) {
	defer func() { limit = maxBatches }()
	random := rand.New(rand.NewPCG(25519, 3))
	for limit = range maxBatches {
		eachForm(t, func(form string) {
			for range 200 {
				x := randomElement(random)
				var z fp25519.Elt
				if Inverse(&z, &x); z != plainInverse(x) {
					t.Fatalf("%s, limit %d: inverse of %v is %v", form, limit, x, z)
				}
			}
		})
	}
}

func TestInverseInPlace(t *testing.T) {
	random := rand.New(rand.NewPCG(25519, 4))
	inputs := []fp25519.Elt{{}, {1}, fp25519.P(), randomElement(random), randomElement(random)}
	defer func() { limit = maxBatches }()
	for _, limit = range []int{maxBatches, 1} { // 1: through the fallback
		eachForm(t, func(form string) {
			for _, x := range inputs {
				z := x
				if Inverse(&z, &z); z != plainInverse(x) {
					t.Errorf("%s, limit %d: inverse of %v in place is %v", form, limit, x, z)
				}
				input := x
				if Inverse(&z, &input); input != x {
					t.Errorf("%s, limit %d: the input %v became %v", form, limit, x, input)
				}
			}
		})
	}
}

func TestNothingIsAllocated(t *testing.T) {
	defer func() { limit = maxBatches }()
	x := randomElement(rand.New(rand.NewPCG(25519, 5)))
	for _, limit = range []int{maxBatches, 1} {
		eachForm(t, func(form string) {
			if n := testing.AllocsPerRun(100, func() { Inverse(&x, &x) }); n != 0 {
				t.Errorf("%s, limit %d: %v allocations", form, limit, n)
			}
		})
	}
}

func ExampleInverse() {
	x := fp25519.Elt{2}
	var z fp25519.Elt
	Inverse(&z, &x)
	fmt.Println(z) // (p+1)/2
	// Output: 0x3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7
}
