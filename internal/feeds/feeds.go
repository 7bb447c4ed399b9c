// Package feeds connects a gateway to the topics besides the control stream: the passages of all gateways, and the
// bookings of its station. [New] makes the parts that the policies of the gateway's devices need, [Feeds.Connect]
// gives them to the gateway, and [Feeds.Run] keeps them up to date.
//
// It promises that a gateway whose devices need neither opens no further connection, and that no fault of Kafka
// ends it: a fault only changes what verdicts report. It does not promise that either topic exists.
package feeds

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/passage/exchange"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
)

const (
	turnEvery   = time.Second // between two turns of the table of passages
	forgetEvery = time.Minute // between two removals of passages and bookings that are over
	// conflictsFor is how long passages are compared with uploads: gateways accept no older scans.
	conflictsFor = 24 * time.Hour
)

// Config configures Feeds. All fields without a default must be set.
type Config struct {
	// Needs says which parts the devices need.
	Needs gateway.Needs
	// Station is the name of the gateway's station. Empty: none.
	Station string
	// Identity signs passages. nil: passages stay at this gateway, and are lost when it ends.
	Identity *Identity
	// Control is the replica of the control stream. It knows the keys of gateways.
	Control   *revocation.Replica
	Authority *revocation.Authority // that signs both streams
	Limits    revocation.Limits     // for the age of bookings; zero: revocation.DefaultLimits
	Passages  Passages
	Bookings  Bookings
	Kafka     func(topic string) kafka.Config // says how to connect
	Now       func() time.Time
	Log       *zap.Logger
}

// Passages are the settings of the topic of passages, used if a device checks second use.
type Passages struct {
	Topic      string
	Partitions int
	Entries    int // of the table, see [passage.NewTable]
	// ClockError and UploadError are those of [gateway.Passages].
	ClockError, UploadError time.Duration
}

// Bookings are the settings of the topic of bookings, used if a device looks tickets up.
type Bookings struct {
	Topic       string
	Partitions  int
	Entries     int  // of the table, see [booking.Config]
	AllStations bool // keep the bookings of all stations, not of Config.Station only
}

// Feeds are the parts. Those that no device needs are nil.
type Feeds struct {
	Table     *passage.Table
	Conflicts *passage.Conflicts
	Exchange  *exchange.Exchange // nil without an identity
	Bookings  *booking.Table
	Booked    *revocation.Replica // of the topic of bookings
	Follower  *stream.Follower    // feeds Booked

	config  Config
	station stationWatch // used by one goroutine of Run
}

// New makes the parts that the devices need. It starts nothing. An error is a fault of c.
func New(c Config) (*Feeds, error) {
	f := &Feeds{config: c}
	if c.Needs.Window > 0 {
		if err := f.newPassages(); err != nil {
			return nil, err
		}
	}
	if c.Needs.Tickets {
		if err := f.newBookings(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *Feeds) newPassages() (err error) {
	c := &f.config
	if f.Table, err = passage.NewTable(c.Passages.Entries, c.Needs.Window); err != nil {
		return err
	}
	f.Table.Turn(c.Now().UnixMilli())
	if c.Identity == nil {
		return nil
	}
	if f.Conflicts, err = passage.NewConflicts(passage.ConflictsConfig{Window: c.Needs.Window}); err != nil {
		return err
	}
	f.Exchange, err = exchange.New(exchange.Config{Gateway: c.Identity.Gateway, Key: c.Identity.Key, Gateways: c.Control,
		Ready: func() bool { return c.Control.Freshness(c.Now().UnixMilli()).State != revocation.Booting },
		Kafka: c.Kafka(c.Passages.Topic), Partitions: c.Passages.Partitions, Window: c.Needs.Window,
		Table: f.Table, Conflicts: f.Conflicts, Now: c.Now, Log: c.Log})
	return err
}

func (f *Feeds) newBookings() (err error) {
	c := &f.config
	var stations []revocation.Station // none: all
	var home revocation.Station
	if c.Station != "" {
		home = revocation.StationOf(c.Station)
	}
	switch {
	case c.Bookings.AllStations:
	case c.Station == "":
		return errors.New("feeds: a device looks tickets up, so Station or AllStations must be set")
	default:
		stations = []revocation.Station{home}
	}
	f.Bookings = booking.NewTable(booking.Config{Stations: stations, Entries: c.Bookings.Entries, Home: home})
	f.Booked, err = revocation.NewReplica(c.Authority.In(revocation.Bookings), c.Bookings.Partitions, c.Limits, c.Now().UnixMilli())
	if err != nil {
		return err
	}
	f.Booked.Bookings = f.Bookings
	if len(stations) > 0 {
		if err := f.Booked.ReadOnly(booking.Partition(stations[0], c.Bookings.Partitions)); err != nil {
			return err
		}
	}
	open := func() (stream.Link, error) { return kafka.Open(c.Kafka(c.Bookings.Topic)) }
	f.Follower = stream.New(open, c.Bookings.Topic, f.Booked, c.Now, c.Log)
	return nil
}

// Connect gives the parts, the station and the signer to the gateway's settings.
func (f *Feeds) Connect(g *gateway.Config) {
	c := &f.config
	g.Station = c.Station
	g.Passages = gateway.Passages{Table: f.Table, ClockError: c.Passages.ClockError, UploadError: c.Passages.UploadError}
	if f.Table != nil {
		g.Passages.Reach = reachAlone(c.Now().UnixMilli(), c.Needs.Window)
	}
	if f.Exchange != nil {
		g.Passages.Record, g.Passages.Reach, g.Passages.Conflicts = f.Exchange.Record, f.Exchange.Reach, f.Conflicts
	}
	g.Bookings = gateway.Bookings{Table: f.Bookings, Replica: f.Booked}
	if c.Identity != nil {
		g.Signer, g.Passages.Gateway = c.Identity, c.Identity.Gateway
	}
}

// reachAlone returns the reach of a gateway without other gateways that started at a time, Unix ms: its passages from
// before the start are not known, and count for a window.
func reachAlone(started int64, window time.Duration) func(now int64) passage.Reach {
	return func(now int64) passage.Reach {
		if now-started < window.Milliseconds() {
			return passage.Unknown
		}
		return passage.Local
	}
}

// Run keeps the parts up to date until ctx ends. No fault ends it.
func (f *Feeds) Run(ctx context.Context) error {
	var parts errgroup.Group
	if f.Table != nil {
		parts.Go(func() error { f.every(ctx, turnEvery, f.Table.Turn); return nil })
	}
	if f.Exchange != nil {
		parts.Go(func() error { f.Exchange.Run(ctx); return nil })
		parts.Go(func() error {
			f.every(ctx, forgetEvery, func(now int64) { f.Conflicts.Forget(now - conflictsFor.Milliseconds()) })
			return nil
		})
	}
	if f.Bookings != nil {
		parts.Go(func() error { f.Follower.Run(ctx); return nil })
		parts.Go(func() error {
			f.every(ctx, forgetEvery, func(now int64) { f.Bookings.Forget(now); f.watchStation(now) })
			return nil
		})
	}
	return parts.Wait()
}

// every calls do with the time, Unix ms, in intervals until ctx ends.
func (f *Feeds) every(ctx context.Context, interval time.Duration, do func(now int64)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(f.config.Now().UnixMilli())
		}
	}
}

// Identity is a gateway's number and private key. It signs passages, bundles and receipts.
type Identity struct {
	Gateway revocation.GatewayID
	Key     ed25519.PrivateKey
}

var _ bundle.Signer = (*Identity)(nil)

// ID implements [bundle.Signer].
func (i *Identity) ID() revocation.GatewayID { return i.Gateway }

// Sign implements [bundle.Signer].
func (i *Identity) Sign(message []byte) [ed25519.SignatureSize]byte {
	return [ed25519.SignatureSize]byte(ed25519.Sign(i.Key, message))
}
