// Package throttle holds back those who try too often: a rate limit in memory,
// failures in the database that lock, the share of failures that slows a network,
// and the network address that a caller is counted by.
//
// It promises: a Limiter never holds more keys than it was given, and no flood of
// new keys lifts the limit of any; a Lockout locks after exactly as many as the
// rule says, however many come at once and at however many issuers; a network is
// slowed and never locked; a clock that was set back lengthens no lock beyond
// the longest lock; an address is taken from a header only if a trusted proxy sent it.
//
// It does not know what a failure is, and it does not stop someone who has many
// addresses and many accounts to try: that is for a firewall. Whoever knows a
// login name can lock it by failing; the longest lock is short for that reason.
// A stranger who knows a document number can delay its face checks, not lock them.
package throttle

import (
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// Problems are those of too many attempts.
var Problems problem.Table

// What an attempt can be refused for; each says from when to try again.
var (
	TooManyRequests = Problems.Add(429, "too_many_requests",
		"Too many requests.", "请求过于频繁。",
		"Please try again in a moment.", "请稍后重试。")
	TooManyFailures = Problems.Add(429, "too_many_failures",
		"Locked for a while after too many failed attempts.", "失败次数过多，已暂时锁定。",
		"Please try again at the time shown, or go to a station window.", "请在提示的时间后重试，或到车站窗口办理。")
	TooManyCodes = Problems.Add(429, "too_many_codes",
		"Too many codes were sent.", "验证码发送次数过多。",
		"Use the last code that arrived, or try again at the time shown.", "请使用最近收到的验证码，或在提示的时间后重试。") // sent to phones
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

// roundUp is a time in Unix seconds, not before it.
func roundUp(ns int64) int64 {
	const second = int64(time.Second)
	return (ns + second - 1) / second
}
