package fixedkey_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"filippo.io/edwards25519"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// TestWeakKeys expects the specific error for each kind of weak key in every form.
// openKey checks the same errors with other arithmetic.
func TestWeakKeys(t *testing.T) {
	refuse := func(t *testing.T, what string, public []byte, want error) {
		t.Helper()
		for form := range fixedkey.FormCount {
			if k, err := fixedkey.New(public, form); k != nil || !errors.Is(err, want) {
				t.Errorf("%v: %s %x: key %v, error %v, want %v", form, what, public, k != nil, err, want)
			}
		}
	}
	for i, p := range torsion {
		refuse(t, "of small order", p.Bytes(), fixedkey.ErrKeyWeak)
		if i == 0 {
			continue
		}
		for _, m := range pool() {
			a, err := new(edwards25519.Point).SetBytes(m.public)
			if err != nil {
				t.Fatal(err)
			}
			refuse(t, "of mixed order", a.Add(a, p).Bytes(), fixedkey.ErrKeyWeak)
		}
	}
	for _, public := range smallOrder[len(torsion):] {
		refuse(t, "of small order, not canonical", public, fixedkey.ErrKeyForm)
	}
	for _, public := range overlong {
		refuse(t, "with y not below p", public, fixedkey.ErrKeyForm)
	}
	for _, public := range signedZero {
		refuse(t, "with a signed zero for x", public, fixedkey.ErrKeyForm)
	}
	for _, public := range notPoints(t, 32) {
		refuse(t, "that is not a point", public, fixedkey.ErrKeyForm)
	}
	good := pool()[0].public
	for _, n := range []int{0, 1, 31, 33, 64} {
		refuse(t, "of a wrong size", sized(good, n), fixedkey.ErrKeySize)
	}
	refuse(t, "that is nil", nil, fixedkey.ErrKeySize)
}

// notPoints returns n encodings of a y below p for which the curve has no x, by Euler's
// criterion for x² = (y² - 1) / (dy² + 1).
func notPoints(t *testing.T, n int) (all [][]byte) {
	mod := func(z *big.Int) *big.Int { return z.Mod(z, fieldPrime) }
	one, half := big.NewInt(1), new(big.Int).Rsh(fieldPrime, 1)
	d := new(big.Int).ModInverse(big.NewInt(121666), fieldPrime)
	d = mod(d.Mul(d, big.NewInt(-121665)))
	for y := big.NewInt(2); len(all) < n; y.Add(y, one) {
		yy := mod(new(big.Int).Mul(y, y))
		over := mod(new(big.Int).Sub(yy, one))
		under := mod(yy.Add(yy.Mul(yy, d), one))
		// The product is a square if and only if the quotient is.
		if euler := over.Exp(mod(over.Mul(over, under)), half, fieldPrime); euler.Cmp(one) != 0 {
			all = append(all, encoded(y, len(all)%2))
		}
		if y.BitLen() > 16 {
			t.Fatal("too few found: half of all numbers are not points")
		}
	}
	return all
}

// TestGoodKeys accepts ordinary keys, also for a signature whose R is the identity.
func TestGoodKeys(t *testing.T) {
	for n := range uint64(16) {
		s := seeded(100 + n)
		k := openKey(t, s.public)
		if k == nil {
			t.Fatalf("the key of seed %d is refused", n)
		}
		message := []byte{byte(n)}
		if signature := s.finish(s.public, smallOrder[0], message, edwards25519.NewScalar()); !k.agree(t, s.public, message, signature) {
			t.Errorf("seed %d: a signature whose R is the identity was refused", n)
		}
	}
}

func TestKeyCopiesThePublicKey(t *testing.T) {
	g, m := genuine(), pool()[0]
	for form := range fixedkey.FormCount {
		public := bytes.Clone(m.public)
		k, err := fixedkey.New(public, form)
		if err != nil {
			t.Fatal(err)
		}
		clear(public)
		if !k.Verify(g.message, g.signature) {
			t.Errorf("%v: the key changed with the caller's bytes", form)
		}
	}
}
