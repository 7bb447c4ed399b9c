package account

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Hashing is the work that one password costs (argon2id, RFC 9106) and how much
// of it there may be at once.
type Hashing struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
	// Concurrent bounds the hashings at once; each takes MemoryKiB. 0: one for
	// each processor.
	Concurrent int
	// Waiting bounds the callers who wait for their turn. Beyond it, and after
	// MaxWait, they are refused with Busy. 0: DefaultWaiting.
	Waiting int
	// MaxWait bounds one wait. 0: DefaultMaxWait.
	MaxWait time.Duration
	// CheapForTests lifts the floor. Whoever sets it in production gives away
	// every password in a stolen database: no configuration file may.
	CheapForTests bool
}

// DefaultHashing is above the floor where it costs little: about a tenth of a
// second on one core.
var DefaultHashing = Hashing{MemoryKiB: 64 << 10, Passes: 2, Lanes: 1}

// DefaultWaiting and DefaultMaxWait keep those who wait within what a passenger
// waits for. Ours.
const (
	DefaultWaiting = 64
	DefaultMaxWait = 2 * time.Second
)

// The floor is what OWASP's password storage sheet asks for at least: 19 MiB and
// two passes. The ceilings are ours: they bound what a typing error, or a row
// that somebody else wrote, can cost.
const (
	floorMemoryKiB = 19 << 10
	floorPasses    = 2
	mostMemoryKiB  = 1 << 20
	mostPasses     = 16
	mostLanes      = 8
	mostConcurrent = 1024
	mostWaiting    = 100_000
	mostWait       = 10 * time.Second
)

// Check reports all that is wrong, for a check of the configuration that starts
// nothing.
func (h Hashing) Check() error {
	var all []error
	if !h.bounded() {
		all = append(all, fmt.Errorf("account: hashing must have 8 KiB a lane to %d KiB, 1 to %d passes, 1 to %d lanes", mostMemoryKiB, mostPasses, mostLanes))
	}
	if !h.CheapForTests && (h.MemoryKiB < floorMemoryKiB || h.Passes < floorPasses) {
		all = append(all, fmt.Errorf("account: hashing must have at least %d KiB and %d passes", floorMemoryKiB, floorPasses))
	}
	if h.Concurrent < 0 || h.Concurrent > mostConcurrent || h.Waiting < 0 || h.Waiting > mostWaiting || h.MaxWait < 0 || h.MaxWait > mostWait {
		all = append(all, fmt.Errorf("account: hashing must have up to %d at once, %d waiting, %v of wait", mostConcurrent, mostWaiting, mostWait))
	}
	return errors.Join(all...)
}

// bounded reports whether the work is one that this program will do: it must be
// so for parameters that were read from the database, too.
func (h Hashing) bounded() bool {
	return h.Lanes >= 1 && h.Lanes <= mostLanes && h.Passes >= 1 && h.Passes <= mostPasses &&
		h.MemoryKiB >= 8*uint32(h.Lanes) && h.MemoryKiB <= mostMemoryKiB
}

// MemoryMiB is what all hashings at once may take.
func (h Hashing) MemoryMiB() int { return int(h.MemoryKiB) * h.concurrent() >> 10 }

// AtOnce is how many hashings there are at once at most.
func (h Hashing) AtOnce() int { return h.concurrent() }

// TooFewError says that hashings do not fit a limit on memory.
type TooFewError struct {
	Wanted, Fit int   // hashings at once
	LimitMiB    int64 // of the process
	EachMiB     int   // that one hashing takes
}

func (e *TooFewError) Error() string {
	return fmt.Sprintf("%d password hashings at once take %d MiB; half of the memory limit of %d MiB is for them, which holds %d: raise the limit to %d MiB or hash fewer at once",
		e.Wanted, e.Wanted*e.EachMiB, e.LimitMiB, e.Fit, 2*e.Wanted*e.EachMiB)
}

// Within bounds the hashings at once by a limit on the memory of the process, bytes: at
// most half of it is for them. The other half is for everything else, and for the memory
// of hashings that are over and not yet collected. With Concurrent 0 it chooses what
// fits, at most one for each processor; a Concurrent that does not fit, and a limit that
// does not hold a single hashing, is a *TooFewError. Limit 0: no limit.
func (h Hashing) Within(limit int64) (Hashing, error) {
	if limit <= 0 {
		return h, nil
	}
	fit := int(limit / 2 / (int64(h.MemoryKiB) << 10))
	wanted := max(h.Concurrent, 1)
	if fit < wanted {
		return h, &TooFewError{wanted, fit, limit >> 20, int(h.MemoryKiB >> 10)}
	}
	if h.Concurrent == 0 {
		h.Concurrent = min(fit, runtime.GOMAXPROCS(0))
	}
	return h, nil
}

func (h Hashing) concurrent() int {
	if h.Concurrent == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return h.Concurrent
}

func (h Hashing) waiting() int {
	if h.Waiting == 0 {
		return DefaultWaiting
	}
	return h.Waiting
}

func (h Hashing) maxWait() time.Duration {
	if h.MaxWait == 0 {
		return DefaultMaxWait
	}
	return h.MaxWait
}
