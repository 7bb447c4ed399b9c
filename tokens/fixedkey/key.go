package fixedkey

import (
	"crypto/ed25519"
	"errors"
	"unsafe"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
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
	// IFMA adds eight table entries at once, with AVX-512 IFMA instructions. On a
	// processor without them a key of this form is made in the Scalar form.
	IFMA
	formCount
)

var formNames = [formCount]string{"plain", "scalar", "ifma"}

func (f Form) String() string { return formNames[f] }

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
	form   Form
	// Tables of the base point and of the key's negative, in the form's own kind.
	base, minusA         *table
	laneBase, laneMinusA *laneTable
}

// New prepares a key. In the Scalar form that takes some 10 ms and 4.3 MB, and the
// first key of a process 60 ms and 15 MB more for the base point; in the IFMA form
// about 1 ms and 0.5 MB, and 20 ms and 5.4 MB more: keep it off the hot path. A key that is in use already is returned at once. A weak key is
// refused: under one of small order an attacker signs without a secret, and one of
// mixed order makes verifiers disagree.
func New(public []byte, form Form) (*Key, error) {
	if len(public) != ed25519.PublicKeySize {
		return nil, ErrKeySize
	}
	m := maker{[ed25519.PublicKeySize]byte(public), form.here()}
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

// makeOf makes the key with windows of these widths in the Scalar and the IFMA form.
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

// Form is the form that the key was made in.
func (k *Key) Form() Form { return k.form }

// TableSize is the memory of the tables that are the key's own, bytes.
func (k *Key) TableSize() int {
	switch k.form {
	case Scalar:
		return len(k.minusA.entries) * int(unsafe.Sizeof(entry{}))
	case IFMA:
		return len(k.laneMinusA.entries) * lanes.EntrySize
	}
	return 0
}

// Verify says what crypto/ed25519.Verify would say. It allocates nothing if the
// message is at most MaxMessage bytes.
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
