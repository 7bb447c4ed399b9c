package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// minMessageBytes is twice the longest message, which leaves room for its envelope.
const minMessageBytes = 128 << 10

// ErrNotAllowed means that the cluster does not let this user read a topic's settings. The topic itself may
// be right.
var ErrNotAllowed = errors.New("kafka: this user may not read the topic's settings (DescribeConfigs)")

// ConfigReader is a *Link, or another client that can read settings.
type ConfigReader interface {
	DescribeConfigs(context.Context, *kafka.DescribeConfigsRequest) (*kafka.DescribeConfigsResponse, error)
}

// TopicFaults compares a topic's settings with the requirements of the control stream, and describes each
// deviation: records that are removed before minRetention, and messages that do not fit. A compacted topic is
// safe, because it loses no record, but it is reported too, because it grows without bound. A setting that
// the cluster does not show counts as right.
//
// The error is [ErrNotAllowed], or why the settings could not be read; faults are then nil.
func TopicFaults(ctx context.Context, client ConfigReader, topic string, minRetention time.Duration) (faults []string, err error) {
	r, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: topic,
			ConfigNames: []string{"cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes"},
		}},
	})
	if err == nil && (len(r.Resources) != 1 || r.Resources[0].ResourceName != topic) {
		err = errors.New("kafka: the broker did not answer for the topic's settings")
	}
	if err == nil {
		err = r.Resources[0].Error
	}
	switch {
	case errors.Is(err, kafka.TopicAuthorizationFailed), errors.Is(err, kafka.ClusterAuthorizationFailed):
		return nil, ErrNotAllowed
	case err != nil:
		return nil, err
	}
	settings := make(map[string]string)
	for _, e := range r.Resources[0].ConfigEntries {
		settings[e.ConfigName] = e.ConfigValue
	}
	return checkSettings(settings, minRetention)
}

// checkSettings interprets the settings. Retention matters only if the policy deletes; compaction alone
// removes only records that a later one replaced.
func checkSettings(settings map[string]string, minRetention time.Duration) (faults []string, err error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	number := func(name string) (int64, bool) {
		text, ok := settings[name]
		if !ok || text == "" {
			return 0, false
		}
		n, parseErr := strconv.ParseInt(text, 10, 64)
		if parseErr != nil {
			err = fmt.Errorf("kafka: the broker's value of %s is not a number", name)
		}
		return n, parseErr == nil
	}
	policy, shown := settings["cleanup.policy"]
	if shown && !slices.Contains(strings.Split(strings.ReplaceAll(policy, " ", ""), ","), "delete") {
		fault("cleanup.policy is %q: the topic is compacted and keeps everything", policy)
	} else {
		if ms, ok := number("retention.ms"); ok && ms >= 0 && ms < minRetention.Milliseconds() {
			fault("retention.ms is %v: records are removed before %v, while they still matter; raise it",
				time.Duration(ms)*time.Millisecond, minRetention)
		}
		if bytes, ok := number("retention.bytes"); ok && bytes >= 0 {
			fault("retention.bytes is %d: a busy day pushes out records that still matter; it must be -1", bytes)
		}
	}
	if bytes, ok := number("max.message.bytes"); ok && bytes < minMessageBytes {
		fault("max.message.bytes is %d: the largest message does not fit; it must be at least %d", bytes, minMessageBytes)
	}
	if err != nil {
		return nil, err
	}
	return faults, nil
}
