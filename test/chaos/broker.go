package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
)

// broker is what carries the control topic, and what can befall it.
type broker interface {
	Name() string
	Bootstrap() []string
	Replication() int
	Faults() []fault
	// Restart takes one broker down and up again, each in its turn.
	Restart(ctx context.Context) error
	Close()
}

const (
	partitions   = 3 // the commands' default
	callPatience = 5 * time.Second
	tailMessages = 64 // how many of the newest messages a stranger looks at
)

// stranger is somebody with a connection to the broker and no key. It uses the
// Kafka client as it is: what it hears and says must not depend on railgate's
// own reading of batches.
type stranger struct {
	*kafka.Client
	transport *kafka.Transport
	topic     string
}

func newStranger(bootstrap []string, topic string) *stranger {
	t := &kafka.Transport{MetadataTTL: 500 * time.Millisecond, MetadataTopics: []string{topic}, ClientID: "stranger"}
	return &stranger{&kafka.Client{Addr: kafka.TCP(bootstrap...), Transport: t}, t, topic}
}

func (s *stranger) leave() { s.transport.CloseIdleConnections() }

// overhear returns some of the newest messages of a partition, oldest first.
func (s *stranger) overhear(ctx context.Context, partition int) (messages [][]byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	bounds, err := s.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		s.topic: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)},
	}})
	if err != nil {
		return nil, err
	}
	at := bounds.Topics[s.topic]
	if len(at) != 1 || at[0].Error != nil {
		return nil, fmt.Errorf("no offsets of partition %d: %v", partition, at)
	}
	r, err := s.Fetch(ctx, &kafka.FetchRequest{Topic: s.topic, Partition: partition,
		Offset:   max(at[0].FirstOffset, at[0].LastOffset-tailMessages),
		MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 200 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	if r.Error != nil {
		return nil, r.Error
	}
	for {
		record, err := r.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return messages, nil
		}
		if err != nil {
			return nil, err
		}
		if record.Value == nil {
			continue
		}
		value, err := kafka.ReadAll(record.Value)
		if err != nil {
			return nil, err
		}
		if len(value) > 0 && len(value) <= revocation.MaxBatch {
			messages = append(messages, value)
		}
	}
}

// speak writes messages into a partition, all in one record batch.
func (s *stranger) speak(ctx context.Context, partition int, codec kafka.Compression, messages ...[]byte) error {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	var records []kafka.Record
	for _, m := range messages {
		r := kafka.Record{Key: kafka.NewBytes([]byte("heartbeat")), Time: time.Now()}
		if m != nil {
			r.Value = kafka.NewBytes(m)
		}
		records = append(records, r)
	}
	r, err := s.Produce(ctx, &kafka.ProduceRequest{Topic: s.topic, Partition: partition,
		RequiredAcks: kafka.RequireAll, Compression: codec, Records: kafka.NewRecordReader(records...)})
	if err != nil {
		return err
	}
	return r.Error
}
