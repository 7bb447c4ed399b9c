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
	// Of the signatures that came to a sum: the sum, its Z, and which one it is.
	var sums [chunk]point
	var zs, scratch [chunk]fp25519.Elt
	var of [chunk]int
	n := 0
	// The entries of a signature are on their way while the one before is added up.
	var two [2]equation
	ready := len(batch) > 0 && batch[0].begin(&two[0])
	for i := range batch {
		current := ready
		if i+1 < len(batch) {
			ready = batch[i+1].begin(&two[(i+1)%2])
		}
		if current {
			two[i%2].solve(&sums[n])
			zs[n], of[n] = sums[n].z, i
			n++
		}
	}
	inverse.All(zs[:n], scratch[:n])
	for j, i := range of[:n] {
		batch[i].Good = sums[j].scaledEncodesTo(&zs[j], (*[32]byte)(batch[i].Signature))
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
