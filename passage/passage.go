// Package passage knows which codes have passed: it refuses the second use of a code (anti-passback).
//
// It promises that of concurrent attempts with one code on one table at most one passes, and that a passage
// inside its window is never evicted silently. It does no I/O and has no clock: bytes, keys and times are
// passed in. It does not promise to know the passages of gateways that it has not heard from yet; [Reach] says
// what it knows.
package passage

import (
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Way is the direction of a passage.
type Way uint8

// The ways. Other scopes check a code and do not use it up.
const (
	In  Way = iota // scope entry
	Out            // scope exit
)

// String returns the name of the scope that leaves passages of this way.
func (w Way) String() string {
	if w == Out {
		return "exit"
	}
	return "entry"
}

// WayOf returns the way of a scope; ok is false for scopes that leave no passage.
func WayOf(scope tokens.Scope) (w Way, ok bool) {
	switch scope {
	case tokens.Entry:
		return In, true
	case tokens.Exit:
		return Out, true
	}
	return 0, false
}

// State says what happened at the barrier.
type State uint8

// The states of a passage. The numbers are wire values.
const (
	Passed   State = iota // the person went through, or the gate does not report it
	Held                  // admitted, and the gate will report whether the barrier turned
	Released              // the barrier did not turn
)

// HoldFor is how long an unconfirmed hold refuses other attempts, ms.
const HoldFor = 10_000

// RepeatFor is how long the same device may read the same code again without a second use, ms.
const RepeatFor = 10_000

// CodeLife is how long a code can pass, ms: from Ahead seconds before its step to the end of the accepted steps, by
// the clock of each gate. It is the default window and the least one.
const CodeLife = ((1+tokens.PreviousSteps)*tokens.MaxPeriod + tokens.Ahead) * 1000

// MaxWindow is the longest window, ms: "inside until exit".
const MaxWindow = 24 * 3600 * 1000

// The partitions of the topic of passages. All gateways and the issuer that creates the topic have the same number.
const (
	DefaultPartitions = 12
	MaxPartitions     = 64
)

// Passage is one admitted scan of a code, as gateways tell each other.
type Passage struct {
	Serial  tokens.Serial
	Start   int64 // of the session, Unix seconds
	Step    uint8
	Way     Way
	State   State
	At      int64  // time of the scan by the device's clock, Unix ms
	ErrorMS uint16 // how far At may be off, either way
	Station string // at most 64 bytes of UTF-8
	Device  string // id of the device, at most 64 bytes
	// Upload identifies a scan that was made offline and reported later: two reports with one Upload of one
	// device are one passage. 0: the scan was made online.
	Upload uint64
	// Gateway reported the passage.
	Gateway revocation.GatewayID
}

// Recorder tells other gateways about passages. Record never blocks and copies what it keeps; false means that its
// queue is full and the passage will not be told.
type Recorder interface{ Record(p *Passage) bool }

// Reach says how much a verdict about second use knows.
type Reach uint8

// The reaches, from the one that knows least.
const (
	Unknown Reach = iota // the passages of the last window were not read yet
	Local                // cut off from other gateways, or a passage could not be told them: only this gateway's are certain
	Exact                // connected: all passages up to the stream's lag
)

var reachNames = [...]string{"unknown", "local", "exact"}

func (r Reach) String() string { return reachNames[r] }
