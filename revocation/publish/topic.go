package publish

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
)

// Topic describes the control topic.
type Topic struct {
	Name       string
	Partitions int // fixed for the lifetime of the topic: order is kept per partition
	// Replication is used when the topic is created; 3 in production.
	Replication int
	// Retention is how long records are kept. It must exceed [revocation.MaxSnapshotAge]; 0:
	// [DefaultRetention].
	Retention time.Duration
}

// DefaultRetention is more than twice as long as any record can matter.
const DefaultRetention = 7 * 24 * time.Hour

// errFinal marks errors that repetition cannot fix.
var errFinal = errors.New("final")

// errTopic means that the topic has another number of partitions.
var errTopic = fmt.Errorf("the control topic does not match the configuration: %w", errFinal)

// ensure creates the topic if it does not exist and checks its number of partitions.
func (t *Topic) ensure(ctx context.Context, broker Broker) error {
	n, err := t.width(ctx, broker)
	if errors.Is(err, kafka.UnknownTopicOrPartition) {
		if err = t.create(ctx, broker); err != nil {
			return err
		}
		n, err = t.width(ctx, broker)
	}
	if err != nil {
		return err
	}
	if n != t.Partitions {
		return fmt.Errorf("%w: %s has %d partitions, configured are %d", errTopic, t.Name, n, t.Partitions)
	}
	return nil
}

func (t *Topic) width(ctx context.Context, broker Broker) (int, error) {
	m, err := broker.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{t.Name}})
	if err != nil {
		return 0, err
	}
	for _, topic := range m.Topics {
		if topic.Name == t.Name {
			return len(topic.Partitions), topic.Error
		}
	}
	return 0, kafka.UnknownTopicOrPartition
}

func (t *Topic) create(ctx context.Context, broker Broker) error {
	retention := t.Retention
	if retention == 0 {
		retention = DefaultRetention
	}
	r, err := broker.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replication,
		ConfigEntries: []kafka.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "delete"},
			{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(retention.Milliseconds(), 10)},
			{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(2 * revocation.MaxBatch)},
		},
	}}})
	if err != nil {
		return err
	}
	if err := r.Errors[t.Name]; err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return fmt.Errorf("publish: creating topic %s: %w", t.Name, err)
	}
	return nil
}
