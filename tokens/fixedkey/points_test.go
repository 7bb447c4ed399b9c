package fixedkey_test

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// orderEight is the encoding of a point of order 8, which generates the points of small
// order.
const orderEight = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"

var (
	fieldPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	// groupOrder is l of RFC 8032 section 5.1.
	groupOrder = func() *big.Int {
		l, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
		return l.Add(l, new(big.Int).Lsh(big.NewInt(1), 252))
	}()
	identity = edwards25519.NewIdentityPoint()
	// orderMinusOne replaces l, which is not a reduced scalar.
	orderMinusOne = scalarOf(new(big.Int).Sub(groupOrder, big.NewInt(1)))
	// torsion contains the eight points of small order: multiples of a point of order
	// 8. torsion[0] is the neutral element.
	torsion = func() (all [8]*edwards25519.Point) {
		step, err := new(edwards25519.Point).SetBytes(unhex(orderEight))
		if err != nil {
			panic(err)
		}
		all[0] = edwards25519.NewIdentityPoint()
		for i := 1; i < len(all); i++ {
			all[i] = new(edwards25519.Point).Add(all[i-1], step)
		}
		return all
	}()
	// overlong contains every encoding of a y that is not below p, with both signs. A
	// lenient decoder accepts some of them.
	overlong = func() (all [][]byte) {
		for y := new(big.Int).Set(fieldPrime); y.BitLen() <= 255; y.Add(y, big.NewInt(1)) {
			for sign := range 2 {
				all = append(all, encoded(y, sign))
			}
		}
		return all
	}()
	// signedZero contains the two points with x = 0, encoded with a sign bit.
	signedZero = [][]byte{
		encoded(big.NewInt(1), 1),
		encoded(new(big.Int).Sub(fieldPrime, big.NewInt(1)), 1),
	}
	// smallOrder contains every encoding that a lenient decoder decodes to a point of
	// small order, the eight canonical encodings first.
	smallOrder = func() (all [][]byte) {
		for _, p := range torsion {
			all = append(all, p.Bytes())
		}
		for _, b := range slices.Concat(signedZero, overlong) {
			p, err := new(edwards25519.Point).SetBytes(b)
			if err == nil && new(edwards25519.Point).MultByCofactor(p).Equal(identity) == 1 {
				all = append(all, b)
			}
		}
		return all
	}()
)

// encoded encodes as RFC 8032 section 5.1.2 does, also for y not below p.
func encoded(y *big.Int, sign int) []byte {
	b := littleEndian(y)
	b[31] |= byte(sign << 7)
	return b
}

func littleEndian(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

// scalarOf returns n modulo the group order.
func scalarOf(n *big.Int) *edwards25519.Scalar {
	s, err := edwards25519.NewScalar().SetCanonicalBytes(littleEndian(new(big.Int).Mod(n, groupOrder)))
	if err != nil {
		panic(err)
	}
	return s
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// verdictOnKey returns the error that New must return for a public key. It uses other
// arithmetic than the package.
func verdictOnKey(public []byte) error {
	if len(public) != 32 {
		return fixedkey.ErrKeySize
	}
	p, err := new(edwards25519.Point).SetBytes(public)
	if err != nil || !bytes.Equal(p.Bytes(), public) {
		return fixedkey.ErrKeyForm
	}
	if p.Equal(identity) == 1 || !inPrimeGroup(p) {
		return fixedkey.ErrKeyWeak
	}
	return nil
}

func inPrimeGroup(p *edwards25519.Point) bool {
	q := new(edwards25519.Point).VarTimeDoubleScalarBaseMult(orderMinusOne, p, edwards25519.NewScalar())
	return q.Add(q, p).Equal(identity) == 1
}

// TestListsOfPoints checks the lists above, which the other tests use.
func TestListsOfPoints(t *testing.T) {
	if len(overlong) != 2*19 {
		t.Errorf("%d overlong encodings, want 38: one for each y from p to 2^255-1 and each sign", len(overlong))
	}
	if len(smallOrder) != 14 {
		t.Errorf("%d encodings of small-order points, want 14", len(smallOrder))
	}
	for i, p := range torsion {
		for j := range i {
			if p.Equal(torsion[j]) == 1 {
				t.Errorf("small-order points %d and %d are the same", i, j)
			}
		}
		if new(edwards25519.Point).MultByCofactor(p).Equal(identity) != 1 {
			t.Errorf("small-order point %d has a large order", i)
		}
	}
	if !inPrimeGroup(edwards25519.NewGeneratorPoint()) || inPrimeGroup(torsion[1]) {
		t.Error("inPrimeGroup must be true for the base point and false for a point of order 8")
	}
}
