package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/railgate/railgate/issuance/problem"
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
func (h Hashing) MemoryMiB() int { return int(h.MemoryKiB) * h.AtOnce() >> 10 }

// AtOnce is how many hashings there are at once at most.
func (h Hashing) AtOnce() int { return cmp.Or(h.Concurrent, runtime.GOMAXPROCS(0)) }

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

// Sizes of a password's hash, bytes: those RFC 9106 recommends.
const (
	saltSize = 16
	sumSize  = 32
)

// hash is what is kept of a password. Its parameters are kept with it, so that
// they can be raised.
type hash struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, sum         []byte
}

var errHash = errors.New("account: a password's hash is not in its form")

// String is the form in which hashes of argon2id are commonly kept:
// $argon2id$v=19$m=65536,t=2,p=1$salt$sum, both in Base64 without padding.
func (h hash) String() string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memoryKiB, h.passes, h.lanes, b.EncodeToString(h.salt), b.EncodeToString(h.sum))
}

// parseHash reads the one spelling of a hash, with parameters that are bounded.
func parseHash(text string) (h hash, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return hash{}, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memoryKiB, &h.passes, &h.lanes); err != nil {
		return hash{}, errHash
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return hash{}, errHash
	}
	if h.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return hash{}, errHash
	}
	work := Hashing{MemoryKiB: h.memoryKiB, Passes: h.passes, Lanes: h.lanes}
	// Printing it again catches every other spelling that Sscanf lets pass.
	if !work.bounded() || len(h.salt) != saltSize || len(h.sum) != sumSize || h.String() != text {
		return hash{}, errHash
	}
	return h, nil
}

// newHash hashes a password with a new salt.
func newHash(work Hashing, password string) hash {
	h := dummyHash(work)
	h.sum = h.of(password)
	return h
}

// dummyHash is the hash of no password: comparing with it costs what comparing
// with a real one does.
func dummyHash(work Hashing) hash {
	h := hash{work.MemoryKiB, work.Passes, work.Lanes, make([]byte, saltSize), make([]byte, sumSize)}
	rand.Read(h.salt) // never fails since Go 1.24: the program ends instead
	rand.Read(h.sum)
	return h
}

func (h hash) of(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memoryKiB, h.lanes, sumSize)
}

func (h hash) is(password string) bool { return subtle.ConstantTimeCompare(h.of(password), h.sum) == 1 }

// stale reports whether the hash was made with other parameters than work.
func (h hash) stale(work Hashing) bool {
	return h.memoryKiB != work.MemoryKiB || h.passes != work.Passes || h.lanes != work.Lanes
}

// hasher does the work of passwords, so much at once and no more.
type hasher struct {
	work    Hashing
	dummy   hash
	maxWait time.Duration
	inside  chan struct{} // who works or waits
	working chan struct{}
	runs    atomic.Uint64 // how many hashings were begun
}

func newHasher(work Hashing) *hasher {
	return &hasher{
		work: work, dummy: dummyHash(work), maxWait: cmp.Or(work.MaxWait, DefaultMaxWait),
		inside:  make(chan struct{}, work.AtOnce()+cmp.Or(work.Waiting, DefaultWaiting)),
		working: make(chan struct{}, work.AtOnce()),
	}
}

var errBusy = problem.New(Busy, "too many passwords are being checked at once; nothing was changed")

// turn runs one hashing when its turn comes.
func (h *hasher) turn(ctx context.Context, run func()) error {
	select {
	case h.inside <- struct{}{}:
		defer func() { <-h.inside }()
	default:
		return errBusy
	}
	wait := time.NewTimer(h.maxWait)
	defer wait.Stop()
	select {
	case h.working <- struct{}{}:
		defer func() { <-h.working }()
	case <-wait.C:
		return errBusy
	case <-ctx.Done():
		return ctx.Err()
	}
	h.runs.Add(1)
	run()
	return nil
}

// hash makes the hash of a new password.
func (h *hasher) hash(ctx context.Context, password string) (text string, err error) {
	err = h.turn(ctx, func() { text = newHash(h.work, password).String() })
	return text, err
}

// matches compares a password with a hash; with an empty text it does the same
// work and the answer is no.
func (h *hasher) matches(ctx context.Context, text, password string) (yes, stale bool, err error) {
	against := h.dummy
	if text != "" {
		if against, err = parseHash(text); err != nil {
			return false, false, err
		}
	}
	err = h.turn(ctx, func() { yes = against.is(password) })
	return yes && text != "", against.stale(h.work), err
}
