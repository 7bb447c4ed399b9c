package fixedkey

import (
	"sync"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/inverse"
)

// Widths of the windows in bits, chosen by measurement, docs/performance.md. Wider
// windows need fewer additions and larger tables.
const (
	baseWidth  = 14 // 18 windows, 14.9 MB, once for all keys
	keyWidth   = 12 // 21 windows, 4.3 MB per key
	checkWidth = 4  // for the keys of the known answers; the smallest width
	// scalarBits is the number of bits that the windows cover. The order has one bit
	// more, but exceeds 2^252 so little that the last window has room for it.
	scalarBits = 252
	maxWindows = (scalarBits + checkWidth - 1) / checkWidth
)

// table contains the multiples of one point for every window of a scalar. Window i, of
// width w, has 2^(w-1)+1 entries: 0 to 2^(w-1) times 2^(wi) times the point. Digits are
// signed, so the entries also serve negated. The digit of the last window has no sign;
// the window has an entry for every value below the order.
type table struct {
	comb
	entries []entry
}

// newTable computes the table of a. The entries of a window are multiples of one point
// and are converted to affine coordinates with one inversion.
func newTable(a *affine, width uint) *table {
	t := &table{comb: newComb(width)}
	last := int(t.lastDigit(t.biased(&order))) + 1
	t.entries = make([]entry, (t.windows-1)*int(t.stride)+last)

	base := *a
	sums := make([]point, max(int(t.stride), last))
	for i := range t.windows {
		window := t.entries[i*int(t.stride):]
		if i < t.windows-1 {
			window = window[:t.stride]
		}
		window[0] = entry{one, one} // the neutral element
		window[1].set(&base)
		sums[1].start(&window[1], 0)
		for j := 2; j < len(window); j++ {
			sums[j] = sums[j-1]
			sums[j].add(&window[1], 0)
		}
		normalise(sums[1:len(window)], func(j int, p *affine) { window[j+1].set(p) })
		if i+1 < t.windows {
			var next point // base of the next window: twice the largest multiple of this one
			next.start(&window[len(window)-1], 0)
			next.add(&window[len(window)-1], 0)
			normalise([]point{next}, func(_ int, p *affine) { base = *p })
		}
	}
	return t
}

// normalise passes the affine form of each point to set, with one inversion for all.
func normalise(points []point, set func(int, *affine)) {
	zs := make([]fp25519.Elt, len(points))
	for i := range points {
		zs[i] = points[i].z
	}
	inverse.All(zs, make([]fp25519.Elt, len(zs)))
	for i := range points {
		var a affine
		fp25519.Mul(&a.x, &points[i].x, &zs[i])
		fp25519.Mul(&a.y, &points[i].y, &zs[i])
		set(i, &a)
	}
}

// basePoint returns the base point of RFC 8032 section 5.1: y = 4/5, x even.
func basePoint() (b affine) {
	y := quotient(4, 5)
	fp25519.Modp(&y)
	if encoded := [32]byte(y); !b.decode(&encoded) {
		panic("BUG: the base point is not on the curve")
	}
	return b
}

// base returns the table of the base point.
var base = sync.OnceValue(func() *table {
	b := basePoint()
	return newTable(&b, baseWidth)
})
