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

// ErrNoKey says that nothing may be signed now. The error that wraps it says why,
// key by key.
var ErrNoKey = errors.New("keyring: no issuer key is active")

const (
	// refreshEvery is how often Run looks into the database. Ours: an order counts
	// everywhere within about a second.
	refreshEvery = time.Second
	// maxAge is how old a view may be that is signed by: what is ordered must count
	// at some time even for an issuer that cannot look. Ours; SessionOver counts on it.
	maxAge = 30 * time.Second
)

// Key is an issuer key that this process holds.
type Key struct {
	ID     tokens.KeyID
	Signer signing.Signer
}

// Public is what gateways know of it.
func (k Key) Public() Public { return Public{k.ID, k.Signer.Public()} }

// RingConfig is what a Ring works with.
type RingConfig struct {
	Store *Store
	Keys  []Key // that this process holds, at least one
	// Announce lists more public keys for gateways to accept, for instance a
	// load test's. Whoever holds one of them can make passes: leave it empty in
	// production.
	Announce []Public
	Now      func() time.Time // the clock that sessions start by; nil: time.Now
	Log      *zap.Logger      // nil: none
	// Metrics takes the key that signs and the lookups that failed; nil: none.
	Metrics prometheus.Registerer
	// FirstSigns has the first key sign from the first moment, whether gateways know it or
	// not and whatever was ordered. For tests only.
	FirstSigns bool
}

// Ring answers which key signs now, from what it read last. It is safe for many
// goroutines at once.
type Ring struct {
	store *Store
	keys  map[tokens.KeyID]signing.Signer
	extra []Public // to be announced besides those of the store
	first *Key     // signs whatever is known of it; nil: the rule holds
	now   func() time.Time
	log   *zap.Logger
	age   func(since time.Time) time.Duration // monotonic, whatever the clock is set to

	view     atomic.Pointer[view]
	failures atomic.Uint64

	looking    chan struct{} // a place for one: one look at a time
	looked     uint64        // looking; looks that succeeded
	begun      atomic.Uint64 // looks that began
	lastLogged string        // looking; what was logged last
}

// view is what a look into the database found. It never changes.
type view struct {
	at    time.Time     // of the look, with a monotonic reading
	ahead time.Duration // the database's clock before ours
	rows  []row
}

// New makes a Ring; it starts nothing. Until the first Refresh no key is in
// service.
func New(c RingConfig) (*Ring, error) {
	if c.Store == nil || len(c.Keys) == 0 {
		return nil, errors.New("keyring: a store and at least one key are needed")
	}
	r := &Ring{store: c.Store, extra: c.Announce, keys: make(map[tokens.KeyID]signing.Signer), now: c.Now, log: c.Log, age: time.Since, looking: make(chan struct{}, 1)}
	for _, k := range c.Keys {
		if k.ID == 0 || k.Signer == nil || r.keys[k.ID] != nil {
			return nil, fmt.Errorf("keyring: key %d has no id, no signer, or stands twice", k.ID)
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
// clock. It asks the database nothing. Every error wraps ErrNoKey. A key may be cut
// off since the last look: what opens a session asks the database once more, and
// calls Refresh if that says so.
func (r *Ring) Current(start time.Time) (tokens.KeyID, signing.Signer, error) {
	if r.first != nil {
		return r.first.ID, r.first.Signer, nil
	}
	v := r.view.Load()
	if v == nil {
		return 0, nil, fmt.Errorf("%w: the database was not asked yet", ErrNoKey)
	}
	if age := r.age(v.at); age > maxAge {
		return 0, nil, fmt.Errorf("%w: the database last said %v ago which one is", ErrNoKey, age.Truncate(time.Second))
	}
	best := newest(v.rows, database.MillisAt(start.Add(v.ahead)), start.Unix(), r.holds)
	if best == nil {
		return 0, nil, fmt.Errorf("%w: %s", ErrNoKey, r.why(v, start))
	}
	return best.id, r.keys[best.id], nil
}

func (r *Ring) holds(id tokens.KeyID) bool { return r.keys[id] != nil }

// why says what keeps each key from signing.
func (r *Ring) why(v *view, start time.Time) string {
	now := database.MillisAt(start.Add(v.ahead))
	var parts []string
	for i := range v.rows {
		k := &v.rows[i]
		state := k.state(now, k)
		switch {
		case state == Retired && !r.holds(k.id): // of old ones there may be many
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

// ids are those of the keys that this process holds, in order.
func (r *Ring) ids() (ids []tokens.KeyID) {
	for id := range r.keys {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

var (
	descKey      = prometheus.NewDesc("railgate_issuer_signing_key", "Id of the issuer key that signs now; 0 if none is in service.", nil, nil)
	descFailures = prometheus.NewDesc("railgate_issuer_key_lookup_failures_total", "Times the issuer keys could not be looked up; it is tried again.", nil, nil)
)

// gauges reads the ring when it is asked.
type gauges struct{ r *Ring }

// Describe implements prometheus.Collector.
func (gauges) Describe(out chan<- *prometheus.Desc) {
	out <- descKey
	out <- descFailures
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	id, _, _ := g.r.Current(g.r.now()) // 0 with an error
	out <- prometheus.MustNewConstMetric(descKey, prometheus.GaugeValue, float64(id))
	out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(g.r.failures.Load()))
}
