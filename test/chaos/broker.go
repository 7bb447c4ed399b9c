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

// broker carries the control topic and can inject faults into it.
type broker interface {
	Name() string
	Bootstrap() []string
	Replication() int
	Faults() []fault
	// Restart stops and starts one broker, the next one in turn each time.
	Restart(ctx context.Context) error
	Close()
}

const (
	partitions   = 3 // the commands' default
	callPatience = 5 * time.Second
	tailMessages = 64 // number of newest messages that a stranger reads
)

// stranger has a connection to the broker and no key. It uses the Kafka client directly: its
// reading must not depend on railgate's own decoding of batches.
type stranger struct {
	*kafka.Client
	transport *kafka.Transport
	topic     string
}

func newStranger(bootstrap []string, topic string) *stranger {
	t := &kafka.Transport{MetadataTTL: 500 * time.Millisecond, MetadataTopics: []string{topic}, ClientID: "stranger"}
	return &stranger{&kafka.Client{Addr: kafka.TCP(bootstrap...), Transport: t}, t, topic}
}

func (s *stranger) close() { s.transport.CloseIdleConnections() }

// readNewest returns some of the newest messages of a partition, oldest first.
func (s *stranger) readNewest(ctx context.Context, partition int) (messages [][]byte, err error) {
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

// write writes messages to a partition in one record batch.
func (s *stranger) write(ctx context.Context, partition int, codec kafka.Compression, messages ...[]byte) error {
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
