package lanes

import (
	"encoding/binary"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
)

// Element is a field element in each lane. Its limbs are below Uncarried of package
// program, and below Carried after Times.
type Element [5]Words

// X is the first coordinate of the lanes' sums: the point is X/Z, Y/Z.
func (s *Sums) X() *Element { return (*Element)(s[layout.X : layout.X+5]) }

// Y is the second coordinate.
func (s *Sums) Y() *Element { return (*Element)(s[layout.Y : layout.Y+5]) }

// Z is what X and Y are to be divided by.
func (s *Sums) Z() *Element { return (*Element)(s[layout.Z : layout.Z+5]) }

// Times sets e to a * b; it may be one of them.
func (e *Element) Times(a, b *Element) { multiply(&a[0], &b[0], &e[0]) }

// SetLane puts a reduced element into a lane.
func (e *Element) SetLane(lane int, z *fp25519.Elt) {
	for i, limb := range limbs(z) {
		e[i][lane] = limb
	}
}

// Encodings are encodings of points (RFC 8032 section 5.1.2), one for each lane.
type Encodings [4]Words

// Set puts 32 bytes into a lane.
func (r *Encodings) Set(lane int, encoding []byte) {
	for i := range r {
		r[i][lane] = binary.LittleEndian.Uint64(encoding[8*i:])
	}
}

// Of tells in which lanes r is the encoding of x, y, both products: bit i is lane i.
// Bits are compared, not points: an encoding that is not canonical is none.
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
