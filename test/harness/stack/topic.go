package stack

import (
	"context"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// ReadPartition returns all messages that a partition has now.
func ReadPartition(ctx context.Context, brokers []string, topic string, partition int) (messages [][]byte, err error) {
	link, err := kafka.Open(kafka.Config{Brokers: brokers, Topic: topic, ClientID: "test"})
	if err != nil {
		return nil, err
	}
	defer link.Close()
	offsets, err := link.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
		Topics: map[string][]kafkago.OffsetRequest{topic: {kafkago.LastOffsetOf(partition)}},
	})
	if err != nil {
		return nil, err
	}
	for next, end := int64(0), offsets.Topics[topic][0].LastOffset; next < end; {
		r, err := link.Fetch(ctx, &kafkago.FetchRequest{
			Topic: topic, Partition: partition, Offset: next, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second,
		})
		if err != nil {
			return nil, err
		}
		after, _, err := kafka.Walk(r.Records, next, revocation.MaxBatch, func(_ int64, value []byte) { messages = append(messages, value) })
		if err != nil {
			return nil, err
		}
		if after == next {
			return nil, fmt.Errorf("no readable message at offset %d", next)
		}
		next = after
	}
	return messages, nil
}
