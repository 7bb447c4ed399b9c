package bundle

// Clock is one reading of a device's clocks.
type Clock struct {
	WallMS   int64  // the clock that people and networks can set, Unix ms
	SteadyMS int64  // time since Boot by a clock that cannot be set and counts during sleep, ms
	Boot     uint64 // identifies the start of the steady clock; another number after a restart of the device
}

// MaxClockError is how far the wall clock may differ from the time that the last bundle and the steady clock
// give, ms: the tolerance between gateways and issuer, and the drift of a steady clock in a shift.
const MaxClockError = 10_000

// anchor ties a device's steady clock to a gateway's clock.
type anchor struct {
	serverMS int64
	steadyMS int64
	boot     uint64
	set      bool
}

// timeline derives the time of a scan from bundles and clocks. It prefers the gateway's clock, which was signed,
// to the wall clock, which can be set.
type timeline struct {
	anchor anchor
	latest int64 // greatest time that was certain, Unix ms
}

// certainty says how the time of a scan is known.
type certainty uint8

const (
	certain  certainty = iota // wall clock and bundle agree, or the wall clock cannot be compared and is plausible
	anchored                  // the wall clock is wrong; the time is that of the bundle and the steady clock
	unknown                   // the wall clock is before a time that has passed for certain, and nothing replaces it
)

// accept notes the time of a bundle. c was read when the first byte of the answer arrived; live is false for a
// bundle that came from a file, whose time says nothing about now.
func (t *timeline) accept(madeMS int64, c Clock, live bool) {
	if live {
		t.anchor = anchor{serverMS: madeMS, steadyMS: c.SteadyMS, boot: c.Boot, set: true}
	}
	t.latest = max(t.latest, madeMS)
}

// maxAhead is how far the clock of one gateway may be ahead of that of another, ms. A bundle that is further ahead
// would make a device refuse the bundles of all other gateways as rolled back.
const maxAhead = 60_000

// isAnchored reports whether the time of a reading comes from a bundle and the steady clock.
func (t *timeline) isAnchored(c Clock) bool {
	return t.anchor.set && t.anchor.boot == c.Boot && c.SteadyMS >= t.anchor.steadyMS
}

// now returns the time of a reading, Unix ms, and how it is known.
func (t *timeline) now(c Clock) (int64, certainty) {
	if t.isAnchored(c) {
		now := t.anchor.serverMS + c.SteadyMS - t.anchor.steadyMS
		t.latest = max(t.latest, now)
		if d := c.WallMS - now; d > MaxClockError || d < -MaxClockError {
			return now, anchored
		}
		return now, certain
	}
	if c.WallMS < t.latest-MaxClockError {
		return c.WallMS, unknown
	}
	t.latest = max(t.latest, c.WallMS)
	return c.WallMS, certain
}
