package throttle

import (
	"errors"
	"fmt"
	"time"
)

// Rule says when failures lock a key.
type Rule struct {
	// Failures is how many within Window lock, from 1. The window begins with the
	// first: someone who waits for its end has Failures-1 in each.
	Failures int
	// Again is how many lock again once there was a lock. 0: Failures.
	Again  int
	Window time.Duration
	// FirstLock is how long the first lock lasts; each further one lasts twice as
	// long as the one before, up to MaxLock.
	FirstLock, MaxLock time.Duration
	// Forget is how long after the last failure, and after the end of a lock,
	// everything about the key is forgotten. At least Window.
	Forget time.Duration
}

// Rules has a rule for each kind of key.
type Rules struct{ Account, Document, Face, Faces Rule }

// DefaultRules are our choice; the source gives no numbers. An account allows five
// mistakes and, locked again and again, some 130 guesses a day. So does a document
// from one network. From all networks together a document allows 20 mistakes a day;
// then each further one delays the next check, by five minutes at most: about 300
// guesses a day, and the holder gets through.
var DefaultRules = Rules{
	Account:  Rule{Failures: 5, Window: 15 * time.Minute, FirstLock: 5 * time.Minute, MaxLock: time.Hour, Forget: day},
	Document: Rule{Failures: 5, Window: time.Hour, FirstLock: 15 * time.Minute, MaxLock: 4 * time.Hour, Forget: day},
	Face:     Rule{Failures: 5, Window: time.Hour, FirstLock: 15 * time.Minute, MaxLock: 4 * time.Hour, Forget: day},
	Faces:    Rule{Failures: 20, Again: 1, Window: day, FirstLock: 30 * time.Second, MaxLock: 5 * time.Minute, Forget: day},
}

const day = 24 * time.Hour

// longest bounds every time of a rule: a lock that lasts longer than people wait
// is a block, and that is for staff to decide.
const longest = 7 * 24 * time.Hour

// Check reports all that is wrong with the rules.
func (r Rules) Check() error {
	var all []error
	for kind, rule := range r.rules() {
		if !rule.ok() {
			all = append(all, fmt.Errorf("attempts: rule for %s: failures and times must be above zero, first lock up to max lock, window up to forget, none above %v", kind, longest))
		}
	}
	return errors.Join(all...)
}

func (r Rule) ok() bool {
	return r.Failures >= 1 && r.Again >= 0 && r.Window > 0 && r.FirstLock > 0 && r.MaxLock >= r.FirstLock && r.Forget >= r.Window &&
		max(r.Window, r.MaxLock, r.Forget) <= longest
}

func (r Rules) rules() map[Kind]Rule {
	return map[Kind]Rule{Account: r.Account, Document: r.Document, Face: r.Face, Faces: r.Faces}
}

// lock is how long the lock after so many others lasts.
func (r Rule) lock(others int) time.Duration {
	d := r.FirstLock
	for range others {
		if d >= r.MaxLock/2 {
			return r.MaxLock
		}
		d *= 2
	}
	return d
}

// standing is a row of failures; times are Unix milliseconds.
type standing struct {
	count  int
	window int64
	locks  int
	locked int64
	forget int64
}

// at is what the row means now: nothing, once it is to be forgotten.
func (s standing) at(now int64) standing {
	if now >= s.forget {
		return standing{}
	}
	return s
}

// lockedAt reports whether the key is locked. A lock that ends later than any
// can was given before the clock was set back: it is over.
func (s standing) lockedAt(r Rule, now int64) bool {
	return now < s.locked && s.locked <= now+r.MaxLock.Milliseconds()
}

// after is the row after one more failure of a key that is not locked.
func (s standing) after(r Rule, now int64) standing {
	s = s.at(now)
	window := r.Window.Milliseconds()
	// The second question is for a clock that was set back, and wide enough that
	// the clocks of two issuers may differ.
	if s.count == 0 || now >= s.window+window || now < s.window-window {
		s.count, s.window = 0, now
	}
	s.count++
	s.forget = now + r.Forget.Milliseconds()
	enough := r.Failures
	if s.locks > 0 && r.Again > 0 {
		enough = r.Again
	}
	if s.count >= enough {
		s.locked = now + r.lock(s.locks).Milliseconds()
		s.locks++
		s.count = 0
		s.forget = s.locked + r.Forget.Milliseconds()
	}
	return s
}
