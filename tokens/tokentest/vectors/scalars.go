package vectors

import (
	"fmt"
	"math/big"
	"slices"

	"filippo.io/edwards25519"
)

// order is l, the order of the base point's group (RFC 8032 section 5.1).
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// scalars adds signatures on which Ed25519 verifiers are known to disagree. The rule
// of the format: s is below l, R is not the identity, and R equals the encoding of
// sB - hA byte by byte, without multiplication by the cofactor.
func (b *builder) scalars() {
	o := ordinary()
	at := int64(start + 450)
	sig := o.sign()
	shifted := func(by int64) []byte {
		s := littleEndian(sig[32:])
		s.Add(s, new(big.Int).Mul(order, big.NewInt(by)))
		return append(slices.Clone(sig[:32]), scalarBytes(s)...)
	}
	b.signed("scalar-s-plus-l", "s + l solves the same equation: s must be below l", o, 7, shifted(1), at, "bad_signature")
	b.signed("scalar-s-plus-15l", "s + 15 l, which has bits set at the very top", o, 7, shifted(15), at, "bad_signature")
	b.signed("scalar-s-is-l", "s = l", o, 7, append(slices.Clone(sig[:32]), scalarBytes(order)...), at, "bad_signature")
	b.signed("scalar-s-top-bits", "the top three bits of s are set", o, 7, topBits(sig), at, "bad_signature")
	b.signed("scalar-r-sign", "the sign bit of R is flipped", o, 7, flipSign(sig), at, "bad_signature")

	// R of small order, s = h·a: the equation with the cofactor holds for all of these,
	// the equation without it only for the identity. Such a signature reveals the key.
	small := with(func(s *session) { s.index = 2000 })
	public := small.signer.Signer.Public()
	a, zero := secret(1), edwards25519.NewScalar()
	refuse := func(name, about string, s session, r []byte, nonce *edwards25519.Scalar) {
		sig, _ := finish(&s, r, public[:], a, nonce)
		b.signed("scalar-r-"+name, about, s, 7, sig, at, "bad_signature")
	}
	refuse("identity", "R is the identity, in its one canonical form: the equation holds, and tells the private key", small, torsion(0).Bytes(), zero)
	refuse("order-two", "R is the point of order 2", small, torsion(4).Bytes(), zero)
	for _, i := range []int{2, 6} {
		refuse(fmt.Sprintf("order-four-%d", i), "R is a point of order 4", small, torsion(i).Bytes(), zero)
	}
	for _, i := range []int{1, 3, 5, 7} {
		refuse(fmt.Sprintf("order-eight-%d", i), "R is a point of order 8", small, torsion(i).Bytes(), zero)
	}
	refuse("identity-y-plus-p", "R is the identity with y + p for y: not canonical", small, unhex("ee"+ff(30)+"7f"), zero)
	refuse("identity-minus-zero", "R is the identity with a sign on x = 0: not canonical", small, unhex("01"+zeros(30)+"80"), zero)
	refuse("order-two-minus-zero", "R is the point of order 2 with a sign on x = 0: not canonical", small, unhex("ec"+ff(31)), zero)
	refuse("order-four-y-is-p", "R is a point of order 4 with p for y = 0: not canonical", small, unhex("ed"+ff(30)+"7f"), zero)

	// R = rB + T: for a verifier that multiplies by the cofactor, T drops out.
	for _, i := range []int{4, 2, 1} {
		r := nonce(uint32(i))
		point := new(edwards25519.Point).ScalarBaseMult(r)
		refuse(fmt.Sprintf("torsion-%d", torsionOrders[i]), fmt.Sprintf("an honest R with a point of order %d added: good only to a verifier that multiplies by the cofactor", torsionOrders[i]),
			small, point.Add(point, torsion(i)).Bytes(), r)
	}
}

func topBits(sig []byte) []byte {
	sig = slices.Clone(sig)
	sig[63] |= 0xe0
	return sig
}

func flipSign(sig []byte) []byte {
	sig = slices.Clone(sig)
	sig[31] ^= 0x80
	return sig
}

func littleEndian(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func scalarBytes(s *big.Int) []byte {
	b := s.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}
