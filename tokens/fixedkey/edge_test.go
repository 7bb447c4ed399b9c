package fixedkey_test

import (
	"fmt"
	"math/big"
	"testing"

	"filippo.io/edwards25519"
)

// edgeScalars returns numbers for which the computation of sB - hA meets special
// cases: the sum becomes zero, or an entry is added to itself or to its negative.
// Addition laws with exceptions fail for them.
func edgeScalars() (all []*big.Int) {
	power := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	for _, n := range []int64{1, 2, 3, 8, 255, 256} {
		all = append(all, big.NewInt(n), big.NewInt(-n))
	}
	// 2^252 is the largest power below l; half of 1 is (l+1)/2.
	all = append(all, power(64), power(128), power(251), power(252), new(big.Int).ModInverse(big.NewInt(2), groupOrder))
	return all
}

// TestKeysNearTheBasePoint signs with edge scalars as secrets and nonces. It expects
// each signature to be good, and to be bad with another R.
func TestKeysNearTheBasePoint(t *testing.T) {
	message := []byte("a message")
	for _, secret := range edgeScalars() {
		t.Run(fmt.Sprintf("%x", secret), func(t *testing.T) {
			t.Parallel()
			s := withScalar(scalarOf(secret))
			k := openKey(t, s.public)
			if k == nil {
				t.Fatal("the key is refused")
			}
			for _, n := range append(edgeScalars(), new(big.Int)) {
				nonce := scalarOf(n)
				r := new(edwards25519.Point).ScalarBaseMult(nonce)
				if !k.agree(t, s.public, message, s.finish(s.public, r.Bytes(), message, nonce)) {
					t.Errorf("nonce %x: refused", n)
				}
				r.Add(r, edwards25519.NewGeneratorPoint())
				if k.agree(t, s.public, message, s.finish(s.public, r.Bytes(), message, nonce)) {
					t.Errorf("nonce %x: accepted with another R", n)
				}
			}
		})
	}
}
