package fixedkey_test

import (
	"bytes"
	"crypto/ed25519"
	"flag"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"
)

var update = flag.Bool("update", false, "write the known answers to knownanswers.txt")

// knownAnswers generates the file: 64 answers under two keys, good and bad alternating.
// The first half have messages of the length of a pass, which the lanes hash in
// parallel. The others have other lengths and malformed signatures.
func knownAnswers(t *testing.T) string {
	var good, bad []string
	line := func(want bool, public, message, signature []byte) {
		if ed25519.Verify(public, message, signature) != want {
			t.Fatalf("crypto/ed25519 returns %v for\n%x %x %x", !want, public, message, signature)
		}
		if text := fmt.Sprintf("%x %x %x\n", public, message, signature); want {
			good = append(good, "good "+text)
		} else {
			bad = append(bad, "bad "+text)
		}
	}
	signers := []*signer{seeded(900), seeded(901)}
	message := func(n, length int) []byte { return sized(bytes.Repeat([]byte{byte(n), 0xa5}, length), length) }
	for n := range 16 {
		s, other := signers[n%2], signers[1-n%2]
		m := message(n, 47)
		signature := ed25519.Sign(s.private, m)
		line(true, s.public, m, signature)
		switch n % 4 {
		case 0:
			line(false, s.public, m, flipped(signature, 17*n)) // of R
		case 1:
			line(false, s.public, m, flipped(signature, 256+15*n)) // of s
		case 2:
			line(false, s.public, flipped(m, 23*n), signature)
		case 3:
			line(false, other.public, m, signature)
		}
	}
	// Lengths around a block of the hash and around MaxMessage.
	for n, length := range []int{0, 1, 46, 48, 64, 111, 127, 128, 191, 192, 193, 300} {
		s := signers[n%2]
		m := message(n, length)
		line(true, s.public, m, ed25519.Sign(s.private, m))
	}
	m := message(99, 47)
	one := big.NewInt(1)
	for n, number := range []*big.Int{new(big.Int), one, big.NewInt(-1), new(big.Int).Lsh(one, 252)} {
		s, nonce := signers[n%2], scalarOf(number)
		r := new(edwards25519.Point).ScalarBaseMult(nonce).Bytes()
		line(true, s.public, m, s.finish(s.public, r, m, nonce))
	}
	zero := edwards25519.NewScalar()
	for n, s := range signers {
		signature := ed25519.Sign(s.private, m)
		r, end := signature[:32], signature[32:]
		reversed := slices.Clone(end)
		slices.Reverse(reversed)
		above := littleEndian(new(big.Int).Add(new(big.Int).SetBytes(reversed), groupOrder))
		nonce := scalarOf(big.NewInt(int64(5 + n)))
		mutated := new(edwards25519.Point).ScalarBaseMult(nonce)
		mutated.Add(mutated, torsion[1+n])
		for _, malformed := range [][]byte{
			slices.Concat(r, above),                         // s not below the order
			slices.Concat(r, make([]byte, 32)),              // s = 0
			slices.Concat(s.public, end),                    // R is the key
			flipped(signature, 255),                         // -R
			s.finish(s.public, overlong[2], m, zero),        // R is the neutral element, encoded as 1+p
			s.finish(s.public, torsion[4].Bytes(), m, zero), // R of order 2
			s.finish(s.public, mutated.Bytes(), m, nonce),   // good only for a verifier that multiplies by the cofactor
			sized(signature, ed25519.SignatureSize-1+2*n),   // one byte missing, or one too many
		} {
			line(false, s.public, m, malformed)
		}
	}
	if len(good) != len(bad) || len(good) != 32 {
		t.Fatalf("%d good and %d bad answers, want 32 of each", len(good), len(bad))
	}
	var b strings.Builder
	for i := range good {
		b.WriteString(good[i] + bad[i])
	}
	return b.String()
}

// TestKnownAnswersAreGenerated compares the file with its generator, which checks every
// answer with crypto/ed25519.
func TestKnownAnswersAreGenerated(t *testing.T) {
	const file = "knownanswers.txt"
	want := knownAnswers(t)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is out of date (%v): run go test ./tokens/fixedkey -run KnownAnswers -update", file, err)
	}
}
