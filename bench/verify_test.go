package bench

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	circl "github.com/cloudflare/circl/sign/ed25519"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/fixedkey"
	"github.com/railgate/railgate/tokens/signing"
)

// The inputs of the verifiers: keys in rotation, as during a key change, and enough random
// signatures that no branch predictor learns them.
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

// signatures returns signatures by keys of a form. The error means that the form is not available
// here.
func signatures(form fixedkey.Form) ([]signedUnder, error) {
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
		if keys[i], err = fixedkey.New(privates[i].Public().(ed25519.PublicKey), form); err != nil {
			return nil, err
		}
		if keys[i].Form() != form {
			return nil, fmt.Errorf("this processor does not support the %v form", form)
		}
	}
	all := make([]signedUnder, verifyCount)
	for i := range all {
		message := bytes(tokens.SignedSize)
		private := privates[i%verifyKeys]
		all[i] = signedUnder{keys[i%verifyKeys], private.Public().(ed25519.PublicKey), message, ed25519.Sign(private, message)}
	}
	return all, nil
}

// BenchmarkVerify verifies a 47-byte message; batches are reported per signature.
func BenchmarkVerify(b *testing.B) {
	var all []signedUnder
	for _, form := range []fixedkey.Form{fixedkey.IFMA, fixedkey.Scalar} {
		name := "ours-" + form.String()
		var err error
		if all, err = signatures(form); err != nil {
			fmt.Printf("NotRun Verify/%s: %v\nNotRun Verify/%s-batch64: %[2]v\n", name, err, name)
			continue
		}
		b.Run(name, func(b *testing.B) { verifySingle(b, all) })
		b.Run(name+"-batch64", func(b *testing.B) { verifyBatches(b, all) })
	}
	rival := func(name string, verify func(s *signedUnder) bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if !verify(&all[i%verifyCount]) {
					b.Fatal("a valid signature was refused")
				}
			}
		})
	}
	rival("plain-crypto-ed25519", func(s *signedUnder) bool { return ed25519.Verify(s.public, s.message, s.signature) })
	rival("plain-circl-ed25519", func(s *signedUnder) bool {
		return circl.Verify(circl.PublicKey(s.public), s.message, s.signature)
	})
}

func verifySingle(b *testing.B, all []signedUnder) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if s := &all[i%verifyCount]; !s.key.Verify(s.message, s.signature) {
			b.Fatal("a valid signature was refused")
		}
	}
	b.ReportMetric(float64(all[0].key.TableSize()), "B/key")
}

func verifyBatches(b *testing.B, all []signedUnder) {
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
				b.Fatal("a valid signature was refused")
			}
		}
	}
}
