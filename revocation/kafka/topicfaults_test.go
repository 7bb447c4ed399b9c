package kafka_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/revocation/kafka"
)

func TestTopicFaults(t *testing.T) {
	const minRetention = 48 * time.Hour
	c := newCluster(t)
	link := open(t, c.config(0))
	for name, tc := range map[string]struct {
		configs map[string]string
		want    []string // one word of each fault, in order
	}{
		"as-it-should-be":  {map[string]string{"cleanup.policy": "delete", "retention.ms": "604800000", "retention.bytes": "-1"}, nil},
		"just-long-enough": {map[string]string{"retention.ms": "172800000"}, nil},
		"for-ever":         {map[string]string{"retention.ms": "-1"}, nil},
		"too-short":        {map[string]string{"retention.ms": "172799999"}, []string{"retention.ms"}},
		"bounded-size":     {map[string]string{"retention.ms": "-1", "retention.bytes": "1000000"}, []string{"retention.bytes"}},
		"compacted":        {map[string]string{"cleanup.policy": "compact", "retention.ms": "1000"}, []string{"keeps everything"}},
		"both":             {map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "1000"}, []string{"retention.ms"}},
		"small-messages":   {map[string]string{"max.message.bytes": "131071"}, []string{"max.message.bytes"}},
		"large-enough":     {map[string]string{"max.message.bytes": "131072"}, nil},
		"all-wrong": {map[string]string{"retention.ms": "1000", "retention.bytes": "1", "max.message.bytes": "1000"},
			[]string{"retention.ms", "retention.bytes", "max.message.bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.CreateTopic(name, 1, tc.configs); err != nil {
				t.Fatal(err)
			}
			faults, err := topicFaults(t, link, name, minRetention)
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) != len(tc.want) {
				t.Fatalf("faults: %q", faults)
			}
			for i, want := range tc.want {
				if !strings.Contains(faults[i], want) {
					t.Errorf("fault %d is %q, want one about %s", i, faults[i], want)
				}
			}
		})
	}
	if _, err := topicFaults(t, link, "no-such-topic", minRetention); !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		t.Errorf("a missing topic: %v", err)
	}
}

func topicFaults(t *testing.T, r kafka.ConfigReader, topic string, minRetention time.Duration) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	return kafka.TopicFaults(ctx, r, topic, minRetention)
}

// Gateways may only read; that they cannot read the settings is not a fault.
func TestHiddenTopicSettingsAreNotAFault(t *testing.T) {
	read := kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: topic, Pattern: kmsg.ACLResourcePatternTypeLiteral,
		Operation: kmsg.ACLOperationRead, Allow: true}
	c := newCluster(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("SCRAM-SHA-256", "gateway", "x", read))
	config := c.config(0)
	config.Security = kafka.Security{SASL: "scram-sha-256", User: "gateway", PasswordFile: write(t, "password", "x")}
	link := open(t, config)
	if err := fetch(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	if faults, err := topicFaults(t, link, topic, time.Hour); !errors.Is(err, kafka.ErrNotAllowed) || faults != nil {
		t.Errorf("got %q, %v", faults, err)
	}
}

// fixed always answers with the same settings.
type fixed map[string]string

func (f fixed) DescribeConfigs(_ context.Context, r *kafkago.DescribeConfigsRequest) (*kafkago.DescribeConfigsResponse, error) {
	res := kafkago.DescribeConfigResponseResource{ResourceName: r.Resources[0].ResourceName}
	for k, v := range f {
		res.ConfigEntries = append(res.ConfigEntries, kafkago.DescribeConfigResponseConfigEntry{ConfigName: k, ConfigValue: v})
	}
	return &kafkago.DescribeConfigsResponse{Resources: []kafkago.DescribeConfigResponseResource{res}}, nil
}

func TestTopicFaultsOfIncompleteAnswers(t *testing.T) {
	if faults, err := topicFaults(t, fixed{}, topic, time.Hour); err != nil || faults != nil {
		t.Errorf("settings that are not shown: %q, %v", faults, err)
	}
	if faults, err := topicFaults(t, fixed{"retention.ms": "a week"}, topic, time.Hour); err == nil || faults != nil {
		t.Errorf("a retention in words: %q, %v", faults, err)
	}
}
