package signing_test

import (
	"fmt"
	"strings"
	"testing"

	"crypto/ed25519"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

func TestKeyNeverPrintsItself(t *testing.T) {
	key := signing.NewKey([32]byte{1, 2, 3})
	plain := fmt.Sprintf("%x", ed25519.NewKeyFromSeed([]byte{31: 0, 0: 1, 1: 2, 2: 3}))
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
		if out := fmt.Sprintf(verb, key); out != key.String() || strings.Contains(plain, out) {
			t.Errorf("%s printed %q", verb, out)
		}
	}
}

func TestSignaturesVerifyInTheStandardLibrary(t *testing.T) {
	key := signing.NewKey(signing.GenerateSeed())
	public := key.Public()
	message := []byte("a message")
	sig, err := key.Sign(message)
	if err != nil || !ed25519.Verify(public[:], message, sig[:]) {
		t.Fatalf("crypto/ed25519 refuses the signature: %v", err)
	}
}

func TestMalformedPassIsNotSigned(t *testing.T) {
	key := signing.NewKey(signing.GenerateSeed())
	if _, err := signing.Pass(key, &tokens.Pass{}); err == nil {
		t.Fatal("signed an empty pass")
	}
}
