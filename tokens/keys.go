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

// Never is a cutoff that no session start reaches.
const Never = math.MaxInt64

// Key is one issuer key at a gate. To retire a key, build a new KeySet.
type Key struct {
	ID     KeyID
	Public [PublicKeySize]byte
	// Cutoff is the first session start, Unix seconds, that is refused under this
	// key. It is Never while the key is in service.
	Cutoff int64
	// Exempted contains the credentials that the cutoff does not apply to. nil
	// means none.
	Exempted Serials

	verifier *fixedkey.Key // for Public; nil before Prepare
}

// Prepare prepares the key for verification. Tables take milliseconds and up to
// 4.3 MB and make a verification several times as fast. The error says that Public
// is not a point or is weak. NewKeySet calls Prepare, without tables, for keys that
// are not prepared.
func (k *Key) Prepare(tables bool) (err error) {
	form := fixedkey.Plain
	if tables {
		form = fixedkey.Best()
	}
	k.verifier, err = fixedkey.New(k.Public[:], form)
	return err
}

// CheckPublicKey returns an error unless public is the canonical encoding of a point
// of prime order (docs/token-format.md section 7). Gates accept no other key.
func CheckPublicKey(public [PublicKeySize]byte) error {
	k := Key{Public: public}
	return k.Prepare(false)
}

// HasTables reports whether the key was prepared with tables.
func (k *Key) HasTables() bool { return k.verifier != nil && k.verifier.Form() != fixedkey.Plain }

// Serials is a set of serials. Has must not block and may be called concurrently.
type Serials interface{ Has(Serial) bool }

// covers reports whether the key accepts a session of s that starts at start.
func (k *Key) covers(start int64, s Serial) bool {
	return start < k.Cutoff || k.Exempted != nil && k.Exempted.Has(s)
}

// verify reports whether the token's pass was signed by this key.
func (k *Key) verify(t *Token) bool {
	var m [SignedSize]byte
	t.signed(&m)
	return !t.zeroNonce() && k.verifier.Verify(m[:], t.signature())
}

// identity is the encoding of the group's neutral element.
var identity = [32]byte{1}

// zeroNonce reports whether R is the neutral element: the only R of small order for
// which the equation can hold under a key of prime order. Such a signature reveals
// the private key and is refused, as many verifiers refuse it.
func (t *Token) zeroNonce() bool { return [32]byte(t.raw[offSig:]) == identity }

// KeySet is an immutable set of issuer keys. The zero KeySet is empty.
type KeySet struct{ byID map[KeyID]*Key }

// ErrKeyTwice is returned for two keys with the same id.
var ErrKeyTwice = errors.New("tokens: two keys with the same id")

// NewKeySet builds a set of keys. To change keys, build a new set. It refuses weak keys.
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

// Key returns the key with this id, or nil.
func (s *KeySet) Key(id KeyID) *Key { return s.byID[id] }

// Len returns the number of keys, retired keys included.
func (s *KeySet) Len() int { return len(s.byID) }
