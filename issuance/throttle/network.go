package throttle

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/issuance/problem"
)

// Effort is what a network tries. Each is counted by itself: who registers names
// that are taken says nothing about the faces or passwords of others.
type Effort string

// The efforts. They are metric labels.
const (
	Logins        Effort = "login"
	Registrations Effort = "registration"
	FaceChecks    Effort = "face_check"
	PhoneCodes    Effort = "phone_code" // codes that users enter
)

// Efforts lists them.
func Efforts() []Effort { return []Effort{Logins, Registrations, FaceChecks, PhoneCodes} }

// NetworkRule says when a network is slowed. It is slowed while most of what it
// tries fails, and never locked: a station hall is one network, and it fails
// often because it tries often.
type NetworkRule struct {
	// Failures is how many there must be within Window before their share counts.
	Failures int
	// Percent is the share of failures among the attempts within Window from which
	// the network is slowed, 1 to 100.
	Percent int
	// Window is how long an attempt counts; the counts fade out over a second one.
	Window time.Duration
	// Slow is the rate of a slowed network, for each effort.
	Slow Rate
}

// DefaultNetworkRule is our choice. 2,000 honest checks an hour of which every
// twentieth fails stay far below the share. A slowed network still has 3,600
// attempts an hour: more than such a hall needs, and too few to guess with, since
// each login name and each document has its own bound.
var DefaultNetworkRule = NetworkRule{Failures: 50, Percent: 50, Window: 10 * time.Minute, Slow: Rate{20, time.Second}}

// Check reports what is wrong with the rule.
func (r NetworkRule) Check() error {
	if r.Failures < 1 || r.Percent < 1 || r.Percent > 100 || r.Window <= 0 || r.Window > longest || !r.Slow.ok() {
		return errors.New("attempts: the network rule needs failures from 1, a percentage of 1 to 100, a window up to 7 days, and a rate with a burst of 1 to 1000000 and an interval up to an hour")
	}
	return nil
}

// networks counts what networks try and fail at, in memory: an issuer that starts
// again, or another one, begins to count anew. Only failures make it remember a
// network.
type networks struct {
	rule NetworkRule
	most int // networks remembered, one for each effort
	now  func() time.Time

	slowed map[Effort]*atomic.Uint64 // immutable map; attempts refused

	mu    sync.Mutex
	of    map[networkEffort]*tally // mu
	swept int64                    // mu; when old tallies were last looked for
}

type networkEffort struct {
	from   Caller
	effort Effort
}

// tally is what one network did in the present window and in the one before.
type tally struct {
	began     int64 // Unix nanoseconds
	now, last counts
	slow      bucket
	passed    []Key // that succeeded lately; the oldest goes first
}

type counts struct{ tried, failed int64 }

// distinct is how many successes of one network are told apart: a success counts
// once until so many others came, so that a guesser cannot hide its failures
// behind one account of its own.
const distinct = 32

func newNetworks(rule NetworkRule, now func() time.Time) *networks {
	n := &networks{rule: rule, most: DefaultMaxKeys, now: now, of: make(map[networkEffort]*tally), slowed: make(map[Effort]*atomic.Uint64)}
	for _, e := range Efforts() {
		n.slowed[e] = &atomic.Uint64{}
	}
	return n
}

// Allow refuses with TooManyRequests what a network tries beyond the rate that it
// has while most of what it tries fails.
func (n *networks) Allow(e Effort, from Caller) error {
	now := n.now().UnixNano()
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.of[networkEffort{from, e}]
	if t == nil || !t.mostlyFails(n.rule, now) {
		return nil
	}
	if wait := t.slow.take(n.rule.Slow, now); wait > 0 {
		n.slowed[e].Add(1)
		return problem.Until(roundUp(now+wait), TooManyRequests, "most of what this network tries fails; nothing was changed")
	}
	return nil
}

// Failed counts a failure of a network. An attempt without a decision is neither a
// failure nor a success.
func (n *networks) Failed(e Effort, from Caller) {
	now := n.now().UnixNano()
	n.mu.Lock()
	defer n.mu.Unlock()
	k := networkEffort{from, e}
	t := n.of[k]
	if t == nil {
		if !n.room(now) {
			return
		}
		t = &tally{began: now}
		n.of[k] = t
	}
	t.roll(n.rule, now)
	t.now.tried++
	t.now.failed++
}

// Succeeded counts a success of a network, once for each key.
func (n *networks) Succeeded(e Effort, from Caller, k Key) {
	now := n.now().UnixNano()
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.of[networkEffort{from, e}]
	if t == nil || slices.Contains(t.passed, k) {
		return
	}
	if len(t.passed) == distinct {
		t.passed = slices.Delete(t.passed, 0, 1)
	}
	t.passed = append(t.passed, k)
	t.roll(n.rule, now)
	t.now.tried++
}

// room makes room for one more tally; without it the network is not counted. The
// caller holds mu.
func (n *networks) room(now int64) bool {
	if len(n.of) >= n.most && (now-n.swept >= int64(time.Minute) || now < n.swept) {
		n.swept = now
		for k, t := range n.of {
			if t.roll(n.rule, now); t.now == (counts{}) && t.last == (counts{}) {
				delete(n.of, k)
			}
		}
	}
	return len(n.of) < n.most
}

// roll moves the windows on. A window that begins in the future is from before the
// clock was set back.
func (t *tally) roll(r NetworkRule, now int64) {
	window := int64(r.Window)
	switch past := now - t.began; {
	case past >= 2*window || past < -window:
		t.began, t.now, t.last, t.passed = now, counts{}, counts{}, nil
	case past >= window:
		t.began, t.now, t.last, t.passed = t.began+window, counts{}, t.now, nil
	}
}

// mostlyFails judges the present window and, as far as it reaches into the last
// Window, the one before.
func (t *tally) mostlyFails(r NetworkRule, now int64) bool {
	t.roll(r, now)
	left := min(max(int64(r.Window)-(now-t.began), 0), int64(r.Window))
	share := float64(left) / float64(r.Window)
	failed := float64(t.now.failed) + share*float64(t.last.failed)
	tried := float64(t.now.tried) + share*float64(t.last.tried)
	return failed >= float64(r.Failures) && 100*failed >= float64(r.Percent)*tried
}

var descSlowed = prometheus.NewDesc("railgate_issuer_network_throttled_total",
	"Attempts refused because most of what their network tried of this effort had failed.", []string{"effort"}, nil)

// Describe has Lockout be a prometheus.Collector.
func (n *networks) Describe(out chan<- *prometheus.Desc) { out <- descSlowed }

// Collect tells how many attempts of slowed networks were refused.
func (n *networks) Collect(out chan<- prometheus.Metric) {
	for _, e := range Efforts() {
		out <- prometheus.MustNewConstMetric(descSlowed, prometheus.CounterValue, float64(n.slowed[e].Load()), string(e))
	}
}
