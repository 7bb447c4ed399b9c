package fixedkey

import (
	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/inverse"
)

// Signed is one signature of a batch; VerifyBatch sets Good.
type Signed struct {
	Key                *Key
	Message, Signature []byte
	Good               bool
}

// chunk is how many signatures share an inversion. More would save little: at 64
// the inversion is 7 ns of each.
const chunk = 64

// VerifyBatch gives every signature its own verdict, the same as Verify would:
// it shares an inversion among them, and no equation, so a bad one spoils nothing
// and no combination of bad ones passes. It allocates nothing if no message is
// longer than MaxMessage.
func VerifyBatch(batch []Signed) {
	for len(batch) > chunk {
		verifyChunk(batch[:chunk])
		batch = batch[chunk:]
	}
	verifyChunk(batch)
}

func verifyChunk(batch []Signed) {
	var sums [chunk]point
	var products [chunk]fp25519.Elt // of all Z before
	var summed [chunk]bool
	product := one
	// The entries of a signature are on their way while the one before is added up.
	var two [2]equation
	ready := len(batch) > 0 && batch[0].begin(&two[0])
	for i := range batch {
		summed[i] = ready
		if i+1 < len(batch) {
			ready = batch[i+1].begin(&two[(i+1)%2])
		}
		if !summed[i] {
			continue
		}
		e, sum := &two[i%2], &sums[i]
		e.solve(sum)
		products[i] = product
		fp25519.Mul(&product, &product, &sum.z)
		sum.t = fp25519.Elt(e.r) // T is not needed any more
	}
	var rest, z fp25519.Elt
	inverse.Inverse(&rest, &product)
	for i := len(batch) - 1; i >= 0; i-- {
		if !summed[i] {
			continue
		}
		sum := &sums[i]
		fp25519.Mul(&z, &rest, &products[i])
		fp25519.Mul(&rest, &rest, &sum.z)
		batch[i].Good = sum.scaledEncodesTo(&z, (*[32]byte)(&sum.t))
	}
}

// begin makes ready what has to be added up. If nothing has, it says false and
// sets the verdict.
func (s *Signed) begin(e *equation) bool {
	if s.Key.minusA == nil {
		s.Good = s.Key.Verify(s.Message, s.Signature)
		return false
	}
	s.Good = false
	return e.set(s.Key, s.Message, s.Signature)
}
