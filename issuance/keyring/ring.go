package keyring

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// ErrNoKey says that nothing may be signed now. The error that wraps it gives the reason
// for each key.
var ErrNoKey = errors.New("keyring: no issuer key is active")

const (
	// refreshEvery is how often Run reads the database. Our choice: a command takes
	// effect everywhere within about a second.
	refreshEvery = time.Second
	// maxAge is how old a view may be that a signature depends on: a command must take
	// effect at some time even at an issuer that cannot reach the database. Our choice;
	// SessionOver depends on it.
	maxAge = 30 * time.Second
)

// Key is an issuer key that this process has.
type Key struct {
	ID     tokens.KeyID
	Signer signing.Signer
}

// Public is the part that gateways know.
func (k Key) Public() Public { return Public{k.ID, k.Signer.Public()} }

// RingConfig has the parts of a Ring.
type RingConfig struct {
	Store *Store
	Keys  []Key // of this process, at least one
	// Announce lists more public keys for gateways to accept, for instance those of a
	// load test. Their owners can make passes: leave it empty in production.
	Announce []Public
	Now      func() time.Time // the clock of session starts; nil: time.Now
	Log      *zap.Logger      // nil: none
	// Metrics gets the key that signs and the failed refreshes; nil: none.
	Metrics prometheus.Registerer
	// FirstSigns makes the first key sign immediately, whether gateways know it or not
	// and whatever commands were given. For tests only.
	FirstSigns bool
}

// Ring answers which key signs now, from the last refresh. It is safe for concurrent use.
type Ring struct {
	store *Store
	keys  map[tokens.KeyID]signing.Signer
	extra []Public // announced besides those of the store
	first *Key     // always signs; nil: the rule decides
	now   func() time.Time
	log   *zap.Logger
	age   func(since time.Time) time.Duration // monotonic: setting the clock does not change it

	view     atomic.Pointer[view]
	failures atomic.Uint64

	refreshing chan struct{} // capacity 1: one refresh at a time
	refreshed  uint64        // guarded by refreshing; the last refresh that succeeded
	begun      atomic.Uint64 // refreshes that began
	lastLogged string        // guarded by refreshing
}

// view is the result of a refresh. It never changes.
type view struct {
	at    time.Time     // of the refresh, with a monotonic reading
	ahead time.Duration // the database clock minus this one
	rows  []row
}

// New makes a Ring and starts nothing. Until the first Refresh no key is active.
func New(c RingConfig) (*Ring, error) {
	if c.Store == nil || len(c.Keys) == 0 {
		return nil, errors.New("keyring: a store and at least one key are needed")
	}
	r := &Ring{store: c.Store, extra: c.Announce, keys: make(map[tokens.KeyID]signing.Signer), now: c.Now, log: c.Log, age: time.Since, refreshing: make(chan struct{}, 1)}
	for _, k := range c.Keys {
		if k.ID == 0 || k.Signer == nil || r.keys[k.ID] != nil {
			return nil, fmt.Errorf("keyring: key %d has no id or no signer, or is listed twice", k.ID)
		}
		if err := tokens.CheckPublicKey(k.Signer.Public()); err != nil {
			return nil, fmt.Errorf("keyring: key %d would be refused by gateways: %w", k.ID, err)
		}
		r.keys[k.ID] = k.Signer
	}
	if c.FirstSigns {
		r.first = &c.Keys[0]
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = zap.NewNop()
	}
	if c.Metrics != nil {
		if err := c.Metrics.Register(gauges{r}); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Current is the key that signs a session which starts at a time, by this process's
// clock. It does not query the database. Every error wraps ErrNoKey. A key may have been
// distrusted since the last refresh: the transaction that opens a session checks the
// cutoff again, and the caller then calls Refresh.
func (r *Ring) Current(start time.Time) (tokens.KeyID, signing.Signer, error) {
	if r.first != nil {
		return r.first.ID, r.first.Signer, nil
	}
	v := r.view.Load()
	if v == nil {
		return 0, nil, fmt.Errorf("%w: the database was not read yet", ErrNoKey)
	}
	if age := r.age(v.at); age > maxAge {
		return 0, nil, fmt.Errorf("%w: the database was last read %v ago", ErrNoKey, age.Truncate(time.Second))
	}
	best := newest(v.rows, database.MillisAt(start.Add(v.ahead)), start.Unix(), r.holds)
	if best == nil {
		return 0, nil, fmt.Errorf("%w: %s", ErrNoKey, r.why(v, start))
	}
	return best.id, r.keys[best.id], nil
}

func (r *Ring) holds(id tokens.KeyID) bool { return r.keys[id] != nil }

// why gives the reason that keeps each key from signing.
func (r *Ring) why(v *view, start time.Time) string {
	now := database.MillisAt(start.Add(v.ahead))
	var parts []string
	for i := range v.rows {
		k := &v.rows[i]
		state := k.state(now, k)
		switch {
		case state == Retired && !r.holds(k.id): // omitted: there may be many
		case !r.holds(k.id):
			parts = append(parts, fmt.Sprintf("key %d is %s, and this issuer does not have it", k.id, state))
		case state == Announced:
			parts = append(parts, fmt.Sprintf("the announcement of key %d is not in the control stream yet", k.id))
		case state == Waiting:
			parts = append(parts, fmt.Sprintf("key %d signs from %v", k.id, k.useFrom))
		case k.cutoff <= start.Unix():
			parts = append(parts, fmt.Sprintf("key %d is distrusted", k.id))
		default:
			parts = append(parts, fmt.Sprintf("key %d is %s", k.id, state))
		}
	}
	for _, id := range r.ids() {
		if findRow(v.rows, id) == nil {
			parts = append(parts, fmt.Sprintf("key %d was never announced", id))
		}
	}
	return strings.Join(parts, "; ")
}

// ids are those of this process's keys, in order.
func (r *Ring) ids() (ids []tokens.KeyID) {
	for id := range r.keys {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

var (
	descKey      = prometheus.NewDesc("railgate_issuer_signing_key", "Id of the issuer key that signs now; 0 if no key is active.", nil, nil)
	descFailures = prometheus.NewDesc("railgate_issuer_key_lookup_failures_total", "Refreshes of the issuer keys from the database that failed; they are retried every second.", nil, nil)
)

// gauges reads the ring at each scrape.
type gauges struct{ r *Ring }

// Describe implements prometheus.Collector.
func (gauges) Describe(out chan<- *prometheus.Desc) {
	out <- descKey
	out <- descFailures
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	id, _, _ := g.r.Current(g.r.now()) // 0 on error
	out <- prometheus.MustNewConstMetric(descKey, prometheus.GaugeValue, float64(id))
	out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(g.r.failures.Load()))
}
