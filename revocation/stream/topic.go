package stream

import (
	"context"
	"fmt"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// topicEvery is how often the topic's partitions and settings are checked again.
const topicEvery = 20 * time.Second

// watchTopic checks repeatedly what only an operator can change: a topic that was widened, deleted, or given
// too short a retention. Reading continues meanwhile.
func (f *Follower) watchTopic(ctx context.Context) {
	for {
		why, err := f.checkTopic(ctx)
		if why == "" {
			why = f.checkConfig(ctx)
		}
		if err == nil { // brokers that do not answer are reported by the partitions
			f.setTrouble(why, true)
		}
		if !sleep(ctx, topicEvery) {
			return
		}
	}
}

// checkConfig returns what is wrong with the topic's settings, or "". A gateway does not need permission to
// read them: a log that lost its beginning too early shows by its numbers.
func (f *Follower) checkConfig(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	retention := revocation.MaxSnapshotAge
	if f.window != nil {
		retention = f.window.Retention()
	}
	faults, err := kafka.TopicFaults(ctx, f.link(), f.topic, retention)
	if err != nil {
		return ""
	}
	return strings.Join(faults, "; ")
}

// checkTopic returns why the topic cannot be read, or ""; err is set if no broker answered.
func (f *Follower) checkTopic(ctx context.Context) (why string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	m, err := f.link().Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{f.topic}})
	if err != nil {
		f.countError(err)
		return "no Kafka broker answers: " + err.Error(), err
	}
	for _, t := range m.Topics {
		if t.Name != f.topic {
			continue
		}
		if t.Error != nil {
			f.countError(t.Error)
			return fmt.Sprintf("topic %s: %v", f.topic, t.Error), nil
		}
		if n := len(t.Partitions); n != f.replica.Partitions() {
			return fmt.Sprintf("topic %s has %d partitions, configured are %d", f.topic, n, f.replica.Partitions()), nil
		}
		return "", nil
	}
	return fmt.Sprintf("topic %s does not exist", f.topic), nil
}

// bounds returns the first offset of a partition's log and the offset after its last message.
func (f *Follower) bounds(ctx context.Context, partition int) (first, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := f.link().ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		f.topic: {kafkago.FirstOffsetOf(partition), kafkago.LastOffsetOf(partition)},
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
