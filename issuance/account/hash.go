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

// Hashing is the cost of one password hash (argon2id, RFC 9106) and the number of concurrent
// hashings.
type Hashing struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
	// Concurrent bounds the concurrent hashings; each uses MemoryKiB. 0: one per processor.
	Concurrent int
	// Waiting bounds the callers in the queue. A caller beyond it, or one that waits longer than
	// MaxWait, is refused with [Busy]. 0: [DefaultWaiting].
	Waiting int
	// MaxWait bounds one wait. 0: [DefaultMaxWait].
	MaxWait time.Duration
	// CheapForTests disables the floor. In production it would expose every password in a stolen
	// database; no configuration file can set it.
	CheapForTests bool
}

// DefaultHashing exceeds the floor: about a tenth of a second on one core.
var DefaultHashing = Hashing{MemoryKiB: 64 << 10, Passes: 2, Lanes: 1}

// DefaultWaiting and DefaultMaxWait keep the wait below what passengers tolerate. Our choice.
const (
	DefaultWaiting = 64
	DefaultMaxWait = 2 * time.Second
)

// The floor is the minimum of OWASP's password storage cheat sheet: 19 MiB and two passes. The
// ceilings are our choice: they bound the cost of a typing error or of a forged row.
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

// Check reports every fault, also for a check of the configuration that starts nothing.
func (h Hashing) Check() error {
	var all []error
	if !h.bounded() {
		all = append(all, fmt.Errorf("account: hashing needs 8 KiB per lane up to %d KiB, 1 to %d passes, 1 to %d lanes", mostMemoryKiB, mostPasses, mostLanes))
	}
	if !h.CheapForTests && (h.MemoryKiB < floorMemoryKiB || h.Passes < floorPasses) {
		all = append(all, fmt.Errorf("account: hashing needs at least %d KiB and %d passes", floorMemoryKiB, floorPasses))
	}
	if h.Concurrent < 0 || h.Concurrent > mostConcurrent || h.Waiting < 0 || h.Waiting > mostWaiting || h.MaxWait < 0 || h.MaxWait > mostWait {
		all = append(all, fmt.Errorf("account: hashing allows at most %d concurrent, %d waiting, and a wait of %v", mostConcurrent, mostWaiting, mostWait))
	}
	return errors.Join(all...)
}

// bounded reports whether the parameters are within the ceilings. It is also checked for parameters
// from the database.
func (h Hashing) bounded() bool {
	return h.Lanes >= 1 && h.Lanes <= mostLanes && h.Passes >= 1 && h.Passes <= mostPasses &&
		h.MemoryKiB >= 8*uint32(h.Lanes) && h.MemoryKiB <= mostMemoryKiB
}

// MemoryMiB is the memory of all concurrent hashings.
func (h Hashing) MemoryMiB() int { return int(h.MemoryKiB) * h.MaxConcurrent() >> 10 }

// MaxConcurrent is the maximum number of concurrent hashings.
func (h Hashing) MaxConcurrent() int { return cmp.Or(h.Concurrent, runtime.GOMAXPROCS(0)) }

// MemoryError reports that the hashings do not fit the memory limit.
type MemoryError struct {
	Wanted, Fit int   // concurrent hashings
	LimitMiB    int64 // memory limit of the process
	EachMiB     int   // memory of one hashing
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("%d concurrent password hashings need %d MiB, but half of the memory limit of %d MiB has room for %d: raise the limit to %d MiB or allow fewer",
		e.Wanted, e.Wanted*e.EachMiB, e.LimitMiB, e.Fit, 2*e.Wanted*e.EachMiB)
}

// WithinMemory bounds the concurrent hashings by limit, the memory limit of the process in bytes.
// Hashings get at most half of it; the other half is for everything else and for the memory of
// finished hashings that is not yet collected. If Concurrent is 0 it becomes what fits, at most one
// per processor. A Concurrent that does not fit, or a limit with no room for one hashing, is a
// [*MemoryError]. limit 0: no limit.
func (h Hashing) WithinMemory(limit int64) (Hashing, error) {
	if limit <= 0 {
		return h, nil
	}
	fit := int(limit / 2 / (int64(h.MemoryKiB) << 10))
	wanted := max(h.Concurrent, 1)
	if fit < wanted {
		return h, &MemoryError{wanted, fit, limit >> 20, int(h.MemoryKiB >> 10)}
	}
	if h.Concurrent == 0 {
		h.Concurrent = min(fit, runtime.GOMAXPROCS(0))
	}
	return h, nil
}

// Sizes of a password hash in bytes, as RFC 9106 recommends.
const (
	saltSize = 16
	sumSize  = 32
)

// hash is the stored form of a password. It contains its parameters, which can therefore be raised.
type hash struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, sum         []byte
}

var errHash = errors.New("account: stored password hash is malformed")

// String is the common encoding of argon2id hashes: $argon2id$v=19$m=65536,t=2,p=1$salt$sum, salt
// and sum in Base64 without padding.
func (h hash) String() string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memoryKiB, h.passes, h.lanes, b.EncodeToString(h.salt), b.EncodeToString(h.sum))
}

// parseHash parses the one spelling of a hash whose parameters are within the ceilings.
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
	// Comparing with the printed form rejects every other spelling that Sscanf accepts.
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

// dummyHash matches no password. Comparing with it costs as much as comparing with a real hash.
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

// hasher hashes passwords with bounded concurrency.
type hasher struct {
	work    Hashing
	dummy   hash
	maxWait time.Duration
	inside  chan struct{} // running and waiting callers
	working chan struct{}
	runs    atomic.Uint64 // hashings begun
}

func newHasher(work Hashing) *hasher {
	return &hasher{
		work: work, dummy: dummyHash(work), maxWait: cmp.Or(work.MaxWait, DefaultMaxWait),
		inside:  make(chan struct{}, work.MaxConcurrent()+cmp.Or(work.Waiting, DefaultWaiting)),
		working: make(chan struct{}, work.MaxConcurrent()),
	}
}

var errBusy = problem.New(Busy, "too many passwords are being checked; nothing was changed, try again")

// run executes one hashing when a slot is free.
func (h *hasher) run(ctx context.Context, work func()) error {
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
	work()
	return nil
}

// hash hashes a new password.
func (h *hasher) hash(ctx context.Context, password string) (text string, err error) {
	err = h.run(ctx, func() { text = newHash(h.work, password).String() })
	return text, err
}

// matches compares a password with a hash. An empty text costs the same work and never matches.
func (h *hasher) matches(ctx context.Context, text, password string) (yes, stale bool, err error) {
	against := h.dummy
	if text != "" {
		if against, err = parseHash(text); err != nil {
			return false, false, err
		}
	}
	err = h.run(ctx, func() { yes = against.is(password) })
	return yes && text != "", against.stale(h.work), err
}
