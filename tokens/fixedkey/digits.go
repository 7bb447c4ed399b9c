package fixedkey

import "math/bits"

// comb is how a scalar is split into windows, each with entries of its own.
type comb struct {
	width   uint
	windows int
	stride  uint32    // entries of a window
	bias    [4]uint64 // half a window for each but the last, see digits
}

func newComb(width uint) comb {
	c := comb{width: width, windows: windowsOf(width), stride: 1<<(width-1) + 1}
	for i := range c.windows - 1 {
		bit := uint(i)*width + width - 1
		c.bias[bit/64] |= 1 << (bit % 64)
	}
	return c
}

// windowsOf is how many windows of a width a scalar has.
func windowsOf(width uint) int { return (scalarBits + int(width) - 1) / int(width) }

// digits splits a scalar below the order into signed digits, one a window, each
// written as the place of its entry times two, plus one if the entry is to be
// negated.
//
// Half a window is added to every window but the last, all at once, and taken
// away again from each by itself. That leaves digits from -2^(w-1) to 2^(w-1)-1
// without a carry going from window to window; the last one is not negative.
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

// biased is s and half of every window but the last. It has a word more, to be
// read over the end.
func (c *comb) biased(s *[4]uint64) (b [5]uint64) {
	var k uint64
	b[0], k = bits.Add64(s[0], c.bias[0], 0)
	b[1], k = bits.Add64(s[1], c.bias[1], k)
	b[2], k = bits.Add64(s[2], c.bias[2], k)
	b[3], _ = bits.Add64(s[3], c.bias[3], k)
	return b
}

// lastDigit is all that is left above the other windows; it begins in the last word.
func (c *comb) lastDigit(b [5]uint64) uint32 {
	return uint32(b[3] >> (c.width * uint(c.windows-1) % 64))
}
