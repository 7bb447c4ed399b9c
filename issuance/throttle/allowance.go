package throttle

import (
	"errors"
	"sync"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Allowance bounds what one key may take in a minute of the clock and in a day,
// Beijing time. 0: no bound.
type Allowance struct{ Minute, Day int }

// Takes counts what keys took, in memory: a restart begins anew, and issuers side by
// side count each by themselves. Keys must be few, such as the names of staff
// credentials: they are never forgotten. It is safe for many goroutines at once.
type Takes struct {
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

// NewTakes makes Takes that refuse with a code and a detail. nil now: time.Now.
func NewTakes(a Allowance, code problem.Code, detail string, now func() time.Time) (*Takes, error) {
	if a.Minute < 0 || a.Day < 0 {
		return nil, errors.New("attempts: an allowance must not be negative")
	}
	if now == nil {
		now = time.Now
	}
	return &Takes{allowance: a, code: code, detail: detail, now: now, keys: map[string]*taken{}}, nil
}

// Take takes n, all or none. A refusal tells when the bound begins anew.
func (t *Takes) Take(key string, n int) error {
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
