package vectors

import (
	"crypto/sha512"
	"encoding/binary"
	"slices"

	"filippo.io/edwards25519"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// torsionOrders contains the orders of the points of torsion.
var torsionOrders = [8]uint{1, 8, 4, 8, 2, 8, 4, 8}

// torsion returns i times a point of order 8: one of the eight points of small order.
func torsion(i int) *edwards25519.Point {
	eighth, err := new(edwards25519.Point).SetBytes(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	sum := edwards25519.NewIdentityPoint()
	for range i {
		sum.Add(sum, eighth)
	}
	return sum
}

// secret returns the private scalar of an issuer's key.
func secret(id tokens.KeyID) *edwards25519.Scalar {
	seed := tokentest.Seed(id)
	wide := sha512.Sum512(seed[:])
	a, err := edwards25519.NewScalar().SetBytesWithClamping(wide[:32])
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return a
}

// nonce derives a scalar from a number.
func nonce(n uint32) *edwards25519.Scalar {
	wide := sha512.Sum512(binary.BigEndian.AppendUint32([]byte("nonce"), n))
	return uniform(wide[:])
}

func uniform(wide []byte) *edwards25519.Scalar {
	s, err := edwards25519.NewScalar().SetUniformBytes(wide)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return s
}

// finish completes a signature for a given R, s = r + h·a, and also returns its challenge h.
func finish(s *session, encodedR, public []byte, a, r *edwards25519.Scalar) (sig []byte, h *edwards25519.Scalar) {
	wide := sha512.Sum512(slices.Concat(encodedR, public, s.message()))
	h = uniform(wide[:])
	end := edwards25519.NewScalar().MultiplyAdd(h, a, r)
	return append(slices.Clone(encodedR), end.Bytes()...), h
}
