package lanes

import (
	"encoding/binary"
	"math/bits"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
)

const (
	limbBits = layout.LimbBits
	limbMask = 1<<limbBits - 1
)

// limbs returns the limbs of a number below 2^255.
func limbs(z *fp25519.Elt) (l [5]uint64) {
	var w [4]uint64
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(z[8*i:])
	}
	return [5]uint64{
		w[0] & limbMask,
		(w[0]>>51 | w[1]<<13) & limbMask,
		(w[1]>>38 | w[2]<<26) & limbMask,
		(w[2]>>25 | w[3]<<39) & limbMask,
		w[3] >> 12,
	}
}

// Lane returns the element of a lane: it combines the limbs, each below 2^60, to 256
// bits. It folds the bits from 255 on by multiplying them by 19. After one folding at
// most one bit exceeds 255 bits, and fp25519.Elt has room for it.
func (x *Element) Lane(lane int) (z fp25519.Elt) {
	a, b, c, d, e := x[0][lane], x[1][lane], x[2][lane], x[3][lane], x[4][lane]
	b += a >> limbBits
	c += b >> limbBits
	d += c >> limbBits
	e += d >> limbBits
	a = a&limbMask + e>>limbBits*19 // below 2^51 + 2^14
	b, c, d, e = b&limbMask, c&limbMask, d&limbMask, e&limbMask
	w0, k := bits.Add64(a, b<<51, 0)
	w1, k := bits.Add64(b>>13, c<<38, k)
	w2, k := bits.Add64(c>>26, d<<25, k)
	w3, _ := bits.Add64(d>>39, e<<12, k)
	binary.LittleEndian.PutUint64(z[0:], w0)
	binary.LittleEndian.PutUint64(z[8:], w1)
	binary.LittleEndian.PutUint64(z[16:], w2)
	binary.LittleEndian.PutUint64(z[24:], w3)
	return z
}
