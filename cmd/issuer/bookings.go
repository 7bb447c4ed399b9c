package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
)

type bookingSettings struct {
	Enabled    bool          `toml:"enabled" doc:"publish the bookings of reported tickets, so that gates know them"`
	Topic      string        `toml:"topic" doc:"topic of bookings; created if it does not exist, with kafka.replication, kept for 8 days"`
	Partitions int           `toml:"partitions" doc:"number of partitions; a database keeps the number it began with"`
	Opens      time.Duration `toml:"opens" doc:"longest time before departure at which any gate admits; the default is the most that a gateway accepts; if it is less than a gateway's ticket.opens, that gateway refuses passengers as without a ticket"`
}

type passageSettings struct {
	Topic       string `toml:"topic" doc:"topic that gateways write passages to; created if it does not exist, kept for 25h; empty: not created"`
	Partitions  int    `toml:"partitions" doc:"number of partitions when the topic is created"`
	Replication int    `toml:"replication" doc:"replicas of each partition when the topic is created; 3 in production"`
}

// The defaults agree with those of gateways.
var (
	defaultBookings = bookingSettings{Topic: booking.DefaultTopic, Partitions: booking.DefaultPartitions, Opens: registry.MaxOpens}
	defaultPassages = passageSettings{Partitions: passage.DefaultPartitions, Replication: 3}
)

const (
	// bookingsRetention exceeds [registry.BookingLife] by a day.
	bookingsRetention = registry.BookingLife + 24*time.Hour
	// passagesRetention is the longest window of a gateway, and an hour for one that starts late.
	passagesRetention = 25 * time.Hour
)

func (b *bookingSettings) validate(control string, f *conf.Faults) {
	f.Need(!b.Enabled || b.Topic != "" && b.Topic != control, "bookings.topic", "must be set, and differ from kafka.topic")
	f.Need(b.Partitions >= 1 && b.Partitions <= outbox.MaxPartitions, "bookings.partitions", "must be 1 to %d", outbox.MaxPartitions)
	f.Need(b.Opens >= time.Minute && b.Opens <= registry.MaxOpens, "bookings.opens", "must be 1m to %v", registry.MaxOpens)
}

func (p *passageSettings) validate(c *config, f *conf.Faults) {
	f.Need(p.Topic == "" || p.Topic != c.Kafka.Topic && p.Topic != c.Bookings.Topic, "passages.topic", "must differ from kafka.topic and bookings.topic")
	f.Need(p.Partitions >= 1 && p.Partitions <= passage.MaxPartitions, "passages.partitions", "must be 1 to %d", passage.MaxPartitions)
	f.Need(p.Replication >= 1 && p.Replication <= 16, "passages.replication", "must be 1 to 16")
}

// openBookings opens the stream of bookings in the database of the control stream; nil if it is not enabled. With
// move, a stream that belongs to another topic or number of partitions is accepted.
func openBookings(ctx context.Context, c *config, db *outbox.Outbox, secrets *vault.Vault, move bool) (*outbox.Outbox, error) {
	if !c.Bookings.Enabled {
		return nil, nil
	}
	b, err := issuance.OpenBookings(ctx, db, issuance.BookingsConfig{
		Topic: c.Bookings.Topic, Partitions: c.Bookings.Partitions, Move: move, Vault: secrets, Opens: c.Bookings.Opens,
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return b, nil
}

// newBookingsPublisher returns the publisher from the outbox of bookings to the brokers.
func newBookingsPublisher(c *config, bookings *outbox.Outbox, link *kafka.Link, keys *keystore.Keys, log *zap.Logger) *publish.Publisher {
	return publish.New(publish.Config{
		Domain: revocation.Bookings, RecordLife: registry.BookingLife,
		Broker: link, Outbox: bookings, Authority: keys.Authority, Heartbeat: c.Kafka.Heartbeat, Now: time.Now, Log: log,
		Topic: publish.Topic{Name: c.Bookings.Topic, Partitions: c.Bookings.Partitions,
			Replication: c.Kafka.Replication, Retention: bookingsRetention},
		TopicFaults: func(ctx context.Context) ([]string, error) {
			return kafka.TopicFaults(ctx, link, c.Bookings.Topic, registry.BookingLife)
		},
	})
}

// openLink opens the connections to the brokers for one topic.
func openLink(c *config, topic, client string) (*kafka.Link, error) {
	return kafka.Open(kafka.Config{Brokers: c.Kafka.Brokers, Topic: topic, ClientID: client, Security: c.Kafka.Security})
}

// keepPassages creates the topic of passages and keeps it until ctx ends, if the settings name one.
func keepPassages(ctx context.Context, c *config, log *zap.Logger) error {
	if c.Passages.Topic == "" {
		return nil
	}
	link, err := openLink(c, c.Passages.Topic, "railgate-issuer")
	if err != nil {
		return err
	}
	defer link.Close()
	topic := publish.Topic{Name: c.Passages.Topic, Partitions: c.Passages.Partitions, Replication: c.Passages.Replication, Retention: passagesRetention}
	topic.Keep(ctx, link, log)
	return nil
}

// stream is one of the streams that a command publishes.
type stream struct {
	name, topic string
	box         *outbox.Outbox
	publisher   func(*config, *outbox.Outbox, *kafka.Link, *keystore.Keys, *zap.Logger) *publish.Publisher
}

// streams returns the control stream and, if it is enabled, the stream of bookings. The database must be open.
func (inv *invocation) streams() []stream {
	all := []stream{{"control", inv.config.Kafka.Topic, inv.db, newPublisher}}
	if inv.bookings != nil {
		all = append(all, stream{"bookings", inv.config.Bookings.Topic, inv.bookings, newBookingsPublisher})
	}
	return all
}

// republishBookings republishes the stream of bookings, if it is enabled.
func (inv *invocation) republishBookings(ctx context.Context) error {
	if inv.bookings == nil {
		return nil
	}
	epoch, err := inv.bookings.RepublishByCommand(ctx, inv.outboxCommand())
	if err == nil {
		inv.printf("committed: every booking of a journey that is not over is published again in epoch %d", epoch)
	}
	return err
}

// moveBookings moves the stream of bookings to the topic and partitions of the settings, if it is enabled. The control
// stream was moved before: no issuer runs.
func (inv *invocation) moveBookings(ctx context.Context) error {
	if inv.bookings == nil {
		return nil
	}
	epoch, err := inv.bookings.MoveStream(ctx, inv.outboxCommand())
	if errors.Is(err, outbox.ErrNoStream) {
		inv.printf("the database has no stream of bookings yet: the first issuer that starts makes it")
		return nil
	}
	if err == nil {
		inv.printf("committed: the stream of bookings is topic %s with %d partitions; every booking of a journey that is not over is published again in epoch %d",
			inv.config.Bookings.Topic, inv.config.Bookings.Partitions, epoch)
	}
	return err
}
