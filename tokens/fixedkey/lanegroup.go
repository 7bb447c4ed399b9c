package fixedkey

import (
	"runtime"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// laneGroup is up to eight equations, one in each lane: column i of the rows is
// equation i. Windows stand in rows, those of s first.
type laneGroup struct {
	signed [lanes.Count]*Signed
	n      int
	s, h   lanes.Scalars
	r      lanes.Encodings // the first halves of the signatures
	rows   [(maxLaneWindows + lanes.Ahead) * lanes.Count]uint64
}

// add takes a signature into the next lane, if its s is good.
func (g *laneGroup) add(signed *Signed) {
	s, ok := scalarOf(signed.Signature)
	if signed.Good = false; !ok {
		return
	}
	g.s.Set(g.n, signed.Key.laneBase.biased(&s))
	g.r.Set(g.n, signed.Signature)
	g.signed[g.n] = signed
	g.n++
}

// challenge does what is left to do for the rows. Where all messages fit into one
// block of the hash, they are hashed side by side.
func (g *laneGroup) challenge() {
	g.address(&g.s, 0, func(k *Key) *laneTable { return k.laneBase })
	lanes.Touch(g.rows[:lanes.Ahead*lanes.Count]) // the kernel asks for the others
	fit := true
	for _, s := range g.signed[:g.n] {
		fit = fit && len(s.Message) <= lanes.MaxHashed-64
	}
	var hashes lanes.Hashes
	if fit {
		var block lanes.Block
		for lane, s := range g.signed[:g.n] {
			var input [lanes.MaxHashed]byte
			copy(input[:32], s.Signature)
			copy(input[32:64], s.Key.public[:])
			n := copy(input[64:], s.Message)
			block.Set(lane, input[:64+n])
		}
		hashes.Hash(&block)
	}
	for lane, s := range g.signed[:g.n] {
		var h [4]uint64
		if fit {
			wide := hashes.Lane(lane)
			h = mod(&wide)
		} else {
			h = s.Key.challenge(s.Message, s.Signature)
		}
		g.h.Set(lane, s.Key.laneMinusA.biased(&h))
	}
	g.address(&g.h, g.signed[0].Key.laneBase.windows, func(k *Key) *laneTable { return k.laneMinusA })
}

// address makes rows of scalars, from a row on, for a table of each lane's key.
// Lanes without an equation get entries of the first's: they must be there, and
// nobody looks at their sum.
func (g *laneGroup) address(scalars *lanes.Scalars, row int, of func(*Key) *laneTable) {
	first := of(g.signed[0].Key)
	var tables lanes.Words
	for lane := range tables {
		t := first
		if lane < g.n {
			t = of(g.signed[lane].Key)
		}
		tables[lane] = lanes.Address(&t.entries[0])
	}
	first.split.Rows(g.rows[row*lanes.Count:], scalars, &tables)
}

// fewLanes is up to how many signatures are not slower one after the other, each in
// all lanes, than side by side with lanes that have nothing to do.
const fewLanes = 4

// solve adds up and leaves the sums to be judged; a few it judges at once.
func (g *laneGroup) solve(many *laneSums) {
	if g.n > fewLanes {
		g.challenge()
		g.sideBySide(many)
	} else {
		for _, s := range g.signed[:g.n] {
			s.Good = s.Key.Verify(s.Message, s.Signature)
		}
	}
	g.n = 0
}

func (g *laneGroup) sideBySide(many *laneSums) {
	k := g.signed[0].Key
	s := many.next()
	s.n, s.signed, s.r = g.n, g.signed, g.r
	s.sums.Add(g.rows[:], k.laneBase.windows+k.laneMinusA.windows)
	runtime.KeepAlive(g) // the rows hold its keys' entries by address only
}
