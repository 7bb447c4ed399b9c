package stream

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// checkTopic says in words why the topic cannot be read, or nothing.
func (f *Follower) checkTopic(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	m, err := f.broker.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{f.topic}})
	if err != nil {
		f.countError(err)
		return "no Kafka broker answers: " + err.Error()
	}
	for _, t := range m.Topics {
		if t.Name != f.topic {
			continue
		}
		if t.Error != nil {
			f.countError(t.Error)
			return fmt.Sprintf("topic %s: %v", f.topic, t.Error)
		}
		if n := len(t.Partitions); n != f.replica.Partitions() {
			return fmt.Sprintf("topic %s has %d partitions, configured are %d", f.topic, n, f.replica.Partitions())
		}
		return ""
	}
	return fmt.Sprintf("topic %s does not exist", f.topic)
}

// bounds asks for the first offset of a partition's log and the one after its last.
func (f *Follower) bounds(ctx context.Context, partition int) (first, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := f.broker.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		f.topic: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)},
	}})
	if err != nil {
		return 0, 0, err
	}
	for _, p := range r.Topics[f.topic] {
		if p.Partition == partition {
			return p.FirstOffset, p.LastOffset, p.Error
		}
	}
	return 0, 0, fmt.Errorf("stream: the broker did not answer for partition %d", partition)
}
