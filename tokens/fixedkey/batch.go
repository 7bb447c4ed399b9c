package fixedkey

import (
	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/inverse"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// Signed is one signature of a batch. [VerifyBatch] sets Good.
type Signed struct {
	Key                *Key
	Message, Signature []byte
	Good               bool
}

// chunk is the number of signatures that share an inversion. A larger number would
// save little: with 64 the inversion costs 7 ns per signature.
const chunk = 64

// VerifyBatch gives every signature the verdict of [Key.Verify]. The signatures share
// an inversion but no equation: a bad signature does not affect the others, and no
// combination of bad signatures is accepted. VerifyBatch does not allocate if no
// message is longer than MaxMessage.
func VerifyBatch(batch []Signed) {
	for len(batch) > chunk {
		verifyChunk(batch[:chunk])
		batch = batch[chunk:]
	}
	verifyChunk(batch)
}

func verifyChunk(batch []Signed) {
	if has(batch, Scalar) {
		verifyScalar(batch)
	}
	if has(batch, IFMA) {
		verifyLanes(batch)
	}
	for i := range batch {
		if s := &batch[i]; s.Key.form == Plain {
			s.Good = s.Key.Verify(s.Message, s.Signature)
		}
	}
}

func has(batch []Signed, f Form) bool {
	for i := range batch {
		if batch[i].Key.form == f {
			return true
		}
	}
	return false
}

// verifyScalar verifies the signatures under keys of the Scalar form.
func verifyScalar(batch []Signed) {
	var sums sums
	sums.add(batch)
	inverse.All(sums.zs[:sums.n], sums.scratch[:sums.n])
	for j, i := range sums.of[:sums.n] {
		batch[i].Good = sums.points[j].scaledEncodesTo(&sums.zs[j], (*[32]byte)(batch[i].Signature))
	}
}

// verifyLanes verifies the signatures under keys of the IFMA form, eight at a time.
func verifyLanes(batch []Signed) {
	var group laneGroup
	var many laneSums
	for i := range batch {
		if batch[i].Key.form == IFMA {
			group.add(&batch[i])
		}
		if group.n == lanes.Count {
			group.solve(&many)
		}
	}
	group.solve(&many)
	many.judge()
}

// sums contains sB - hA for the signatures of the Scalar form in a chunk.
type sums struct {
	points      [chunk]point
	zs, scratch [chunk]fp25519.Elt
	of          [chunk]int // index of the signature in the batch
	n           int
}

// add computes the sums of the Scalar form. The table entries of a signature are
// prefetched while the previous signature is added up.
func (s *sums) add(batch []Signed) {
	var two [2]equation
	ready := len(batch) > 0 && batch[0].begin(&two[0])
	for i := range batch {
		current := ready
		if i+1 < len(batch) {
			ready = batch[i+1].begin(&two[(i+1)%2])
		}
		if current {
			two[i%2].solve(&s.points[s.n])
			s.zs[s.n], s.of[s.n] = s.points[s.n].z, i
			s.n++
		}
	}
}

// begin prepares the equation of a signature in the Scalar form. It returns false if
// the key has another form or the signature is malformed.
func (s *Signed) begin(e *equation) bool {
	if s.Key.form != Scalar {
		return false
	}
	s.Good = false
	return e.set(s.Key, s.Message, s.Signature)
}
