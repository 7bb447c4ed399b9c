package fixedkey_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"filippo.io/edwards25519"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// signer exposes its secret scalar, so it can make signatures that crypto/ed25519 does
// not make.
type signer struct {
	secret  *edwards25519.Scalar
	public  []byte
	private ed25519.PrivateKey // nil if the scalar has no seed
}

// seeded returns a signer that is derived from a seed as in RFC 8032.
func seeded(n uint64) *signer {
	seed := sha512.Sum512(binary.LittleEndian.AppendUint64([]byte("fixedkey test signer "), n))
	private := ed25519.NewKeyFromSeed(seed[:ed25519.SeedSize])
	wide := sha512.Sum512(private.Seed())
	secret, err := edwards25519.NewScalar().SetBytesWithClamping(wide[:32])
	if err != nil {
		panic(err)
	}
	return &signer{secret: secret, public: private.Public().(ed25519.PublicKey), private: private}
}

// withScalar returns the signer whose public key is secret times the base point.
func withScalar(secret *edwards25519.Scalar) *signer {
	return &signer{secret: secret, public: new(edwards25519.Point).ScalarBaseMult(secret).Bytes()}
}

// finish completes a signature for a given R: s = nonce + h*secret. It is good if R is
// the encoding of nonce*B and public is the signer's public key.
func (s *signer) finish(public, r, message []byte, nonce *edwards25519.Scalar) []byte {
	wide := sha512.Sum512(bytes.Join([][]byte{r, public, message}, nil))
	h, err := edwards25519.NewScalar().SetUniformBytes(wide[:])
	if err != nil {
		panic(err)
	}
	end := edwards25519.NewScalar().MultiplyAdd(h, s.secret, nonce)
	return append(bytes.Clone(r), end.Bytes()...)
}

// key is one signer's public key in every form.
type key [fixedkey.FormCount]*fixedkey.Key

// openKey makes the key in every form. It fails the test unless each form returns the
// error of verdictOnKey. A refused key is nil.
func openKey(t testing.TB, public []byte) *key {
	t.Helper()
	want := verdictOnKey(public)
	var k key
	for form := range fixedkey.FormCount {
		var err error
		k[form], err = fixedkey.New(public, form)
		if !errors.Is(err, want) || (k[form] == nil) != (want != nil) {
			t.Fatalf("%v key %x: %v, want %v", form, public, err, want)
		}
	}
	if want != nil {
		return nil
	}
	return &k
}

// agree fails the test unless every form, alone and in batches with genuine signatures,
// answers as crypto/ed25519 does. It returns the answer.
func (k *key) agree(t testing.TB, public, message, signature []byte) bool {
	t.Helper()
	want := ed25519.Verify(public, message, signature)
	for form, each := range k {
		messageBefore, signatureBefore := bytes.Clone(message), bytes.Clone(signature)
		if got := each.Verify(message, signature); got != want {
			t.Fatalf("%v says %v, crypto/ed25519 %v\nkey %x\nmessage %x\nsignature %x",
				fixedkey.Form(form), got, want, public, message, signature)
		}
		if !bytes.Equal(message, messageBefore) || !bytes.Equal(signature, signatureBefore) {
			t.Fatalf("%v wrote to its input", fixedkey.Form(form))
		}
	}
	// The IFMA form verifies few signatures one by one and more of them in parallel.
	for _, beside := range []int{1, 4} {
		k.agreeInBatch(t, beside, want, public, message, signature)
	}
	return want
}

// agreeInBatch verifies a batch that has, for every form, the signature followed by
// beside genuine signatures.
func (k *key) agreeInBatch(t testing.TB, beside int, want bool, public, message, signature []byte) {
	t.Helper()
	g := genuine()
	var batch []fixedkey.Signed
	for form, each := range k {
		// Good is preset to the wrong answer, which detects a skipped signature.
		batch = append(batch, fixedkey.Signed{Key: each, Message: message, Signature: signature, Good: !want})
		for range beside {
			batch = append(batch, fixedkey.Signed{Key: g.key[form], Message: g.message, Signature: g.signature})
		}
	}
	fixedkey.VerifyBatch(batch)
	for i, s := range batch {
		form, first := fixedkey.Form(i/(1+beside)), i%(1+beside) == 0
		if first && s.Good != want {
			t.Fatalf("%v returns %v in a batch, crypto/ed25519 returns %v\nkey %x\nmessage %x\nsignature %x", form, s.Good, want, public, message, signature)
		}
		if !first && !s.Good {
			t.Fatalf("%v refuses a genuine signature beside key %x, message %x, signature %x", form, public, message, signature)
		}
	}
}

// member is a signer of the pool with its key.
type member struct {
	*signer
	key *key
}

// pool contains a few signers whose keys are made once: making a key takes milliseconds
// and the tests need thousands of signatures.
var pool = sync.OnceValue(func() (all [4]member) {
	for i := range all {
		s := seeded(uint64(i))
		all[i].signer, all[i].key = s, new(key)
		for form := range fixedkey.FormCount {
			k, err := fixedkey.New(s.public, form)
			if err != nil {
				panic(err)
			}
			all[i].key[form] = k
		}
	}
	return all
})

// signed is a good signature with its key.
type signed struct {
	key                *key
	message, signature []byte
}

// genuine returns the good signature that batches contain beside others.
var genuine = sync.OnceValue(func() signed {
	m := pool()[0]
	message := []byte("a genuine message, forty-seven bytes of content")
	return signed{m.key, message, ed25519.Sign(m.private, message)}
})
