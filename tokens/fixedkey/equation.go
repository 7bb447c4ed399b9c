package fixedkey

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
)

// MaxMessage is the length in bytes of the longest message that is verified without
// allocating.
const MaxMessage = 192

// equation contains the digits of sB - hA. The sum must equal R, the first half of
// the signature.
type equation struct {
	base  part
	other part // multiple of -A
}

// part is a multiple of one point.
type part struct {
	table  *table
	digits [maxWindows]uint32
}

func (p *part) set(t *table, scalar *[4]uint64) {
	p.table = t
	t.digits(scalar, &p.digits)
	prefetch(&t.entries[0], &p.digits[0], t.windows)
}

// set decodes a signature. It returns false if the signature is malformed and must be
// refused.
func (e *equation) set(k *Key, message, signature []byte) bool {
	s, ok := scalarOf(signature)
	if !ok {
		return false
	}
	e.base.set(k.base, &s)
	h := k.challenge(message, signature)
	e.other.set(k.minusA, &h)
	return true
}

// scalarOf returns s, the second half of a signature. It returns false if the
// signature has a wrong size or s is not below the order.
func scalarOf(signature []byte) (s [4]uint64, ok bool) {
	if len(signature) != ed25519.SignatureSize {
		return s, false
	}
	return scalarFrom(signature[32:])
}

// challenge returns h = SHA-512(R, A, message) modulo the order, RFC 8032 section 5.1.7.
func (k *Key) challenge(message, signature []byte) [4]uint64 {
	var sum [sha512.Size]byte
	if len(message) <= MaxMessage {
		var buffer [64 + MaxMessage]byte
		copy(buffer[:32], signature)
		copy(buffer[32:64], k.public[:])
		n := copy(buffer[64:], message)
		sum = sha512.Sum512(buffer[:64+n])
	} else {
		hash := sha512.New()
		hash.Write(signature[:32])
		hash.Write(k.public[:])
		hash.Write(message)
		hash.Sum(sum[:0])
	}
	var wide [8]uint64
	for i := range wide {
		wide[i] = binary.LittleEndian.Uint64(sum[8*i:])
	}
	return mod(&wide)
}

// solve computes sB - hA. T of the result is not valid.
func (e *equation) solve(sum *point) {
	sum.start(e.base.first())
	e.base.rest(sum)
	sum.add(e.other.first())
	e.other.rest(sum)
}

func (p *part) first() (e *entry, sign uint32) {
	d := p.digits[0]
	return &p.table.entries[d>>1], d
}

func (p *part) rest(sum *point) {
	entries := p.table.entries
	for _, d := range p.digits[1:p.table.windows] {
		sum.add(&entries[d>>1], d)
	}
}
