package publish

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// A topic is lost only if brokers answer without interruption that it does not exist.
func TestTopicIsLostOnlyAfterUninterruptedAnswers(t *testing.T) {
	unknown := fmt.Errorf("produce: %w", kafka.UnknownTopicOrPartition)
	refused := errors.New("connection refused")
	start := time.Unix(1_800_000_000, 0)
	type answer struct {
		at   time.Duration
		err  error
		lost bool
	}
	for name, answers := range map[string][]answer{
		"a moment":         {{0, unknown, false}, {topicLostAfter - 1, unknown, false}, {topicLostAfter, nil, false}},
		"for seconds":      {{0, unknown, false}, {topicLostAfter - 1, unknown, false}, {topicLostAfter, unknown, true}},
		"by the metadata":  {{0, protocol.NewErrNoTopic("t"), false}, {topicLostAfter, protocol.NewErrNoPartition("t", 1), true}},
		"with a success":   {{0, unknown, false}, {time.Second, nil, false}, {topicLostAfter, unknown, false}, {topicLostAfter * 2, unknown, true}},
		"brokers are away": {{0, refused, false}, {topicLostAfter, refused, false}, {topicLostAfter * 9, refused, false}},
		"back from away":   {{0, unknown, false}, {time.Second, refused, false}, {topicLostAfter * 9, unknown, false}},
		"a leader moves":   {{0, kafka.NotLeaderForPartition, false}, {topicLostAfter, kafka.LeaderNotAvailable, false}, {topicLostAfter * 2, protocol.NewErrNoLeader("t", 1), false}},
	} {
		var a absence
		for _, x := range answers {
			got := a.check(x.err, start.Add(x.at))
			if errors.Is(got, errTopicLost) != x.lost || !errors.Is(got, x.err) {
				t.Errorf("%s, after %v: %v, want lost %t", name, x.at, got, x.lost)
			}
		}
	}
}
