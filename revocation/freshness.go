package revocation

import "time"

// State says how far a gateway's revocation data can be relied on.
type State uint8

// The states. The policy decides what a gate does in each.
const (
	Booting State = iota // the stream was not read to its end yet
	Fresh                // the watermark is younger than Limits.StaleAfter
	Stale                // the watermark is older: issuer or brokers are silent, or records are held up
	Expired              // older than Limits.ExpiredAfter, or dated in the future because this clock was set back
	Suspect              // the stream contradicts itself and is read again, or is dated ahead of this clock; all records ever applied count
)

var stateNames = [...]string{"booting", "fresh", "stale", "expired", "suspect"}

func (s State) String() string { return stateNames[s] }

// Limits are the ages at which data changes its state.
type Limits struct {
	// StaleAfter is the age from which data is stale. Heartbeats come every second, so a healthy stream stays
	// well below the default of 5 s.
	StaleAfter time.Duration
	// ExpiredAfter is the age from which a gate denies. The default of 15 min is half a session: an outage of
	// the stream costs at most the revocations of that time.
	ExpiredAfter time.Duration
	// Memory is how many bytes the sets may use before [Replica.Status] raises an alarm. It is not enforced:
	// dropping a revocation is never right, and neither is refusing all passengers because many credentials
	// were revoked. The default of 256 MiB holds two thousand million serials; the serials of four days
	// cannot use more than 2 GiB.
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

// Freshness is reported with every verdict and describes the data that the verdict is based on.
type Freshness struct {
	State State
	// AgeMS is the age of the watermark, ms; -1: there is no data.
	AgeMS int64
	// WatermarkMS is the watermark, Unix ms: every revocation acknowledged strictly before it has been
	// applied, in all partitions. 0: there is no data. While booting it is the watermark of the snapshot.
	WatermarkMS int64
	// Usable reports whether there is data to judge by. It is false while booting without a snapshot, or with
	// one that has expired.
	Usable bool
}

// Freshness is computed from two atomic loads; now is Unix ms.
func (r *Replica) Freshness(now int64) Freshness {
	// The order matters: a watermark that is loaded later can only be newer than the mode.
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
