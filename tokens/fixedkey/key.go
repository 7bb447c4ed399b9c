package fixedkey

import (
	"crypto/ed25519"
	"errors"
)

// Form is a way to verify. All forms accept and refuse the same signatures.
type Form uint8

// The forms.
const (
	// Plain is crypto/ed25519: no tables, any platform. It is the rival that the
	// others are measured against and compared with.
	Plain Form = iota
	// Scalar adds table entries on circl's field arithmetic, one signature at a time.
	Scalar
	formCount
)

var formNames = [formCount]string{"plain", "scalar"}

func (f Form) String() string { return formNames[f] }

// Best is the fastest form that works here.
func Best() Form { return Scalar }

// Errors of New.
var (
	ErrKeySize = errors.New("fixedkey: a public key has 32 bytes")
	ErrKeyForm = errors.New("fixedkey: the public key is no point in canonical form")
	ErrKeyWeak = errors.New("fixedkey: the public key is not in the group of the base point, or is its zero")
)

// Key verifies signatures under one public key. It is immutable and may be used
// by many goroutines.
type Key struct {
	public [ed25519.PublicKeySize]byte
	base   *table // of the base point
	minusA *table // of the key's negative; nil in the Plain form
}

// New prepares a key. In the Scalar form that takes some 10 ms and 4.3 MB, and the
// first key of a process 60 ms and 15 MB more for the base point: keep it off the
// hot path. A key that is in use already is returned at once. A weak key is
// refused: under one of small order an attacker signs without a secret, and one of
// mixed order makes verifiers disagree.
func New(public []byte, form Form) (*Key, error) {
	if len(public) != ed25519.PublicKeySize {
		return nil, ErrKeySize
	}
	m := maker{[ed25519.PublicKeySize]byte(public), form}
	if k := m.inUse(); k != nil {
		return k, nil
	}
	k, err := m.make()
	if err != nil {
		return nil, err
	}
	return m.share(k), nil
}

func (m maker) make() (*Key, error) {
	k := &Key{public: m.public}
	var a affine
	if !a.decode(&k.public) {
		return nil, ErrKeyForm
	}
	if !a.inPrimeGroup() {
		return nil, ErrKeyWeak
	}
	if m.form != Plain {
		a.negate()
		k.base, k.minusA = base(), newTable(&a, keyWidth)
	}
	return k, nil
}

// Form is the form that the key was made for.
func (k *Key) Form() Form {
	if k.minusA == nil {
		return Plain
	}
	return Scalar
}

// Verify says what crypto/ed25519.Verify would say. It allocates nothing if the
// message is at most MaxMessage bytes.
func (k *Key) Verify(message, signature []byte) bool {
	if k.minusA == nil {
		return ed25519.Verify(k.public[:], message, signature)
	}
	var e equation
	if !e.set(k, message, signature) {
		return false
	}
	var sum point
	e.solve(&sum)
	return sum.encodesTo((*[32]byte)(signature))
}
