package fixedkey

import (
	"runtime"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// laneEquation is sB - hA as the rows of addresses whose entries add up to it. If
// the windows of both scalars do not fill the last row, the neutral entry does.
type laneEquation struct {
	rows [maxLaneWindows + lanes.Ahead*lanes.Count]uint64
	used int
}

// set takes a signature apart. False: it is refused whatever the sum.
func (e *laneEquation) set(k *Key, message, signature []byte) bool {
	s, ok := scalarOf(signature)
	if !ok {
		return false
	}
	base, other := k.laneBase, k.laneMinusA
	e.used = base.windows
	base.addresses(e.rows[:], &s)
	lanes.Touch(e.rows[:e.used])
	h := k.challenge(message, signature)
	other.addresses(e.rows[e.used:], &h)
	lanes.Touch(e.rows[e.used : e.used+other.windows])
	e.used += other.windows
	e.fill(base)
	return true
}

// fill makes the last row whole.
func (e *laneEquation) fill(base *laneTable) {
	for ; e.used%lanes.Count != 0; e.used++ {
		e.rows[e.used] = lanes.Address(&base.entries[0])
	}
}

// solve adds up. T of the result is not to be used.
func (e *laneEquation) solve(k *Key, sum *point) {
	var sums lanes.Sums
	sums.AddAll(e.rows[:], e.used/lanes.Count)
	runtime.KeepAlive(k) // the rows hold its entries by address only
	sums.All(&sum.x, &sum.y, &sum.z)
}

// laneGroup is up to eight equations, one in each lane: column i of the rows is
// equation i. Windows stand in rows, those of s first.
type laneGroup struct {
	signed [lanes.Count]*Signed
	of     [lanes.Count]int // which of the batch it is
	n      int
	s, h   lanes.Scalars
	rows   [(maxLaneWindows + lanes.Ahead) * lanes.Count]uint64
	sums   lanes.Sums
}

// add takes the i-th signature of a batch into the next lane, if its s is good.
func (g *laneGroup) add(i int, signed *Signed) {
	s, ok := scalarOf(signed.Signature)
	if !ok {
		return
	}
	g.s.Set(g.n, signed.Key.laneBase.biased(&s))
	g.signed[g.n], g.of[g.n] = signed, i
	g.n++
}

// challenge does what is left to do for the rows. Where all messages fit into one
// block of the hash, they are hashed side by side.
func (g *laneGroup) challenge() {
	g.address(&g.s, 0, func(k *Key) *laneTable { return k.laneBase })
	lanes.Touch(g.rows[:lanes.Ahead*lanes.Count]) // the kernel asks for the others
	fit := g.n > fewLanes
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

// fewLanes is up to how many signatures are faster added up one after the other,
// each in all lanes, than side by side with lanes that have nothing to do.
const fewLanes = 3

// solve adds up and gives the sums to take.
func (g *laneGroup) solve(s *sums) {
	if g.n == 0 {
		return
	}
	g.challenge()
	if g.n <= fewLanes {
		for lane := range g.n {
			var sum point
			g.single(lane, &sum)
			s.take(g.of[lane], &sum)
		}
	} else {
		g.sideBySide()
		for lane := range g.n {
			var sum point
			g.sums.Lane(lane, &sum.x, &sum.y, &sum.z)
			s.take(g.of[lane], &sum)
		}
	}
	g.n = 0
}

// single adds up one lane's equation in all lanes.
func (g *laneGroup) single(lane int, sum *point) {
	k := g.signed[lane].Key
	e := laneEquation{used: k.laneBase.windows + k.laneMinusA.windows}
	for i := range e.used {
		e.rows[i] = g.rows[i*lanes.Count+lane]
	}
	lanes.Touch(e.rows[:e.used])
	e.fill(k.laneBase)
	e.solve(k, sum)
}

func (g *laneGroup) sideBySide() {
	k := g.signed[0].Key
	g.sums.Add(g.rows[:], k.laneBase.windows+k.laneMinusA.windows)
	runtime.KeepAlive(g) // the rows hold its keys' entries by address only
}
