package fixedkey

import "math/bits"

// comb describes how a scalar is split into windows. Each window has its own entries.
type comb struct {
	width   uint
	windows int
	stride  uint32    // entries per window
	bias    [4]uint64 // half a window for each window but the last, see digits
}

func newComb(width uint) comb {
	c := comb{width: width, windows: windowsOf(width), stride: 1<<(width-1) + 1}
	for i := range c.windows - 1 {
		bit := uint(i)*width + width - 1
		c.bias[bit/64] |= 1 << (bit % 64)
	}
	return c
}

// windowsOf returns the number of windows of a width in a scalar.
func windowsOf(width uint) int { return (scalarBits + int(width) - 1) / int(width) }

// digits splits a scalar below the order into signed digits, one per window. A digit
// is encoded as two times the index of its entry, plus one if the entry is negated.
//
// Half a window is added to every window but the last in one addition, and then
// subtracted from each window separately. This gives digits from -2^(w-1) to
// 2^(w-1)-1 without carries between windows. The last digit is not negative.
func (c *comb) digits(s *[4]uint64, out *[maxWindows]uint32) {
	b := c.biased(s)
	mask, half := uint64(1)<<c.width-1, int64(1)<<(c.width-1)
	place, last := uint32(0), c.windows-1
	for i := range last {
		bit := uint(i) * c.width
		word, shift := bit/64, bit%64
		w := b[word&3]>>(shift&63) | b[word&3+1]<<1<<(63-shift&63)
		d := int64(w&mask) - half
		sign := d >> 63
		out[i%maxWindows] = (place+uint32(d^sign-sign))<<1 | uint32(sign&1)
		place += c.stride
	}
	out[last%maxWindows] = (place + c.lastDigit(b)) << 1
}

// biased returns s plus half of every window but the last. The result has one more
// word because digits reads one word beyond the scalar.
func (c *comb) biased(s *[4]uint64) (b [5]uint64) {
	var k uint64
	b[0], k = bits.Add64(s[0], c.bias[0], 0)
	b[1], k = bits.Add64(s[1], c.bias[1], k)
	b[2], k = bits.Add64(s[2], c.bias[2], k)
	b[3], _ = bits.Add64(s[3], c.bias[3], k)
	return b
}

// lastDigit returns the bits above the other windows. They begin in the last word.
func (c *comb) lastDigit(b [5]uint64) uint32 {
	return uint32(b[3] >> (c.width * uint(c.windows-1) % 64))
}
