package vectors

import (
	"encoding/hex"
	"fmt"

	"filippo.io/edwards25519"
)

// badKeys adds cases with keys that gates must refuse. Where possible, each code is
// signed so that the equation holds for a verifier that does not check the key.
func (b *builder) badKeys() {
	at := int64(start + 450)
	bad := func(name, about string, public []byte, a *edwards25519.Scalar, order uint) *Vector {
		s, sig := signUnder(public, a, order)
		v := b.signed("key-"+name, about, s, 7, sig, at, "unknown_key")
		v.Keys = []Key{{ID: 1, Public: hex.EncodeToString(public)}}
		return v
	}
	zero := edwards25519.NewScalar()
	for i, order := range torsionOrders {
		name := fmt.Sprintf("small-order-%d", order)
		if i > 1 {
			name += fmt.Sprintf("-%d", i)
		}
		bad(name, fmt.Sprintf("the key is a point of order %d: anybody can sign under it", order), torsion(i).Bytes(), zero, order)
	}
	for _, k := range []struct {
		name, about, public string
		order               uint
	}{
		{"identity-y-plus-p", "the key is the identity with y + p for y: not canonical", "ee" + ff(30) + "7f", 1},
		{"identity-minus-zero", "the key is the identity with a sign on x = 0: not canonical", "01" + zeros(30) + "80", 1},
		{"identity-both", "the key is the identity with y + p and a sign on x = 0: not canonical", "ee" + ff(31), 1},
		{"order-two-minus-zero", "the key is the point of order 2 with a sign on x = 0: not canonical", "ec" + ff(31), 2},
		{"order-four-y-is-p", "the key is a point of order 4 with p for y = 0: not canonical", "ed" + ff(30) + "7f", 4},
		{"y-plus-p", "the key has y = 3 + p: not canonical", "f0" + ff(30) + "7f", 1},
		{"all-ones", "32 bytes of ff: not canonical", ff(32), 1},
		{"not-on-curve", "y = 2: no point of the curve has it", "02" + zeros(31), 1},
	} {
		bad(k.name, k.about, unhex(k.public), zero, k.order)
	}
	a := secret(1)
	for _, i := range []int{4, 2, 1} {
		public := new(edwards25519.Point).Add(new(edwards25519.Point).ScalarBaseMult(a), torsion(i))
		order := torsionOrders[i]
		bad(fmt.Sprintf("mixed-order-%d", order),
			fmt.Sprintf("key 1 with a point of order %d added: verifiers disagree under it", order), public.Bytes(), a, order)
	}

	weak := bad("small-order-retired", "a key of small order is unknown, whatever its cut-off", torsion(0).Bytes(), zero, 1)
	from := int64(0)
	weak.Keys[0].Cutoff = &from
	o := ordinary()
	b.code("key-beside-weak", "a bad key beside the good one is left out, the good one stays", o, 7, at, "ok").
		Keys = []Key{{ID: 2, Public: "01" + zeros(31)}, key(1), {ID: 3, Public: "02" + zeros(31)}}
	negated := unhex(key(1).Public)
	negated[31] ^= 0x80
	b.code("key-sign", "the key with its sign bit flipped: a good key, and not this one", o, 7, at, "bad_signature").
		Keys = []Key{{ID: 1, Public: hex.EncodeToString(negated)}}
}

// signUnder signs the ordinary session, with the first index whose challenge is a
// multiple of order. For it the torsion of the key drops out of the equation.
func signUnder(public []byte, a *edwards25519.Scalar, order uint) (session, []byte) {
	for index := uint32(3000); ; index++ {
		s := with(func(s *session) { s.index = index })
		r := nonce(index)
		sig, h := finish(&s, new(edwards25519.Point).ScalarBaseMult(r).Bytes(), public, a, r)
		if uint(h.Bytes()[0])%order == 0 { // little-endian, and order divides 8
			return s, sig
		}
	}
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}

func zeros(n int) string { return fmt.Sprintf("%0*d", 2*n, 0) }

func ff(n int) (text string) {
	for range n {
		text += "ff"
	}
	return text
}
