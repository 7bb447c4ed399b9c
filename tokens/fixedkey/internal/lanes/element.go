package lanes

import (
	"encoding/binary"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
)

// Element contains one field element per lane. Its limbs are below Uncarried of package
// program, and below Carried after Times.
type Element [5]Words

// X returns the first coordinate of the lanes' sums. The point is X/Z, Y/Z.
func (s *Sums) X() *Element { return (*Element)(s[layout.X : layout.X+5]) }

// Y returns the second coordinate.
func (s *Sums) Y() *Element { return (*Element)(s[layout.Y : layout.Y+5]) }

// Z returns the denominator of X and Y.
func (s *Sums) Z() *Element { return (*Element)(s[layout.Z : layout.Z+5]) }

// Times sets e to a * b. e may be a or b.
func (e *Element) Times(a, b *Element) { multiply(&a[0], &b[0], &e[0]) }

// SetLane stores a reduced element in a lane.
func (e *Element) SetLane(lane int, z *fp25519.Elt) {
	for i, limb := range limbs(z) {
		e[i][lane] = limb
	}
}

// Encodings contains one encoding of a point (RFC 8032 section 5.1.2) per lane.
type Encodings [4]Words

// Set stores 32 bytes in a lane.
func (r *Encodings) Set(lane int, encoding []byte) {
	for i := range r {
		r[i][lane] = binary.LittleEndian.Uint64(encoding[8*i:])
	}
}

// Of reports in which lanes r is the encoding of (x, y): bit i is lane i. x and y are
// results of Times. Of compares bits, not points: an encoding that is not canonical is
// never equal.
func (r *Encodings) Of(x, y *Element) (same uint8) {
	var differ Words
	compare(&x[0], &y[0], &r[0], &differ)
	for lane, d := range differ {
		if d == 0 {
			same |= 1 << lane
		}
	}
	return same
}
