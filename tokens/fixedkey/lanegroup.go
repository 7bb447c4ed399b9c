package fixedkey

import (
	"runtime"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// laneGroup contains up to eight equations, one per lane: column i of the rows is
// equation i. Each row is one window; the windows of s come first.
type laneGroup struct {
	signed [lanes.Count]*Signed
	n      int
	s, h   lanes.Scalars
	r      lanes.Encodings // the first halves of the signatures
	rows   [(maxLaneWindows + lanes.Ahead) * lanes.Count]uint64
}

// add assigns a signature to the next lane, unless it is malformed.
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

// challenge computes the challenges and the rows. If all messages fit into one block
// of the hash, the lanes hash them in parallel.
func (g *laneGroup) challenge() {
	g.address(&g.s, 0, func(k *Key) *laneTable { return k.laneBase })
	lanes.Touch(g.rows[:lanes.Ahead*lanes.Count]) // the kernel prefetches the others
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

// address computes the rows of the scalars, beginning at row, for a table of each
// lane's key. Unused lanes get entries of the first key, because the kernel reads
// every address; their sums are ignored.
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

// fewLanes is the largest number of signatures that are verified one at a time, each
// in all lanes. For more, one lane per signature is faster despite unused lanes.
const fewLanes = 4

// solve computes the sums of the group and appends them to many. Up to fewLanes
// signatures get their verdict immediately.
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
	runtime.KeepAlive(g) // the rows refer to its keys' entries only by address
}
