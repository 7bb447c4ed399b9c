package publish

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// Topic describes a topic that the issuer creates.
type Topic struct {
	Name       string
	Partitions int // fixed for the lifetime of the topic: order is kept per partition
	// Replication is used when the topic is created; 3 in production.
	Replication int
	// Retention is how long records are kept when the topic is created. For a stream that a [Publisher] writes it
	// must exceed [Config.RecordLife]; 0: [DefaultRetention].
	Retention time.Duration
}

// DefaultRetention is more than twice as long as any record can matter.
const DefaultRetention = 7 * 24 * time.Hour

// errFinal marks errors that repetition cannot fix.
var errFinal = errors.New("final")

// errTopic means that the topic has another number of partitions.
var errTopic = fmt.Errorf("the topic does not match the configuration: %w", errFinal)

// Ensure creates the topic if it does not exist and checks its number of partitions. It changes no topic that
// exists. Brokers that cannot be reached are an error, and the call may be repeated.
func (t *Topic) Ensure(ctx context.Context, broker Broker) error {
	n, err := t.width(ctx, broker)
	if errors.Is(err, kafkago.UnknownTopicOrPartition) {
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
	m, err := broker.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{t.Name}})
	if err != nil {
		return 0, err
	}
	for _, topic := range m.Topics {
		if topic.Name == t.Name {
			return len(topic.Partitions), topic.Error
		}
	}
	return 0, kafkago.UnknownTopicOrPartition
}

func (t *Topic) create(ctx context.Context, broker Broker) error {
	retention := t.Retention
	if retention == 0 {
		retention = DefaultRetention
	}
	r, err := broker.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replication,
		ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "delete"},
			{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(retention.Milliseconds(), 10)},
			{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(2 * revocation.MaxBatch)},
		},
	}}})
	if err != nil {
		return err
	}
	if err := r.Errors[t.Name]; err != nil && !errors.Is(err, kafkago.TopicAlreadyExists) {
		return fmt.Errorf("publish: creating topic %s: %w", t.Name, err)
	}
	return nil
}

// ensureEvery is how often [Topic.Keep] checks that the topic exists, and how often it tries again after an error.
const ensureEvery = 30 * time.Second

// Keep creates a topic that other programs write, and creates it again when it is gone, until ctx ends. Errors are
// logged once for each cause and never end it: the issuer does not depend on the topic.
func (t *Topic) Keep(ctx context.Context, broker Broker, log *zap.Logger) {
	log = log.With(zap.String("topic", t.Name))
	outage := kafka.NewOutage(log, "the topic cannot be created or checked; trying again", "the topic exists")
	for {
		attempt, cancel := context.WithTimeout(ctx, callTimeout)
		err := t.Ensure(attempt, broker)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			outage.Failed(partTopic, err)
		default:
			outage.Works(partTopic)
		}
		if !kafka.Wait(ctx, ensureEvery) {
			return
		}
	}
}
