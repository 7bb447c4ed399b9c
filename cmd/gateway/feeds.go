package main

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/feeds"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// clientID is the name of a gateway without an identity at the brokers, and the beginning of others' names.
const clientID = "railgate-gateway"

func (c *config) kafka(topic string) kafka.Config {
	client := clientID
	if c.identity != nil {
		client = fmt.Sprintf("%s-%d", clientID, c.identity.Gateway)
	}
	return kafka.Config{Brokers: c.Kafka.Brokers, Topic: topic, ClientID: client, Security: c.Kafka.Security}
}

func (c *config) limits() revocation.Limits {
	return revocation.Limits{StaleAfter: c.Revocation.StaleAfter, ExpiredAfter: c.Revocation.ExpiredAfter, Memory: c.Revocation.MemoryMiB << 20}
}

// newFeeds makes what the devices need beside the control stream.
func newFeeds(c *config, control *revocation.Replica, log *zap.Logger) (*feeds.Feeds, error) {
	return feeds.New(feeds.Config{Needs: c.needs, Station: c.Station, Identity: c.identity, Control: control, Authority: c.authority, Limits: c.limits(),
		Passages: feeds.Passages{Topic: c.Passages.Topic, Partitions: c.Passages.Partitions, Entries: c.Passages.Entries,
			ClockError: c.Passages.ClockError, UploadError: c.Passages.OfflineClockError},
		Bookings: feeds.Bookings{Topic: c.Bookings.Topic, Partitions: c.Bookings.Partitions, Entries: c.Bookings.Entries, AllStations: c.Bookings.AllStations},
		Kafka:    c.kafka, Now: time.Now, Log: log})
}
