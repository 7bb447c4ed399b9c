package fixedkey

import (
	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/inverse"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
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

// verifyScalar judges those of the Scalar form.
func verifyScalar(batch []Signed) {
	var sums sums
	sums.add(batch)
	inverse.All(sums.zs[:sums.n], sums.scratch[:sums.n])
	for j, i := range sums.of[:sums.n] {
		batch[i].Good = sums.points[j].scaledEncodesTo(&sums.zs[j], (*[32]byte)(batch[i].Signature))
	}
}

// verifyLanes judges those of the IFMA form: it adds up eight at a time.
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

// sums are what the signatures of the Scalar form in a chunk came to.
type sums struct {
	points      [chunk]point
	zs, scratch [chunk]fp25519.Elt
	of          [chunk]int // which signature it is
	n           int
}

// add adds up those of the Scalar form. The entries of a signature are on their way
// while the one before is added up.
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

// begin makes ready what has to be added up in the Scalar form. False: nothing has.
func (s *Signed) begin(e *equation) bool {
	if s.Key.form != Scalar {
		return false
	}
	s.Good = false
	return e.set(s.Key, s.Message, s.Signature)
}
