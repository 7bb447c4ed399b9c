// Package offline makes the bundles of a gateway from its replica and its tables.
//
// It promises that checks at the gate do not wait for it, that the content which is equal for all devices is made
// at most once per [Config.Every] however many devices ask, and that what it keeps is bounded. It does no I/O and
// has no clock.
package offline

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Config says where a builder has the content of bundles from.
type Config struct {
	Replica *revocation.Replica // required; call its KeepChanges, or all bundles are full
	Signer  bundle.Signer       // of the gateway; required
	Station string              // name of the gateway's station; empty: none

	// Passages and Reach are what the gateway knows of passages; nil: it does not check second use.
	Passages *passage.Table
	Reach    func(now int64) passage.Reach // nil: passage.Local
	// Window is the longest window of a device that checks second use: older passages are left out.
	Window time.Duration

	// Bookings and BookingReplica are what it knows of tickets; nil: it does not look tickets up.
	Bookings       *booking.Table
	BookingReplica *revocation.Replica

	// Every is how long the common content is used for further bundles. A bundle is at most that much older than
	// the gateway's data. 0: DefaultEvery.
	Every time.Duration
}

// DefaultEvery is the default of [Config.Every]. Our choice: building takes a tenth of a second of one core, and
// devices fetch once a minute.
const DefaultEvery = 10 * time.Second

const (
	// overlap is how far a delta's passages begin before the bundle that it follows, ms: longer than a passage
	// takes from another gateway at any load at which the stream counts as connected.
	overlap = 10_000
	// maxPassages bounds the passages of a bundle. Beyond it the oldest are left out, and the bundle reports it.
	maxPassages = 500_000
	// maxKept bounds the deltas, and the trains, that are kept with the common content. Further ones are made for
	// each request.
	maxKept = 256
)

// Reasons why there is no bundle now.
var (
	ErrNotReady     = errors.New("offline: the revocation data is not complete, or is older than its limit")
	ErrNotAnnounced = errors.New("offline: the authority has not announced this gateway's key")
	ErrBehind       = errors.New("offline: this gateway's data is older than the device's")
)

// Builder makes bundles. Its methods may be called concurrently.
type Builder struct {
	Config
	mu     sync.Mutex // guards common
	common *common    // immutable but for what it keeps
}

// New returns a builder.
func New(c Config) (*Builder, error) {
	if c.Replica == nil || c.Signer == nil {
		return nil, errors.New("offline: Replica and Signer must be set")
	}
	if c.Every <= 0 {
		c.Every = DefaultEvery
	}
	if c.Reach == nil {
		c.Reach = func(int64) passage.Reach { return passage.Local }
	}
	return &Builder{Config: c}, nil
}

// Request is what a device asks for.
type Request struct {
	Policy  *bundle.Policy // of the device
	Train   string         // whose bookings it needs; empty: none
	SinceMS int64          // watermark of the bundle that it has; 0: none
	Now     int64          // Unix ms
}

// Bundle makes a bundle: a delta if the device has a bundle and the log of changes reaches back so far, and a full
// one otherwise.
func (b *Builder) Bundle(r *Request) (*bundle.Document, error) {
	c, err := b.current(r.Now)
	if err != nil {
		return nil, err
	}
	if r.SinceMS > c.head.WatermarkMS {
		return nil, ErrBehind
	}
	h := c.head
	h.MadeMS = r.Now
	shared, since := c.full, int64(0)
	if r.SinceMS > 0 {
		if delta := c.delta(b, r.SinceMS); delta != nil {
			shared, since = delta, r.SinceMS
		}
	}
	h.SinceMS = since
	sections, err := bundle.Encode(&bundle.Content{Policy: r.Policy})
	if err != nil {
		return nil, err
	}
	sections = sections.With(shared)
	if c.passages != nil && r.Policy.Passback != bundle.Off {
		sections = sections.With(c.passagesSince(since))
	}
	if r.Train != "" && r.Policy.Ticket != bundle.Off {
		sections = sections.With(c.train(b, r.Train, r.Now))
	}
	return bundle.Sign(h, sections, b.Signer)
}

// current returns the common content, and makes it if it is too old.
func (b *Builder) current(now int64) (*common, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.common != nil && now-b.common.madeMS < b.Every.Milliseconds() && now >= b.common.madeMS {
		return b.common, nil
	}
	c, err := b.collect(now)
	if err != nil {
		return nil, err
	}
	b.common = c
	return c, nil
}

// collect copies what the gateway knows.
func (b *Builder) collect(now int64) (*common, error) {
	all := b.Replica.Contents(now)
	if s := all.Freshness.State; !all.Freshness.Usable || s != revocation.Fresh && s != revocation.Stale {
		return nil, ErrNotReady
	}
	c := &common{madeMS: now, contents: all, deltas: map[int64]*bundle.Sections{}, recent: map[int64]*bundle.Sections{}, trains: map[string]*bundle.Sections{},
		head: bundle.Head{Authority: all.Authority, Epoch: all.Epoch, WatermarkMS: all.Freshness.WatermarkMS}}
	content := &bundle.Content{Revoked: living(all.Revoked, now), Exempt: map[tokens.KeyID]*revocation.Set{}, Forgiven: all.Forgiven, Amnesties: slices.Clone(all.Amnesties)}
	var announced bool
	if content.Proofs, announced = bundle.ProofsFor(b.Signer.ID(), 0, all.Proofs); !announced {
		return nil, ErrNotAnnounced
	}
	for id, set := range all.Exempt {
		content.Exempt[id] = living(set, now)
	}
	for subject, before := range all.Cutoffs {
		content.Cutoffs = append(content.Cutoffs, bundle.Cutoff{Subject: subject, Before: before})
	}
	for s := range all.Closed.All() {
		if s.Start+tokens.MaxSession+tokens.MaxPeriod*(tokens.PreviousSteps+1) > now/1000 {
			content.Closed = append(content.Closed, bundle.Session{Serial: s.Serial, Start: s.Start})
		}
	}
	if b.Passages != nil {
		c.passages = b.recent(now)
	}
	var err error
	if c.full, err = bundle.Encode(content); err != nil {
		return nil, fmt.Errorf("offline: %w", err)
	}
	return c, nil
}

// living returns the serials whose credentials have not expired, Unix ms.
func living(set *revocation.Set, now int64) *revocation.Set {
	some := revocation.NewSet()
	for s := range set.All() {
		if tokens.DayOver(s.Day) > now/1000 {
			some.Add(s)
		}
	}
	return some
}
