package throttle

import (
	"container/list"
	"errors"
	"sync"
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// Rate is a token bucket: Burst attempts at once, then one each time Every has
// passed.
type Rate struct {
	Burst int
	Every time.Duration
}

// Bounds of a Rate. A wait beyond an hour is a lock and belongs to a Lockout.
const (
	maxBurst = 1_000_000
	maxEvery = time.Hour
)

func (r Rate) ok() bool {
	return r.Burst >= 1 && r.Burst <= maxBurst && r.Every > 0 && r.Every <= maxEvery
}

// span is how long an empty bucket takes to be full.
func (r Rate) span() int64 { return int64(r.Burst) * int64(r.Every) }

// bucket is a token bucket kept as the time from which it is full (the generic
// cell rate algorithm of ITU-T I.371): no bucket needs a visit to fill.
type bucket struct{ fullAt int64 } // Unix nanoseconds

// take takes one attempt out, or says how long until there is one. A bucket is
// never further from full than empty: it says so itself, or one that was filled
// before the clock was set back would stay shut until the old time comes again.
func (b *bucket) take(r Rate, now int64) (wait int64) {
	b.fullAt = min(max(b.fullAt, now), now+r.span())
	if wait = b.fullAt + int64(r.Every) - now - r.span(); wait > 0 {
		return wait
	}
	b.fullAt += int64(r.Every)
	return 0
}

// idle reports whether forgetting the bucket gives nobody an attempt. One that
// is fuller in the future than it can be is from before the clock was set back.
func (b *bucket) idle(r Rate, now int64) bool { return b.fullAt <= now || b.fullAt > now+r.span() }

// LimiterConfig is what a Limiter works with.
type LimiterConfig struct {
	// Each is the rate of every key.
	Each Rate
	// MaxKeys bounds the keys that are remembered, about 200 bytes each.
	// 0: DefaultMaxKeys.
	MaxKeys int
	// Newcomers is the one rate that all new keys share while MaxKeys others are
	// active. Zero: newcomersShare times Each.
	Newcomers Rate
	// Code and Detail are what it refuses with. Empty: TooManyRequests.
	Code   problem.Code
	Detail string
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// DefaultMaxKeys holds the callers of a busy hour in about 20 MiB.
const DefaultMaxKeys = 100_000

// newcomersShare is how many keys' worth of attempts newcomers share. Ours.
const newcomersShare = 64

// Limiter limits each key to a rate. It is safe for many goroutines at once. One
// lock serves all keys: it is held for well under a microsecond.
type Limiter[K comparable] struct {
	each, newcomers Rate
	maxKeys         int
	code            problem.Code
	detail          string
	now             func() time.Time

	mu     sync.Mutex
	keys   map[K]*list.Element // of *limited[K]
	order  *list.List          // the last used first
	shared bucket              // the newcomers'
	counts Counts
}

type limited[K comparable] struct {
	key K
	bucket
}

// Counts is what a Limiter has seen.
type Counts struct {
	Allowed, Refused uint64
	// Newcomers counts attempts that had to share a rate because MaxKeys others
	// were active. More than none: MaxKeys is too small, or this is an attack.
	Newcomers uint64
	Keys      int // remembered now
}

// NewLimiter makes a Limiter.
func NewLimiter[K comparable](c LimiterConfig) (*Limiter[K], error) {
	if c.MaxKeys == 0 {
		c.MaxKeys = DefaultMaxKeys
	}
	if c.Newcomers == (Rate{}) {
		c.Newcomers = Rate{min(newcomersShare*c.Each.Burst, maxBurst), max(c.Each.Every/newcomersShare, 1)}
	}
	if c.Code == "" {
		c.Code, c.Detail = TooManyRequests, "too many requests; nothing was changed"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if !c.Each.ok() || !c.Newcomers.ok() || c.MaxKeys < 0 {
		return nil, errors.New("attempts: a rate needs a burst of 1 to 1000000 and an interval up to an hour, and max keys must not be negative")
	}
	return &Limiter[K]{
		each: c.Each, newcomers: c.Newcomers, maxKeys: c.MaxKeys, code: c.Code, detail: c.Detail, now: c.Now,
		keys: map[K]*list.Element{}, order: list.New(),
	}, nil
}

// Allow counts an attempt of key, or refuses it with the limiter's code. A refused
// attempt costs nothing.
//
// When MaxKeys keys are active, a new one shares the newcomers' rate with all
// other new ones. To forget an active key instead would give each key a full
// bucket again as soon as MaxKeys others were tried; to refuse all newcomers
// would shut everybody out.
func (l *Limiter[K]) Allow(key K) error {
	now := l.now().UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	b, r := l.find(key, now)
	if wait := b.take(r, now); wait > 0 {
		l.counts.Refused++
		return problem.Until(roundUp(now+wait), l.code, l.detail)
	}
	l.counts.Allowed++
	return nil
}

// find is the bucket that a key is counted in, and its rate.
func (l *Limiter[K]) find(key K, now int64) (*bucket, Rate) {
	if e := l.keys[key]; e != nil {
		l.order.MoveToFront(e)
		return &e.Value.(*limited[K]).bucket, l.each
	}
	for range 2 { // more than come in, so that what is idle goes
		e := l.order.Back()
		if e == nil || !e.Value.(*limited[K]).idle(l.each, now) {
			break
		}
		delete(l.keys, l.order.Remove(e).(*limited[K]).key)
	}
	if len(l.keys) >= l.maxKeys {
		l.counts.Newcomers++
		return &l.shared, l.newcomers
	}
	k := &limited[K]{key: key}
	l.keys[key] = l.order.PushFront(k)
	return &k.bucket, l.each
}

// Counts is what the Limiter has seen so far.
func (l *Limiter[K]) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts
	c.Keys = len(l.keys)
	return c
}

// roundUp is a time in Unix seconds, not before it.
func roundUp(ns int64) int64 {
	const second = int64(time.Second)
	return (ns + second - 1) / second
}
