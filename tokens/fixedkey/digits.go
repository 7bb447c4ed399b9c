package fixedkey

import "math/bits"

// digits splits a scalar below the order into signed digits, one a window, each
// written as the place of its entry times two, plus one if the entry is to be
// negated.
//
// Half a window is added to every window but the last, all at once, and taken
// away again from each by itself. That leaves digits from -2^(w-1) to 2^(w-1)-1
// without a carry going from window to window; the last one is not negative.
func (t *table) digits(s *[4]uint64, out *[maxWindows]uint32) {
	b := t.biased(s)
	mask, half := uint64(1)<<t.width-1, int64(1)<<(t.width-1)
	place, last := uint32(0), t.windows-1
	for i := range last {
		bit := uint(i) * t.width
		word, shift := bit/64, bit%64
		w := b[word&3]>>(shift&63) | b[word&3+1]<<1<<(63-shift&63)
		d := int64(w&mask) - half
		sign := d >> 63
		out[i%maxWindows] = (place+uint32(d^sign-sign))<<1 | uint32(sign&1)
		place += t.stride
	}
	out[last%maxWindows] = (place + t.lastDigit(b)) << 1
}

// biased is s and half of every window but the last. It has a word more, to be
// read over the end.
func (t *table) biased(s *[4]uint64) (b [5]uint64) {
	var k uint64
	b[0], k = bits.Add64(s[0], t.bias[0], 0)
	b[1], k = bits.Add64(s[1], t.bias[1], k)
	b[2], k = bits.Add64(s[2], t.bias[2], k)
	b[3], _ = bits.Add64(s[3], t.bias[3], k)
	return b
}

// lastDigit is all that is left above the other windows; it begins in the last word.
func (t *table) lastDigit(b [5]uint64) uint32 {
	return uint32(b[3] >> (t.width * uint(t.windows-1) % 64))
}
