package revocation

import "time"

// State says how far a gateway's revocation data can be relied on.
type State uint8

// The states, and what a gate does in each (docs/revocation.md).
const (
	Booting State = iota // has not read the whole stream yet: denies
	Fresh                // as recent as it can be: serves
	Stale                // the issuer or the broker has been silent for a while: serves, says so
	Expired              // silent for too long: denies
	Suspect              // the stream contradicts itself, being read again: serves all it ever learnt, says so
)

var stateNames = [...]string{"booting", "fresh", "stale", "expired", "suspect"}

func (s State) String() string { return stateNames[s] }

// Serves reports whether a gate may admit in this state.
func (s State) Serves() bool { return s == Fresh || s == Stale || s == Suspect }

// Limits are the ages at which data changes state.
type Limits struct {
	// StaleAfter is the age from which data is stale. Heartbeats come every
	// second, so a healthy stream stays well below the default of 5 s.
	StaleAfter time.Duration
	// ExpiredAfter is the age from which a gate denies. Default 15 min: half a
	// session, so an outage of the stream costs at most that of revocations.
	ExpiredAfter time.Duration
}

// DefaultLimits are used where a limit is 0.
var DefaultLimits = Limits{StaleAfter: 5 * time.Second, ExpiredAfter: 15 * time.Minute}

func (l Limits) withDefaults() Limits {
	if l.StaleAfter == 0 {
		l.StaleAfter = DefaultLimits.StaleAfter
	}
	if l.ExpiredAfter == 0 {
		l.ExpiredAfter = DefaultLimits.ExpiredAfter
	}
	return l
}

// Freshness is what every verdict says about the data behind it.
type Freshness struct {
	State State
	// AgeMS is how long ago Watermark was, ms; -1 while booting.
	AgeMS int64
	// WatermarkMS is the moment up to which every acknowledged revocation has
	// been applied, over all partitions, Unix ms; 0 while booting.
	WatermarkMS int64
}

// Freshness is computed from two atomic loads; now is Unix ms.
func (r *Replica) Freshness(now int64) Freshness {
	mode, mark := State(r.mode.Load()), r.watermark.Load()
	if mode == Booting {
		return Freshness{State: Booting, AgeMS: -1}
	}
	f := Freshness{State: mode, AgeMS: max(0, now-mark), WatermarkMS: mark}
	switch {
	case mark-now > MaxSkew.Milliseconds():
		f.State = Expired // this clock was set back: it can no longer tell how old anything is
	case f.AgeMS >= r.limits.ExpiredAfter.Milliseconds():
		f.State = Expired
	case mode == Fresh && f.AgeMS >= r.limits.StaleAfter.Milliseconds():
		f.State = Stale
	}
	return f
}
