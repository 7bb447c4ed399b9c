package vectors

import (
	"crypto/sha512"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/railgate/railgate/tokens/tokentest"
)

// order is l, the order of the group that Ed25519 signs in (RFC 8032, 5.1).
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// scalars: signatures on which Ed25519 verifiers are known to disagree. The
// rule here is the strict one: s below l, and R compared byte by byte with the
// encoding of sB - hA, without multiplying by the cofactor.
func (b *book) scalars() {
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

	for _, r := range []struct{ name, about, point, reason string }{
		{"identity", "R is the identity, in its one canonical form: whoever holds the key can sign so, and the equation holds",
			"0100000000000000000000000000000000000000000000000000000000000000", "ok"},
		{"identity-y-plus-p", "R is the identity with y + p for y: not canonical",
			"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "bad_signature"},
		{"identity-minus-zero", "R is the identity with a sign on x = 0: not canonical",
			"0100000000000000000000000000000000000000000000000000000000000080", "bad_signature"},
		{"order-two", "R is the point of order 2: only a verifier that multiplies by the cofactor would accept",
			"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "bad_signature"},
	} {
		s := with(func(s *session) { s.index = 2000 })
		point, err := hex.DecodeString(r.point)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		b.signed("scalar-r-"+r.name, r.about, s, 7, signWith(&s, point), at, r.reason)
	}
}

// signWith signs as if R, a point of low order, were 0·B: s = h·a. It gives the
// private key away to anyone who looks; these keys are public anyway.
func signWith(s *session, r []byte) []byte {
	seed := tokentest.Seed(s.signer.ID)
	private := sha512.Sum512(seed[:])
	private[0] &= 248
	private[31] = private[31]&127 | 64
	public := s.signer.Signer.Public()
	h := sha512.Sum512(slices.Concat(r, public[:], s.message()))
	product := new(big.Int).Mul(littleEndian(h[:]), littleEndian(private[:32]))
	return append(slices.Clone(r), scalarBytes(product.Mod(product, order))...)
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
