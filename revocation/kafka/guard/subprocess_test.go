package guard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/kafka/guard"
)

// What kafka-go does to a process cannot be undone in it, so each call that may
// do harm is made by a process of its own: this test binary, run again.
const (
	childBroker = "KAFKALINK_TEST_BROKER"
	childGuard  = "KAFKALINK_TEST_GUARDED"
)

// verdict is what became of a call.
type verdict struct {
	Died           string // how the process ended, if it did
	Err            string
	Damaged        bool
	DroppedBatches uint64
	Next           int64  // where reading stands
	MiB            uint64 // allocated during the call
}

// reader is what a follower calls, guarded or not.
type reader interface {
	Fetch(context.Context, *kafkago.FetchRequest) (*kafkago.FetchResponse, error)
	ListOffsets(context.Context, *kafkago.ListOffsetsRequest) (*kafkago.ListOffsetsResponse, error)
}

const (
	topic    = "railgate.control"
	maxWait  = 200 * time.Millisecond
	patience = 10 * time.Second
)

// newBroker runs one broker with the topic.
func newBroker(t *testing.T) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestChild is no test: it reads once from a broker, as a follower does.
func TestChild(t *testing.T) {
	address := os.Getenv(childBroker)
	if address == "" {
		t.Skip("it is run by other tests")
	}
	var client reader = &kafkago.Client{Addr: kafkago.TCP(address),
		Transport: &kafkago.Transport{MetadataTopics: []string{topic}}}
	var link *kafka.Link
	if os.Getenv(childGuard) == "yes" {
		var err error
		if link, err = kafka.Open(kafka.Config{Brokers: []string{address}, Topic: topic}); err != nil {
			t.Fatal(err)
		}
		defer link.Close()
		client = link
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	next, err := readOnce(t.Context(), client)
	runtime.ReadMemStats(&after)
	v := verdict{Damaged: errors.Is(err, guard.ErrDamaged), Next: next, MiB: (after.TotalAlloc - before.TotalAlloc) >> 20}
	if err != nil {
		v.Err = err.Error()
	}
	if link != nil {
		v.DroppedBatches = link.DroppedBatches()
	}
	line, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("\nverdict " + string(line) + "\n")
}

func readOnce(ctx context.Context, client reader) (next int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		topic: {kafkago.FirstOffsetOf(0), kafkago.LastOffsetOf(0)}}}); err != nil {
		return 0, err
	}
	r, err := client.Fetch(ctx, &kafkago.FetchRequest{Topic: topic, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: maxWait})
	if err == nil {
		err = r.Error
	}
	if err != nil {
		return 0, err
	}
	next, _, err = kafka.Walk(r.Records, 0, revocation.MaxBatch, func(int64, []byte) {})
	return next, err
}

// child reads from a broker in a process of its own.
func child(t *testing.T, address string, guarded bool) verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$")
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), childBroker+"="+address)
	if guarded {
		cmd.Env = append(cmd.Env, childGuard+"=yes")
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	ended := cmd.Run()
	for line := range strings.Lines(said.String()) {
		if words, ok := strings.CutPrefix(line, "verdict "); ok {
			var v verdict
			if err := json.Unmarshal([]byte(words), &v); err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	if ended == nil {
		t.Fatalf("it says nothing: %s", &said)
	}
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, "panic: ") || strings.Contains(line, "fatal error: ") {
			return verdict{Died: strings.TrimSpace(line)}
		}
	}
	t.Fatalf("%v: %s", ended, &said)
	return verdict{}
}
