package fixedkey

import (
	"crypto/ed25519"
	"errors"
	"unsafe"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// Form is an implementation of verification. All forms accept the same signatures.
type Form uint8

// The forms.
const (
	// Plain is crypto/ed25519: no tables, any platform. Tests and benchmarks compare
	// the other forms with it.
	Plain Form = iota
	// Scalar adds table entries with circl's field arithmetic, one signature at a time.
	Scalar
	// IFMA adds eight table entries at a time with AVX-512 IFMA instructions. On a
	// processor without them New makes a key of the Scalar form.
	IFMA
	formCount
)

var formNames = [formCount]string{"plain", "scalar", "ifma"}

func (f Form) String() string { return formNames[f] }

// Errors returned by New.
var (
	ErrKeySize = errors.New("fixedkey: a public key has 32 bytes")
	ErrKeyForm = errors.New("fixedkey: the public key is not the canonical encoding of a point")
	ErrKeyWeak = errors.New("fixedkey: the public key does not have prime order")
)

// Key verifies signatures under one public key. It is immutable and safe for
// concurrent use.
type Key struct {
	public [ed25519.PublicKeySize]byte
	form   Form
	// Tables of the base point and of the key's negative, for the form.
	base, minusA         *table
	laneBase, laneMinusA *laneTable
}

// New prepares a key. In the Scalar form it takes about 10 ms and 4.3 MB, and for the
// first key of a process 60 ms and 15 MB more for the base point. In the IFMA form it
// takes about 1 ms and 0.5 MB, and for the first key 20 ms and 5.4 MB more. Do not call
// it on the hot path. If the key is already in use, New returns the existing one.
//
// New refuses weak keys: an attacker can sign without a secret under a key of small
// order, and verifiers disagree under a key of mixed order.
func New(public []byte, form Form) (*Key, error) {
	if len(public) != ed25519.PublicKeySize {
		return nil, ErrKeySize
	}
	m := maker{[ed25519.PublicKeySize]byte(public), form.available()}
	if k := m.inUse(); k != nil {
		return k, nil
	}
	k, err := m.make()
	if err != nil {
		return nil, err
	}
	return m.share(k), nil
}

func (m maker) make() (*Key, error) { return m.makeOf(keyWidth, laneKeyWidth) }

// makeOf makes the key with the given window widths for the Scalar and the IFMA form.
func (m maker) makeOf(width, laneWidth uint) (*Key, error) {
	k := &Key{public: m.public, form: m.form}
	var a affine
	if !a.decode(&k.public) {
		return nil, ErrKeyForm
	}
	if !a.inPrimeGroup() {
		return nil, ErrKeyWeak
	}
	a.negate()
	switch m.form {
	case Scalar:
		k.base, k.minusA = base(), newTable(&a, width)
	case IFMA:
		k.laneBase, k.laneMinusA = laneBase(), newLaneTable(&a, laneWidth)
	}
	return k, nil
}

// Form returns the form of the key.
func (k *Key) Form() Form { return k.form }

// TableSize returns the memory of the key's own tables in bytes.
func (k *Key) TableSize() int {
	switch k.form {
	case Scalar:
		return len(k.minusA.entries) * int(unsafe.Sizeof(entry{}))
	case IFMA:
		return len(k.laneMinusA.entries) * lanes.EntrySize
	}
	return 0
}

// Verify returns the result of crypto/ed25519.Verify. It does not allocate if the
// message has at most MaxMessage bytes.
func (k *Key) Verify(message, signature []byte) bool {
	var sum point
	switch k.form {
	case Plain:
		return ed25519.Verify(k.public[:], message, signature)
	case Scalar:
		var e equation
		if !e.set(k, message, signature) {
			return false
		}
		e.solve(&sum)
	case IFMA:
		var e laneEquation
		if !e.set(k, message, signature) {
			return false
		}
		e.solve(k, &sum)
	}
	return sum.encodesTo((*[32]byte)(signature))
}
