package bench

import (
	"crypto/ed25519"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	circl "github.com/cloudflare/circl/sign/ed25519"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/fixedkey"
	"github.com/railgate/railgate/tokens/signing"
)

// What the verifiers are given: keys in rotation, as while an issuer changes its
// key, and so many random signatures that no branch predictor learns them.
const (
	verifyKeys  = 4
	verifyCount = 4096
	verifyBatch = 64
)

type signedUnder struct {
	key                *fixedkey.Key
	public             ed25519.PublicKey
	message, signature []byte
}

func signatures(tb testing.TB) []signedUnder {
	tb.Helper()
	random := rand.New(rand.NewPCG(21, 22))
	bytes := func(n int) []byte {
		b := make([]byte, 0, n+8)
		for len(b) < n {
			b = binary.LittleEndian.AppendUint64(b, random.Uint64())
		}
		return b[:n]
	}
	var privates [verifyKeys]ed25519.PrivateKey
	var keys [verifyKeys]*fixedkey.Key
	for i := range keys {
		privates[i] = ed25519.NewKeyFromSeed(bytes(signing.SeedSize))
		var err error
		if keys[i], err = fixedkey.New(privates[i].Public().(ed25519.PublicKey), fixedkey.Best()); err != nil {
			tb.Fatal(err)
		}
	}
	all := make([]signedUnder, verifyCount)
	for i := range all {
		message := bytes(tokens.SignedSize)
		private := privates[i%verifyKeys]
		all[i] = signedUnder{keys[i%verifyKeys], private.Public().(ed25519.PublicKey), message, ed25519.Sign(private, message)}
	}
	return all
}

// BenchmarkVerify is one verification of a 47-byte message and nothing else; that
// of a batch is reported per signature.
func BenchmarkVerify(b *testing.B) {
	all := signatures(b)
	b.Run("ours-scalar", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if s := &all[i%verifyCount]; !s.key.Verify(s.message, s.signature) {
				b.Fatal("a good signature was refused")
			}
		}
	})
	b.Run("ours-batch64", func(b *testing.B) {
		b.ReportAllocs()
		var batch [verifyBatch]fixedkey.Signed
		for i := 0; b.Loop(); i++ { // b.N counts signatures
			s := &all[i%verifyCount]
			batch[i%verifyBatch] = fixedkey.Signed{Key: s.key, Message: s.message, Signature: s.signature}
			if i%verifyBatch != verifyBatch-1 {
				continue
			}
			fixedkey.VerifyBatch(batch[:])
			for j := range batch {
				if !batch[j].Good {
					b.Fatal("a good signature was refused")
				}
			}
		}
	})
	b.Run("plain-crypto-ed25519", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if s := &all[i%verifyCount]; !ed25519.Verify(s.public, s.message, s.signature) {
				b.Fatal("a good signature was refused")
			}
		}
	})
	b.Run("plain-circl-ed25519", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if s := &all[i%verifyCount]; !circl.Verify(circl.PublicKey(s.public), s.message, s.signature) {
				b.Fatal("a good signature was refused")
			}
		}
	})
}
