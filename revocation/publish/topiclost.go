package publish

import (
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// topicLostAfter is how long brokers must answer without a break that there is no
// such topic until it counts as lost. A broker that has just started, or that is
// given a partition, may say so for a moment. A wrong alarm costs a comparison of
// stream and outbox: Kafka refuses to make a topic that exists.
const topicLostAfter = 3 * time.Second

// errTopicLost ends a term: the next one makes the topic, and resume finds it empty.
var errTopicLost = fmt.Errorf("publish: the topic is gone: %w", errFinal)

// absence is since when a partition's calls have been answered that there is no
// such topic; zero: the last answer was another.
type absence struct{ since time.Time }

// judge passes a call's error on, and makes errTopicLost of it when the topic has
// been unknown for topicLostAfter.
func (a *absence) judge(err error, now time.Time) error {
	switch {
	case !topicUnknown(err):
		a.since = time.Time{}
	case a.since.IsZero():
		a.since = now
	case now.Sub(a.since) >= topicLostAfter:
		return fmt.Errorf("%w: %w", errTopicLost, err)
	}
	return err
}

// topicUnknown reports whether brokers do not know the topic or the partition.
// The last two are kafka-go's words for it when the cluster's metadata say so.
func topicUnknown(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.UnknownTopicID) ||
		errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition)
}
