package passcache

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// entry is one pass and the newest link proven with it: 128 bytes, two cache lines,
// without pointers, so the garbage collector does not scan it.
type entry struct {
	link [2]atomic.Uint64
	// state is 0 before the first link, then the step plus 1, shifted left by one; the
	// lowest bit is set while link is being written. Steps only rise, so no value
	// repeats, and the step serves as the sequence number of a seqlock.
	state atomic.Uint32
	pass  tokens.SignedPass // immutable
}

const writing = 1

// newest reads step and link as one pair. It fails instead of waiting for a writer,
// which may have lost its processor.
func (e *entry) newest(shown *tokens.Shown) bool {
	state := e.state.Load()
	if state == 0 || state&writing != 0 {
		return false
	}
	head, tail := e.link[0].Load(), e.link[1].Load()
	if e.state.Load() != state {
		return false
	}
	shown.Step = uint8(state>>1 - 1)
	binary.LittleEndian.PutUint64(shown.Link[:8], head)
	binary.LittleEndian.PutUint64(shown.Link[8:], tail)
	return true
}

// advance stores a newer link. Of two concurrent writers one gives up: its link is
// proven again when it is next shown.
func (e *entry) advance(shown tokens.Shown) {
	state, next := e.state.Load(), (uint32(shown.Step)+1)<<1
	if state&writing != 0 || next <= state || !e.state.CompareAndSwap(state, state|writing) {
		return
	}
	e.link[0].Store(binary.LittleEndian.Uint64(shown.Link[:8]))
	e.link[1].Store(binary.LittleEndian.Uint64(shown.Link[8:]))
	e.state.Store(next)
}
