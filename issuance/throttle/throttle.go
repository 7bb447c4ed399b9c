// Package throttle limits how often callers may try something: a rate limit in memory ([Limiter]),
// lockouts after failures that are counted in the database ([Lockout]), throttling of networks whose
// attempts mostly fail, and the network address that a caller is counted by ([Proxies.Caller]).
//
// It promises:
//   - A Limiter never stores more keys than configured, and a flood of new keys does not reset the limit
//     of any key.
//   - A Lockout locks after exactly the number of failures in its rule, with any number of concurrent
//     attempts and issuers.
//   - A network is slowed and never locked.
//   - A clock that is set back extends a lock to at most MaxLock.
//   - An address is read from a header only if a trusted proxy sent the request.
//
// Callers decide what a failure is. The package does not stop an attacker with many addresses and many
// accounts to try: a firewall must. An attacker who knows a login name can lock it with failures; for
// that reason the longest lock is short. An attacker who knows a document number can delay its face
// checks, and cannot lock them.
package throttle

import (
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// Problems are the problems of too many attempts.
var Problems problem.Table

// The problems of too many attempts. Each carries the time after which a retry is accepted.
var (
	TooManyRequests = Problems.Add(429, "too_many_requests",
		"Too many requests.", "请求过于频繁。",
		"Please try again in a moment.", "请稍后重试。")
	TooManyFailures = Problems.Add(429, "too_many_failures",
		"Temporarily locked after too many failed attempts.", "失败次数过多，已暂时锁定。",
		"Please try again at the time shown, or go to a station window.", "请在提示的时间后重试，或到车站窗口办理。")
	TooManyCodes = Problems.Add(429, "too_many_codes",
		"Too many codes were sent.", "验证码发送次数过多。",
		"Use the last code that arrived, or try again at the time shown.", "请使用最近收到的验证码，或在提示的时间后重试。") // sent to phones
)

// Rate is a token bucket: Burst attempts, then one more each time Every has passed.
type Rate struct {
	Burst int
	Every time.Duration
}

// Bounds of a Rate. A wait of more than an hour is a lock: use a [Lockout].
const (
	maxBurst = 1_000_000
	maxEvery = time.Hour
)

func (r Rate) ok() bool {
	return r.Burst >= 1 && r.Burst <= maxBurst && r.Every > 0 && r.Every <= maxEvery
}

// span is the time in which an empty bucket fills, nanoseconds.
func (r Rate) span() int64 { return int64(r.Burst) * int64(r.Every) }

// bucket is a token bucket, stored as the time at which it is full (the generic cell rate algorithm of
// ITU-T I.371). It fills without a timer.
type bucket struct{ fullAt int64 } // Unix nanoseconds

// takeToken takes one token, or returns the time until the next one. fullAt is limited to the fill time
// of an empty bucket: otherwise a clock that is set back would keep the bucket empty until the old time.
func (b *bucket) takeToken(r Rate, now int64) (wait int64) {
	b.fullAt = min(max(b.fullAt, now), now+r.span())
	if wait = b.fullAt + int64(r.Every) - now - r.span(); wait > 0 {
		return wait
	}
	b.fullAt += int64(r.Every)
	return 0
}

// idle reports whether the bucket can be deleted without granting an extra attempt. A bucket that is
// full later than an empty one dates from before the clock was set back.
func (b *bucket) idle(r Rate, now int64) bool { return b.fullAt <= now || b.fullAt > now+r.span() }

// roundUp converts nanoseconds to the next whole second.
func roundUp(ns int64) int64 {
	const second = int64(time.Second)
	return (ns + second - 1) / second
}
