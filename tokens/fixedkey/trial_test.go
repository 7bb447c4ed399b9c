package fixedkey_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"math/big"
	"testing"

	"filippo.io/edwards25519"
)

// trial is a key, a message and a signature that are valid at first and are then
// changed by mutations. Mutations write only to the signature in place.
type trial struct {
	member
	nonce                      *edwards25519.Scalar // R is nonce*B
	public, message, signature []byte
}

// newTrial signs message. A choice below 255 selects a signer of the pool; 255 makes a
// new signer, which is slow.
func newTrial(choice byte, message []byte) *trial {
	var m member
	nonce := sha512.Sum512(message)
	if choice < 255 {
		all := pool()
		m = all[int(choice)%len(all)]
	} else {
		m.signer = seeded(1_000_000 + uint64(nonce[0]) + uint64(nonce[1])<<8)
	}
	t := &trial{member: m, public: m.public, message: bytes.Clone(message)}
	t.nonce, _ = edwards25519.NewScalar().SetUniformBytes(nonce[:])
	t.signature = ed25519.Sign(m.private, message)
	return t
}

// mutation is one way to change a trial. with selects a variant.
type mutation struct {
	name   string
	mutate func(t *trial, with byte)
}

// mutations is indexed by fuzz inputs: only append to it.
var mutations = []mutation{
	{"another nonce", func(t *trial, with byte) {
		t.nonce = scalarOf(big.NewInt(int64(with)))
		t.resign(new(edwards25519.Point).ScalarBaseMult(t.nonce).Bytes())
	}},
	{"flip a bit of A", func(t *trial, with byte) { t.public = flipped(t.public, int(with)) }},
	{"flip a bit of R", func(t *trial, with byte) { t.signature = flipped(t.signature, int(with)) }},
	{"flip a bit of s", func(t *trial, with byte) { t.signature = flipped(t.signature, 256+int(with)) }},
	{"flip a bit of the message", func(t *trial, with byte) { t.message = flipped(t.message, int(with)) }},
	{"R of small order", func(t *trial, with byte) { t.replaceR(pick(smallOrder, with)) }},
	{"sign with R of small order", func(t *trial, with byte) {
		t.nonce = edwards25519.NewScalar()
		t.resign(pick(smallOrder, with))
	}},
	{"R not below p", func(t *trial, with byte) { t.replaceR(pick(overlong, with)) }},
	{"sign with R not below p", func(t *trial, with byte) {
		t.nonce = edwards25519.NewScalar()
		t.resign(pick(overlong, with))
	}},
	{"torsion on R", func(t *trial, with byte) {
		if r, err := new(edwards25519.Point).SetBytes(t.r()); err == nil {
			t.replaceR(r.Add(r, torsion[with%8]).Bytes())
		}
	}},
	{"sign with torsion on R", func(t *trial, with byte) {
		r := new(edwards25519.Point).ScalarBaseMult(t.nonce)
		t.resign(r.Add(r, torsion[with%8]).Bytes())
	}},
	{"A of small order", func(t *trial, with byte) { t.public = pick(smallOrder, with) }},
	{"A not below p", func(t *trial, with byte) { t.public = pick(overlong, with) }},
	{"sign with torsion on A", func(t *trial, with byte) {
		if a, err := new(edwards25519.Point).SetBytes(t.public); err == nil {
			t.public = a.Add(a, torsion[with%8]).Bytes()
			t.resign(new(edwards25519.Point).ScalarBaseMult(t.nonce).Bytes())
		}
	}},
	{"add l to s", func(t *trial, with byte) {
		multiple := new(big.Int).Mul(groupOrder, big.NewInt(1+int64(with%15)))
		if s := multiple.Add(multiple, t.s()); s.BitLen() <= 256 {
			t.replaceS(littleEndian(s))
		}
	}},
	{"s = 0", func(t *trial, with byte) { t.replaceS(make([]byte, 32)) }},
	{"s next to l", func(t *trial, with byte) {
		t.replaceS(littleEndian(new(big.Int).Add(groupOrder, big.NewInt(int64(with%5)-2))))
	}},
	{"s of 2^253 or more", func(t *trial, with byte) {
		s := t.s()
		t.replaceS(littleEndian(s.SetBit(s, 253+int(with%3), 1)))
	}},
	{"signature of a wrong size", func(t *trial, with byte) { t.signature = resized(t.signature, with) }},
	{"key of a wrong size", func(t *trial, with byte) { t.public = resized(t.public, with) }},
}

// resign completes the signature for the given R under the current public key.
func (t *trial) resign(r []byte) { t.signature = t.finish(t.public, r, t.message, t.nonce) }

// r returns the first half of the signature, filled up with zeros if it is too short.
func (t *trial) r() []byte { return sized(t.signature, 64)[:32] }

// s returns the second half of the signature as a number.
func (t *trial) s() *big.Int {
	b := sized(t.signature, 64)[32:]
	for i := range 16 {
		b[i], b[31-i] = b[31-i], b[i]
	}
	return new(big.Int).SetBytes(b)
}

func (t *trial) replaceR(r []byte) { copy(t.signature, r) }

func (t *trial) replaceS(s []byte) { t.signature = append(t.r(), s...) }

// apply applies mutations from pairs of bytes, mutation and variant, and returns the
// indexes of the mutations.
func (t *trial) apply(pairs []byte) (done []int) {
	for ; len(pairs) >= 2; pairs = pairs[2:] {
		m := int(pairs[0]) % len(mutations)
		mutations[m].mutate(t, pairs[1])
		done = append(done, m)
	}
	return done
}

// outcome is the result of a trial.
type outcome string

const (
	accepted outcome = "accepted"
	refused  outcome = "refused"
	noKey    outcome = "weak key"
)

// judge compares every form with crypto/ed25519 and returns the common answer.
func (t *trial) judge(tb testing.TB) outcome {
	tb.Helper()
	k := t.key
	if k == nil || !bytes.Equal(t.public, t.signer.public) {
		if k = openKey(tb, t.public); k == nil {
			return noKey
		}
	}
	if k.agree(tb, t.public, t.message, t.signature) {
		return accepted
	}
	return refused
}

func pick(from [][]byte, with byte) []byte { return bytes.Clone(from[int(with)%len(from)]) }

// flipped returns a copy of b with one bit flipped. Bit numbers wrap around. An empty b
// gets one byte, so the result always differs.
func flipped(b []byte, bit int) []byte {
	b = sized(b, max(1, len(b)))
	b[bit/8%len(b)] ^= 1 << (bit % 8)
	return b
}

// resized returns b shortened or extended by at least one byte, or empty.
func resized(b []byte, with byte) []byte {
	switch n := int(with); {
	case n == 0:
		return nil
	case n < 128:
		return sized(b, max(0, len(b)-n))
	default:
		return sized(b, len(b)+n-127)
	}
}

// sized returns a copy of b, truncated or filled up with zeros to n bytes.
func sized(b []byte, n int) []byte {
	c := make([]byte, n)
	copy(c, b)
	return c
}
