package throttle

import (
	"container/list"
	"errors"
	"sync"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// LimiterConfig is what a Limiter works with.
type LimiterConfig struct {
	// Each is the rate of every key.
	Each Rate
	// MaxKeys bounds the keys that are remembered, about 200 bytes each.
	// 0: DefaultMaxKeys.
	MaxKeys int
	// Unknown is the one rate that all new keys share while MaxKeys others are
	// active. Zero: unknownShare times Each.
	Unknown Rate
	// Code and Detail are what it refuses with. Empty: TooManyRequests.
	Code   problem.Code
	Detail string
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// DefaultMaxKeys holds the callers of a busy hour in about 20 MiB.
const DefaultMaxKeys = 100_000

// unknownShare is how many keys' worth of attempts unknown keys share. Our choice.
const unknownShare = 64

// Limiter limits each key to a rate. It is safe for many goroutines at once. One
// lock serves all keys: it is held for well under a microsecond.
type Limiter[K comparable] struct {
	each, unknown Rate
	maxKeys       int
	code          problem.Code
	detail        string
	now           func() time.Time

	mu     sync.Mutex
	keys   map[K]*list.Element // of *limited[K]
	order  *list.List          // the last used first
	shared bucket              // of unknown keys
	counts Counts
}

type limited[K comparable] struct {
	key K
	bucket
}

// Counts is what a Limiter has seen.
type Counts struct {
	Allowed, Refused uint64
	// Unknown counts attempts that had to share a rate because MaxKeys others
	// were active. More than none: MaxKeys is too small, or this is an attack.
	Unknown uint64
	Keys    int // remembered now
}

// NewLimiter makes a Limiter.
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
		return nil, errors.New("attempts: a rate needs a burst of 1 to 1000000 and an interval up to an hour, and max keys must not be negative")
	}
	return &Limiter[K]{
		each: c.Each, unknown: c.Unknown, maxKeys: c.MaxKeys, code: c.Code, detail: c.Detail, now: c.Now,
		keys: map[K]*list.Element{}, order: list.New(),
	}, nil
}

// Allow counts an attempt of key, or refuses it with the limiter's code. A refused
// attempt costs nothing.
//
// When MaxKeys keys are active, a new one shares the rate of unknown keys with all
// other new ones. To forget an active key instead would give each key a full
// bucket again as soon as MaxKeys others were tried; to refuse all unknown
// keys would shut everybody out.
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
		l.counts.Unknown++
		return &l.shared, l.unknown
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

// Allowance bounds what one key may take in a minute of the clock and in a day,
// Beijing time. 0: no bound.
type Allowance struct{ Minute, Day int }

// Budget counts what keys took, in memory: a restart begins anew, and issuers side by
// side count each by themselves. Keys must be few, such as the names of staff
// credentials: they are never forgotten. It is safe for many goroutines at once.
type Budget struct {
	allowance Allowance
	code      problem.Code
	detail    string
	now       func() time.Time

	mu   sync.Mutex
	keys map[string]*taken
}

type taken struct {
	minute, day     int64 // that the counts are of
	inMinute, inDay int
}

// NewBudget makes Takes that refuse with a code and a detail. nil now: time.Now.
func NewBudget(a Allowance, code problem.Code, detail string, now func() time.Time) (*Budget, error) {
	if a.Minute < 0 || a.Day < 0 {
		return nil, errors.New("attempts: an allowance must not be negative")
	}
	if now == nil {
		now = time.Now
	}
	return &Budget{allowance: a, code: code, detail: detail, now: now, keys: map[string]*taken{}}, nil
}

// Spend takes n, all or none. A refusal tells when the bound begins anew.
func (t *Budget) Spend(key string, n int) error {
	now := t.now()
	_, offset := now.In(identity.Beijing).Zone()
	const daySeconds = 24 * 60 * 60
	minute, day := now.Unix()/60, (now.Unix()+int64(offset))/daySeconds
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.keys[key]
	if k == nil {
		k = &taken{}
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
