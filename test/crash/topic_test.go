package crash

import (
	"context"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// topic reads all messages of a partition.
func (h *house) topic(partition int) [][]byte {
	h.t.Helper()
	link, err := kafka.Open(kafka.Config{Brokers: h.broker.Addresses(), Topic: controlTopic, ClientID: "crash-test"})
	if err != nil {
		h.t.Fatal(err)
	}
	defer link.Close()
	ctx, cancel := context.WithTimeout(h.t.Context(), longestBoot)
	defer cancel()
	messages, err := readTopic(ctx, link, partition)
	if err != nil {
		h.t.Fatalf("partition %d: %v", partition, err)
	}
	return messages
}

func readTopic(ctx context.Context, link *kafka.Link, partition int) (messages [][]byte, err error) {
	offsets, err := link.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
		Topics: map[string][]kafkago.OffsetRequest{controlTopic: {kafkago.LastOffsetOf(partition)}},
	})
	if err != nil {
		return nil, err
	}
	for next, end := int64(0), offsets.Topics[controlTopic][0].LastOffset; next < end; {
		r, err := link.Fetch(ctx, &kafkago.FetchRequest{
			Topic: controlTopic, Partition: partition, Offset: next, MinBytes: 1, MaxBytes: fetchBytes, MaxWait: fetchWait,
		})
		if err != nil {
			return nil, err
		}
		after, _, err := kafka.Walk(r.Records, next, revocation.MaxBatch, func(_ int64, value []byte) { messages = append(messages, value) })
		if err != nil {
			return nil, err
		}
		if after == next {
			return nil, fmt.Errorf("nothing readable at offset %d", next)
		}
		next = after
	}
	return messages, nil
}

const (
	fetchBytes = 1 << 20
	fetchWait  = time.Second // all that is asked for is there
)
