package fixedkey

import (
	"runtime"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// laneEquation contains the addresses of the entries whose sum is sB - hA, in rows.
// The last row is filled up with the neutral entry.
type laneEquation struct {
	rows [maxLaneWindows + lanes.Ahead*lanes.Count]uint64
	used int
}

// set decodes a signature. It returns false if the signature is malformed and must be
// refused.
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

// fill completes the last row.
func (e *laneEquation) fill(base *laneTable) {
	for ; e.used%lanes.Count != 0; e.used++ {
		e.rows[e.used] = lanes.Address(&base.entries[0])
	}
}

// solve computes sB - hA. T of the result is not valid.
func (e *laneEquation) solve(k *Key, sum *point) {
	var sums lanes.Sums
	sums.AddAll(e.rows[:], e.used/lanes.Count)
	runtime.KeepAlive(k) // the rows refer to its entries only by address
	sums.All(&sum.x, &sum.y, &sum.z)
}
