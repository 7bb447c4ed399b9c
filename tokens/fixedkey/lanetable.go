package fixedkey

import (
	"sync"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// Widths of the windows of the IFMA form in bits. Eight windows are added per round,
// so narrow windows with small tables cost little; docs/performance.md.
const (
	laneBaseWidth = 12 // 21 windows, 5.4 MB, once for all keys
	laneKeyWidth  = 8  // 32 windows, 0.5 MB per key
	// maxLaneWindows is the greatest number of windows of both scalars together.
	maxLaneWindows = 64
)

// laneTable is a table in the layout that the eight-lane kernel reads.
type laneTable struct {
	comb
	entries []lanes.Entry
	split   *lanes.Split
}

func newLaneTable(a *affine, width uint) *laneTable {
	t := newTable(a, width)
	l := &laneTable{t.comb, lanes.Table(len(t.entries)), lanes.NewSplit(width, t.windows, int(t.stride))}
	for i := range t.entries {
		for j := range t.entries[i] {
			fp25519.Modp(&t.entries[i][j])
		}
		l.entries[i].Set(&t.entries[i][0], &t.entries[i][1], &t.entries[i][2])
	}
	return l
}

// laneBase is the table of the base point.
var laneBase = sync.OnceValue(func() *laneTable {
	b := basePoint()
	return newLaneTable(&b, laneBaseWidth)
})

// addresses splits a scalar below the order, as digits does, and writes the address of
// each window's entry. It may write up to seven more addresses.
func (t *laneTable) addresses(out []uint64, s *[4]uint64) {
	var words lanes.Scalar
	b := t.biased(s)
	copy(words[:], b[:])
	t.split.Addresses(out, &words, &t.entries[0])
}

// addressesPlain is addresses one window at a time. It writes exactly one address per
// window.
func (t *laneTable) addressesPlain(out []uint64, s *[4]uint64) {
	var digits [maxWindows]uint32
	t.digits(s, &digits)
	for i, d := range digits[:t.windows] {
		out[i] = lanes.Address(&t.entries[d>>1]) | uint64(d&1)
	}
}
