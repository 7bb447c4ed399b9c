package tokens

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// PublicKeySize is the length of an issuer's public key, bytes.
const PublicKeySize = ed25519.PublicKeySize

// Never is a cut-off that no session start reaches.
const Never = math.MaxInt64

// Key is one issuer key as a gate knows it. To retire a key, build a new KeySet.
type Key struct {
	ID     KeyID
	Public [PublicKeySize]byte
	// CutOff is the first session start, Unix seconds, that is no longer good
	// under this key; Never while the key is in service.
	CutOff int64
	// Exempted holds the credentials that stay good under this key whatever its
	// cut-off; nil: none.
	Exempted Serials

	verifier *fixedkey.Key // of Public; nil before Prepare
}

// Prepare makes ready to verify: with tables, which take milliseconds and up to 4.3
// MB and make a verification several times as fast, or without. The error says that
// the key is weak or no key. NewKeySet prepares, without tables, what is not yet.
func (k *Key) Prepare(tables bool) (err error) {
	form := fixedkey.Plain
	if tables {
		form = fixedkey.Best()
	}
	k.verifier, err = fixedkey.New(k.Public[:], form)
	return err
}

// CheckPublicKey says what is wrong with a public key, by section 7 of the format: it
// must be the canonical encoding of a point of prime order. Gates take no other key.
func CheckPublicKey(public [PublicKeySize]byte) error {
	k := Key{Public: public}
	return k.Prepare(false)
}

// HasTables reports whether the key was prepared with tables.
func (k *Key) HasTables() bool { return k.verifier != nil && k.verifier.Form() != fixedkey.Plain }

// Serials is a set of serials. Has must not block and may be called from many
// goroutines.
type Serials interface{ Has(Serial) bool }

// covers reports whether a session that starts at start is good under this key.
func (k *Key) covers(start int64, s Serial) bool {
	return start < k.CutOff || k.Exempted != nil && k.Exempted.Has(s)
}

// verify reports whether the token's pass was signed by this key.
func (k *Key) verify(t *Token) bool {
	var m [SignedSize]byte
	t.signed(&m)
	return !t.zeroNonce() && k.verifier.Verify(m[:], t.signature())
}

// identity is the zero of the group, encoded.
var identity = [32]byte{1}

// zeroNonce reports whether R is the zero of the group: the one R of small order with
// which the equation can hold under a key of prime order. Such a signature tells the
// private key, so it is refused, as many verifiers refuse it.
func (t *Token) zeroNonce() bool { return [32]byte(t.raw[offSig:]) == identity }

// KeySet is an immutable set of issuer keys. The zero KeySet knows none.
type KeySet struct{ byID map[KeyID]*Key }

// ErrKeyTwice says that an id stands in a key set more than once.
var ErrKeyTwice = errors.New("tokens: two keys with one id")

// NewKeySet builds a set whole; it is swapped in, never changed. It refuses weak keys.
func NewKeySet(keys ...Key) (*KeySet, error) {
	set := &KeySet{byID: make(map[KeyID]*Key, len(keys))}
	for _, k := range keys {
		if set.byID[k.ID] != nil {
			return nil, ErrKeyTwice
		}
		if k.verifier == nil {
			if err := k.Prepare(false); err != nil {
				return nil, fmt.Errorf("tokens: key %d: %w", k.ID, err)
			}
		}
		set.byID[k.ID] = &k
	}
	return set, nil
}

// Key finds a key, or nil.
func (s *KeySet) Key(id KeyID) *Key { return s.byID[id] }

// Len counts the keys, retired ones included.
func (s *KeySet) Len() int { return len(s.byID) }
