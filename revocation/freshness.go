package revocation

import "time"

// State says how far a gateway's revocation data can be relied on.
type State uint8

// The states. What a gate does in each is its policy's business.
const (
	Booting State = iota // has not read the whole stream yet
	Fresh                // as recent as it can be
	Stale                // the issuer or the broker has been silent for a while
	Expired              // silent for too long, or dated in the future: this clock was set back
	Suspect              // the stream contradicts itself and is being read again, or is dated ahead of this clock; all that was ever learnt counts
)

var stateNames = [...]string{"booting", "fresh", "stale", "expired", "suspect"}

func (s State) String() string { return stateNames[s] }

// Limits are the ages at which data changes state.
type Limits struct {
	// StaleAfter is the age from which data is stale. Heartbeats come every
	// second, so a healthy stream stays well below the default of 5 s.
	StaleAfter time.Duration
	// ExpiredAfter is the age from which a gate denies. Default 15 min: half a
	// session, so an outage of the stream costs at most that of revocations.
	ExpiredAfter time.Duration
	// Memory is how many bytes the sets may take before Status calls it an alarm.
	// It is not enforced: dropping a revocation is never right, and refusing all
	// passengers because many were revoked is not either. Default 256 MiB, a
	// thousand million serials; the serials of four days cannot take more than 2 GiB.
	Memory int
}

// DefaultLimits are used where a limit is 0.
var DefaultLimits = Limits{StaleAfter: 5 * time.Second, ExpiredAfter: 15 * time.Minute, Memory: 256 << 20}

func (l Limits) withDefaults() Limits {
	if l.StaleAfter == 0 {
		l.StaleAfter = DefaultLimits.StaleAfter
	}
	if l.ExpiredAfter == 0 {
		l.ExpiredAfter = DefaultLimits.ExpiredAfter
	}
	if l.Memory == 0 {
		l.Memory = DefaultLimits.Memory
	}
	return l
}

// Freshness is what every verdict says about the data behind it.
type Freshness struct {
	State State
	// AgeMS is how long ago Watermark was, ms; -1: there is no data.
	AgeMS int64
	// WatermarkMS is the watermark, Unix ms: every revocation acknowledged strictly
	// before it has been applied, over all partitions; 0: there is no data. While
	// booting it is that of the snapshot.
	WatermarkMS int64
	// Usable reports whether there is data to judge by at all: not while booting
	// without a snapshot, or with one that has expired itself.
	Usable bool
}

// Freshness is computed from two atomic loads; now is Unix ms.
func (r *Replica) Freshness(now int64) Freshness {
	// In this order: a watermark that is read later can only be newer than the mode.
	mode, mark := State(r.mode.Load()), r.watermark.Load()
	if mark == 0 {
		return Freshness{State: mode, AgeMS: -1}
	}
	f := Freshness{State: mode, AgeMS: max(0, now-mark), WatermarkMS: mark, Usable: true}
	expired := f.AgeMS >= r.limits.ExpiredAfter.Milliseconds() || mark-now > MaxSkew.Milliseconds()
	switch {
	case mode == Booting:
		f.Usable = !expired
	case expired:
		f.State = Expired
	case mode == Fresh && f.AgeMS >= r.limits.StaleAfter.Milliseconds():
		f.State = Stale
	}
	return f
}
