package publish

import (
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// topicLostAfter is how long brokers must answer without interruption that there is no such topic until it
// counts as lost. A broker that has just started, or that receives a partition, may answer so for a moment. A
// wrong alarm only costs a comparison of stream and outbox: Kafka refuses to create a topic that exists.
const topicLostAfter = 3 * time.Second

// errTopicLost ends a term. The next term creates the topic, and resume finds it empty.
var errTopicLost = fmt.Errorf("publish: the topic is gone: %w", errFinal)

// absence is the time since when a partition's calls have been answered that there is no such topic; zero:
// the last answer was different.
type absence struct{ since time.Time }

// check returns a call's error, or errTopicLost when the topic has been unknown for topicLostAfter.
func (a *absence) check(err error, now time.Time) error {
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

// topicUnknown reports whether brokers do not know the topic or the partition. The last two are kafka-go's
// errors if the cluster's metadata does not name the topic or the partition.
func topicUnknown(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.UnknownTopicID) ||
		errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition)
}
