package throttle

import (
	"container/list"
	"errors"
	"sync"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// LimiterConfig configures a [Limiter].
type LimiterConfig struct {
	// Each is the rate of every key.
	Each Rate
	// MaxKeys is the maximum number of stored keys, about 200 bytes each. 0: DefaultMaxKeys.
	MaxKeys int
	// Unknown is the rate that all new keys share while MaxKeys others are active. Zero: 64 times Each.
	Unknown Rate
	// Code and Detail are the problem of a refusal. Empty: TooManyRequests.
	Code   problem.Code
	Detail string
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// DefaultMaxKeys is enough for the callers of a busy hour and needs about 20 MiB.
const DefaultMaxKeys = 100_000

// unknownShare is the shared rate of unknown keys, in multiples of the rate of one key. Our choice.
const unknownShare = 64

// Limiter limits each key to a rate. It is safe for concurrent use. One lock serves all keys: each call
// holds it for less than a microsecond.
type Limiter[K comparable] struct {
	each, unknown Rate
	maxKeys       int
	code          problem.Code
	detail        string
	now           func() time.Time

	mu     sync.Mutex
	keys   map[K]*list.Element // of *limited[K]
	order  *list.List          // most recently used first
	shared bucket              // of unknown keys
	counts Counts
}

type limited[K comparable] struct {
	key K
	bucket
}

// Counts are the counters of a [Limiter].
type Counts struct {
	Allowed, Refused uint64
	// Unknown counts attempts at the shared rate because MaxKeys other keys were active. Above 0: MaxKeys
	// is too small, or an attack is in progress.
	Unknown uint64
	Keys    int // stored now
}

// NewLimiter makes a [Limiter].
func NewLimiter[K comparable](c LimiterConfig) (*Limiter[K], error) {
	if c.MaxKeys == 0 {
		c.MaxKeys = DefaultMaxKeys
	}
	if c.Unknown == (Rate{}) {
		c.Unknown = Rate{min(unknownShare*c.Each.Burst, maxBurst), max(c.Each.Every/unknownShare, 1)}
	}
	if c.Code == "" {
		c.Code, c.Detail = TooManyRequests, "too many requests; nothing was changed"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if !c.Each.ok() || !c.Unknown.ok() || c.MaxKeys < 0 {
		return nil, errors.New("throttle: a rate needs a burst of 1 to 1000000 and an interval of at most an hour; MaxKeys must not be negative")
	}
	return &Limiter[K]{
		each: c.Each, unknown: c.Unknown, maxKeys: c.MaxKeys, code: c.Code, detail: c.Detail, now: c.Now,
		keys: map[K]*list.Element{}, order: list.New(),
	}, nil
}

// Allow counts an attempt of a key, or refuses it with the limiter's problem. A refused attempt takes no
// token.
//
// While MaxKeys keys are active, all new keys share the rate of unknown keys. Evicting an active key
// instead was refused: an attacker could fill any bucket again with MaxKeys other keys. Refusing unknown
// keys would lock out all new callers.
func (l *Limiter[K]) Allow(key K) error {
	now := l.now().UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	b, r := l.bucketFor(key, now)
	if wait := b.takeToken(r, now); wait > 0 {
		l.counts.Refused++
		return problem.Until(roundUp(now+wait), l.code, l.detail)
	}
	l.counts.Allowed++
	return nil
}

// bucketFor returns the bucket of a key, and its rate. The caller holds mu.
func (l *Limiter[K]) bucketFor(key K, now int64) (*bucket, Rate) {
	if e := l.keys[key]; e != nil {
		l.order.MoveToFront(e)
		return &e.Value.(*limited[K]).bucket, l.each
	}
	for range 2 { // more than one: idle keys leave faster than new keys arrive
		e := l.order.Back()
		if e == nil || !e.Value.(*limited[K]).idle(l.each, now) {
			break
		}
		delete(l.keys, l.order.Remove(e).(*limited[K]).key)
	}
	if len(l.keys) >= l.maxKeys {
		l.counts.Unknown++
		return &l.shared, l.unknown
	}
	k := &limited[K]{key: key}
	l.keys[key] = l.order.PushFront(k)
	return &k.bucket, l.each
}

// Counts returns the counters.
func (l *Limiter[K]) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts
	c.Keys = len(l.keys)
	return c
}

// Allowance is the amount that one key may spend in a clock minute and in a day, Beijing time. 0: no bound.
type Allowance struct{ Minute, Day int }

// Budget counts in memory the amounts that keys have spent. A process restart resets it, and each issuer
// counts separately. Keys are never deleted: use it for a small set, such as the names of staff
// credentials. It is safe for concurrent use.
type Budget struct {
	allowance Allowance
	code      problem.Code
	detail    string
	now       func() time.Time

	mu   sync.Mutex
	keys map[string]*usage
}

type usage struct {
	minute, day     int64 // period of the counts
	inMinute, inDay int
}

// NewBudget makes a [Budget] that refuses with a problem code and a detail. A nil now is time.Now.
func NewBudget(a Allowance, code problem.Code, detail string, now func() time.Time) (*Budget, error) {
	if a.Minute < 0 || a.Day < 0 {
		return nil, errors.New("throttle: an allowance must not be negative")
	}
	if now == nil {
		now = time.Now
	}
	return &Budget{allowance: a, code: code, detail: detail, now: now, keys: map[string]*usage{}}, nil
}

// Spend spends n of the key's allowance, or nothing if the allowance is too small. The error carries the
// time at which the minute or the day ends.
func (t *Budget) Spend(key string, n int) error {
	now := t.now()
	_, offset := now.In(identity.Beijing).Zone()
	const daySeconds = 24 * 60 * 60
	minute, day := now.Unix()/60, (now.Unix()+int64(offset))/daySeconds
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.keys[key]
	if k == nil {
		k = &usage{}
		t.keys[key] = k
	}
	if k.minute != minute {
		k.minute, k.inMinute = minute, 0
	}
	if k.day != day {
		k.day, k.inDay = day, 0
	}
	switch {
	case t.allowance.Day > 0 && n > t.allowance.Day-k.inDay:
		return problem.Until((day+1)*daySeconds-int64(offset), t.code, t.detail)
	case t.allowance.Minute > 0 && n > t.allowance.Minute-k.inMinute:
		return problem.Until((minute+1)*60, t.code, t.detail)
	}
	k.inMinute += n
	k.inDay += n
	return nil
}
