package fixedkey

import (
	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/inverse"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// laneSums contains the sums of the groups of a chunk, before their verdicts.
type laneSums struct {
	groups [chunk / lanes.Count]laneSum
	n      int
}

// laneSum contains the sums of one group.
type laneSum struct {
	signed [lanes.Count]*Signed
	n      int // lanes in use
	sums   lanes.Sums
	r      lanes.Encodings
	zs     lanes.Element // product of Z of all groups up to this one
}

// next returns the next group to fill.
func (s *laneSums) next() *laneSum { s.n++; return &s.groups[s.n-1] }

// judge sets the verdicts: it divides by Z, with one inversion for all groups and
// lanes, and compares with R. Unused lanes also contain a point, so their Z is not zero.
func (s *laneSums) judge() {
	if s.n == 0 {
		return
	}
	groups := s.groups[:s.n]
	groups[0].zs = *groups[0].sums.Z()
	for i := 1; i < len(groups); i++ {
		groups[i].zs.Times(&groups[i-1].zs, groups[i].sums.Z())
	}
	oneByZs := inverted(&groups[len(groups)-1].zs)
	for i := len(groups) - 1; i >= 0; i-- {
		g := &groups[i]
		oneByZ := oneByZs
		if i > 0 {
			oneByZ.Times(&oneByZs, &groups[i-1].zs)
			oneByZs.Times(&oneByZs, g.sums.Z())
		}
		var x, y lanes.Element
		x.Times(g.sums.X(), &oneByZ)
		y.Times(g.sums.Y(), &oneByZ)
		same := g.r.Of(&x, &y)
		for lane, signed := range g.signed[:g.n] {
			signed.Good = same>>lane&1 == 1
		}
	}
}

// inverted returns 1/e in each lane. No lane may be zero.
func inverted(e *lanes.Element) (one lanes.Element) {
	var zs, scratch [lanes.Count]fp25519.Elt
	for lane := range zs {
		zs[lane] = e.Lane(lane)
	}
	inverse.All(zs[:], scratch[:])
	for lane := range zs {
		fp25519.Modp(&zs[lane])
		one.SetLane(lane, &zs[lane])
	}
	return one
}
