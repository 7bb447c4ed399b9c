package passage

import "github.com/railgate/railgate/tokens"

// A word is one passage as a slot stores it; 0 is no passage. From the highest bit: time, ms modulo 2^28 (28);
// place (28); step (5); closed (1); state + 1 (2). The serial and the way are the slot's key.
//
// A closed word is final: see [generation.close].
//
// 2^28 ms are 74.5 hours. A passage is at most one window old when it is stored and is dropped after at most two
// further windows, so at the longest window its age is at most 72 hours and some seconds. Greater differences are
// passages from the future, up to maxAhead.
type word uint64

const (
	timeBits  = 28
	timeShift = placeBits + placeShift
	timeMask  = 1<<timeBits - 1

	placeShift = stepShift + stepBits
	placeMask  = 1<<placeBits - 1

	stepBits  = 5
	stepShift = 3
	stepMask  = 1<<stepBits - 1
	closedBit = word(4)
	stateMask = 3
)

func wordOf(at int64, place Place, step uint8, state State) word {
	return word(uint64(at)&timeMask<<timeShift | uint64(place)&placeMask<<placeShift |
		uint64(step)&stepMask<<stepShift | uint64(state+1))
}

func (w word) state() State { return State(w&stateMask) - 1 }

func (w word) place() Place { return Place(w >> placeShift & placeMask) }

func (w word) step() uint8 { return uint8(w >> stepShift & stepMask) }

// in returns the same passage in another state.
func (w word) in(s State) word { return w&^stateMask | word(s+1) }

// closed reports whether the word is final.
func (w word) closed() bool { return w&closedBit != 0 }

// same reports whether both words are one passage, whatever its state.
func (w word) same(other word) bool { return w != 0 && w&^stateMask == other&^stateMask }

// maxAhead is how far a passage may be ahead of the time at which it is judged, ms.
const maxAhead = 2 * 3600 * 1000

// age returns how long before t the passage was, ms; it is negative if the passage is in the future of t.
func (w word) age(t int64) int64 {
	age := (t - int64(w>>timeShift)) & timeMask
	if age >= 1<<timeBits-maxAhead {
		age -= 1 << timeBits
	}
	return age
}

// later reports whether w is later than other; both are judged at t. Of two passages in one millisecond the order
// is that of places and steps, which does not depend on the order of arrival.
func (w word) later(other word, t int64) bool {
	if a, b := w.age(t), other.age(t); a != b {
		return a < b
	}
	return w&^stateMask > other&^stateMask
}

// keyOf returns the key of a slot. It is never 0.
func keyOf(s tokens.Serial, way Way) uint64 {
	return 1<<63 | uint64(way)*wayBit | uint64(s.Day)<<32 | uint64(s.Index)
}

// wayBit is the bit of a key that distinguishes the ways.
const wayBit = 1 << 48

// hashOf returns the hash that places a serial. Both ways of a serial have the same hash, so that they are in
// the same cache line if it has room.
func hashOf(s tokens.Serial) uint64 {
	return scramble(uint64(s.Day)<<32 | uint64(s.Index))
}
