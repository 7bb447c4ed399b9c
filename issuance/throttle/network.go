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

// Effort is a kind of attempt. Each kind is counted separately: failed registrations of names in use say
// nothing about face checks or passwords from the same network.
type Effort string

// The efforts. They are metric labels.
const (
	Logins        Effort = "login"
	Registrations Effort = "registration"
	FaceChecks    Effort = "face_check"
	PhoneCodes    Effort = "phone_code" // codes entered by users
)

// Efforts lists the efforts.
func Efforts() []Effort { return []Effort{Logins, Registrations, FaceChecks, PhoneCodes} }

// NetworkRule configures when a network is slowed. It is slowed while most of its attempts fail, and never
// locked: a station hall is one network, with many failures because it has many attempts.
type NetworkRule struct {
	// Failures is the minimum number of failures within Window before their share is evaluated.
	Failures int
	// Percent is the share of failures among the attempts within Window at which the network is slowed,
	// 1 to 100.
	Percent int
	// Window is the time for which an attempt counts fully; it fades out over a second window.
	Window time.Duration
	// Slow is the rate of a slowed network, for each effort.
	Slow Rate
}

// DefaultNetworkRule is our choice. A station hall with 2,000 honest checks an hour, of which one in
// twenty fails, stays far below the share. A slowed network still has 3,600 attempts an hour: more than
// such a hall needs, and too few to guess with, because login names and documents have their own bounds.
var DefaultNetworkRule = NetworkRule{Failures: 50, Percent: 50, Window: 10 * time.Minute, Slow: Rate{20, time.Second}}

// Check reports a fault of the rule.
func (r NetworkRule) Check() error {
	if r.Failures < 1 || r.Percent < 1 || r.Percent > 100 || r.Window <= 0 || r.Window > longest || !r.Slow.ok() {
		return errors.New("throttle: the network rule needs at least 1 failure, a percentage of 1 to 100, a window of at most 7 days, " +
			"and a rate with a burst of 1 to 1000000 and an interval of at most an hour")
	}
	return nil
}

// networks counts the attempts and failures of networks in memory. A process restart resets the counts,
// and each issuer counts separately. Only a failure adds a network.
type networks struct {
	rule        NetworkRule
	maxNetworks int // stored networks, one for each effort
	now         func() time.Time

	slowed map[Effort]*atomic.Uint64 // immutable map; refused attempts

	mu    sync.Mutex
	stats map[networkEffort]*networkStats // mu
	swept int64                           // mu; time of the last search for idle networks
}

type networkEffort struct {
	from   Caller
	effort Effort
}

// networkStats are the counts of one network in the current window and in the one before.
type networkStats struct {
	began     int64 // Unix nanoseconds
	now, last counts
	slow      bucket
	successes []Key // recent successes; oldest first
}

type counts struct{ tried, failed int64 }

// maxSuccesses is the number of distinct recent successes of a network. A success of the same key counts
// again only after that many others: an attacker cannot hide failures behind the successes of one account.
const maxSuccesses = 32

func newNetworks(rule NetworkRule, now func() time.Time) *networks {
	n := &networks{rule: rule, maxNetworks: DefaultMaxKeys, now: now, stats: make(map[networkEffort]*networkStats), slowed: make(map[Effort]*atomic.Uint64)}
	for _, e := range Efforts() {
		n.slowed[e] = &atomic.Uint64{}
	}
	return n
}

// Allow refuses an attempt with TooManyRequests if most attempts of the network fail and it exceeds the
// slow rate.
func (n *networks) Allow(e Effort, from Caller) error {
	now := n.now().UnixNano()
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.stats[networkEffort{from, e}]
	if t == nil || !t.mostlyFails(n.rule, now) {
		return nil
	}
	if wait := t.slow.takeToken(n.rule.Slow, now); wait > 0 {
		n.slowed[e].Add(1)
		return problem.Until(roundUp(now+wait), TooManyRequests, "most attempts from this network fail; nothing was changed")
	}
	return nil
}

// Failed counts a failure of a network. An attempt without a decision is neither a failure nor a success.
func (n *networks) Failed(e Effort, from Caller) {
	now := n.now().UnixNano()
	n.mu.Lock()
	defer n.mu.Unlock()
	k := networkEffort{from, e}
	t := n.stats[k]
	if t == nil {
		if !n.makeRoom(now) {
			return
		}
		t = &networkStats{began: now}
		n.stats[k] = t
	}
	t.roll(n.rule, now)
	t.now.tried++
	t.now.failed++
}

// Succeeded counts a success of a network, once for each of its recent keys.
func (n *networks) Succeeded(e Effort, from Caller, k Key) {
	now := n.now().UnixNano()
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.stats[networkEffort{from, e}]
	if t == nil || slices.Contains(t.successes, k) {
		return
	}
	if len(t.successes) == maxSuccesses {
		t.successes = slices.Delete(t.successes, 0, 1)
	}
	t.successes = append(t.successes, k)
	t.roll(n.rule, now)
	t.now.tried++
}

// makeRoom deletes idle networks if the map is full, at most once a minute. It reports whether one more
// network can be stored; otherwise the network is not counted. The caller holds mu.
func (n *networks) makeRoom(now int64) bool {
	if len(n.stats) >= n.maxNetworks && (now-n.swept >= int64(time.Minute) || now < n.swept) {
		n.swept = now
		for k, t := range n.stats {
			if t.roll(n.rule, now); t.now == (counts{}) && t.last == (counts{}) {
				delete(n.stats, k)
			}
		}
	}
	return len(n.stats) < n.maxNetworks
}

// roll advances the windows to now. A window that begins in the future dates from before the clock was set
// back.
func (t *networkStats) roll(r NetworkRule, now int64) {
	window := int64(r.Window)
	switch past := now - t.began; {
	case past >= 2*window || past < -window:
		t.began, t.now, t.last, t.successes = now, counts{}, counts{}, nil
	case past >= window:
		t.began, t.now, t.last, t.successes = t.began+window, counts{}, t.now, nil
	}
}

// mostlyFails evaluates the current window and the overlapping share of the one before.
func (t *networkStats) mostlyFails(r NetworkRule, now int64) bool {
	t.roll(r, now)
	left := min(max(int64(r.Window)-(now-t.began), 0), int64(r.Window))
	share := float64(left) / float64(r.Window)
	failed := float64(t.now.failed) + share*float64(t.last.failed)
	tried := float64(t.now.tried) + share*float64(t.last.tried)
	return failed >= float64(r.Failures) && 100*failed >= float64(r.Percent)*tried
}

var descSlowed = prometheus.NewDesc("railgate_issuer_network_throttled_total",
	"Attempts refused because most attempts of this kind from their network had failed.", []string{"effort"}, nil)

// Describe implements [prometheus.Collector].
func (n *networks) Describe(out chan<- *prometheus.Desc) { out <- descSlowed }

// Collect implements [prometheus.Collector]: the refused attempts of slowed networks.
func (n *networks) Collect(out chan<- prometheus.Metric) {
	for _, e := range Efforts() {
		out <- prometheus.MustNewConstMetric(descSlowed, prometheus.CounterValue, float64(n.slowed[e].Load()), string(e))
	}
}
