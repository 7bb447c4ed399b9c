package main

import (
	"context"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/booking"
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

// beyond is what the gateway knows beyond codes: passages and bookings. Parts that no device needs are nil.
type beyond struct {
	table     *passage.Table
	conflicts *passage.Conflicts
	exchange  *exchange.Exchange // nil without identity: there are no other gateways
	bookings  *booking.Table
	booked    *revocation.Replica // of the topic of bookings
	follower  *stream.Follower    // feeds booked
}

// link returns what opens connections to a topic.
func (c *config) link(topic string) func() (stream.Link, error) {
	return func() (stream.Link, error) { return kafka.Open(c.kafka(topic)) }
}

func (c *config) kafka(topic string) kafka.Config {
	return kafka.Config{Brokers: c.Kafka.Brokers, Topic: topic, ClientID: "railgate-gateway", Security: c.Kafka.Security}
}

func (c *config) limits() revocation.Limits {
	return revocation.Limits{StaleAfter: c.Revocation.StaleAfter, ExpiredAfter: c.Revocation.ExpiredAfter, Memory: c.Revocation.MemoryMiB << 20}
}

// newBeyond makes the parts that the devices need; it starts nothing.
func newBeyond(c *config, control *revocation.Replica, log *zap.Logger) (*beyond, error) {
	b := new(beyond)
	var err error
	if c.needs.Window > 0 {
		if b.table, err = passage.NewTable(c.Passages.Entries, c.needs.Window); err != nil {
			return nil, err
		}
		b.table.Turn(time.Now().UnixMilli())
	}
	if c.needs.Window > 0 && c.identity != nil {
		if b.conflicts, err = passage.NewConflicts(passage.ConflictsConfig{Window: c.needs.Window}); err != nil {
			return nil, err
		}
		b.exchange, err = exchange.New(exchange.Config{Gateway: c.identity.id, Key: c.identity.key, Gateways: control,
			Ready: func() bool { return control.Freshness(time.Now().UnixMilli()).State != revocation.Booting },
			Kafka: c.kafka(c.Passages.Topic), Partitions: c.Passages.Partitions, Window: c.needs.Window,
			Table: b.table, Conflicts: b.conflicts, Now: time.Now, Log: log})
		if err != nil {
			return nil, err
		}
	}
	if c.needs.Tickets {
		var stations []revocation.Station // none: all
		if !c.Bookings.AllStations {
			stations = []revocation.Station{revocation.StationOf(c.Station)}
		}
		b.bookings = booking.NewTable(booking.Config{Stations: stations})
		if b.booked, err = revocation.NewReplica(c.authority.In(revocation.Bookings), c.Bookings.Partitions, c.limits(), time.Now().UnixMilli()); err != nil {
			return nil, err
		}
		b.booked.Bookings = b.bookings
		if len(stations) > 0 {
			if err := b.booked.ReadOnly(booking.Partition(stations[0], c.Bookings.Partitions)); err != nil {
				return nil, err
			}
		}
		b.follower = stream.New(c.link(c.Bookings.Topic), c.Bookings.Topic, b.booked, time.Now, log)
	}
	return b, nil
}

// connect gives the parts to the gateway's settings.
func (b *beyond) connect(c *config, g *gateway.Config) {
	g.Station, g.Bundles = c.Station, c.Bundle.bundles()
	g.Passages = gateway.Passages{Table: b.table, ClockError: c.Passages.ClockError, UploadError: c.Passages.OfflineClockError}
	if b.exchange != nil {
		g.Passages.Record, g.Passages.Reach, g.Passages.Conflicts = b.exchange.Record, b.exchange.Reach, b.conflicts
	}
	g.Bookings = gateway.Bookings{Table: b.bookings, Replica: b.booked}
	if c.identity != nil {
		g.Signer, g.Passages.Gateway = c.identity, c.identity.id
	}
}

// run runs the parts until ctx ends.
func (b *beyond) run(ctx context.Context) error {
	var parts errgroup.Group
	if b.table != nil {
		parts.Go(func() error { every(ctx, turnEvery, b.table.Turn); return nil })
	}
	if b.exchange != nil {
		parts.Go(func() error { b.exchange.Run(ctx); return nil })
		parts.Go(func() error {
			every(ctx, forgetEvery, func(now int64) { b.conflicts.Forget(now - conflictsFor.Milliseconds()) })
			return nil
		})
	}
	if b.bookings != nil {
		parts.Go(func() error { b.follower.Run(ctx); return nil })
		parts.Go(func() error { every(ctx, forgetEvery, func(now int64) { b.bookings.Forget(now) }); return nil })
	}
	return parts.Wait()
}

// every calls f with the time, Unix ms, in intervals until ctx ends.
func every(ctx context.Context, interval time.Duration, f func(now int64)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			f(now.UnixMilli())
		}
	}
}
