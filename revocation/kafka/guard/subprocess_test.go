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

// kafka-go can crash the process that calls it, so each such call is made in a process of its own: this test
// binary, run again.
const (
	subprocessBroker = "KAFKALINK_TEST_BROKER"
	subprocessGuard  = "KAFKALINK_TEST_GUARDED"
)

// callResult is the result of a call.
type callResult struct {
	Died           string // how the process ended, if it crashed
	Err            string
	Damaged        bool
	DroppedBatches uint64
	Next           int64  // the next offset to read
	MiB            uint64 // allocated during the call
}

// reader is the client of a follower, with or without the guard.
type reader interface {
	Fetch(context.Context, *kafkago.FetchRequest) (*kafkago.FetchResponse, error)
	ListOffsets(context.Context, *kafkago.ListOffsetsRequest) (*kafkago.ListOffsetsResponse, error)
}

const (
	topic       = "railgate.control"
	maxWait     = 200 * time.Millisecond
	testTimeout = 10 * time.Second
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

// TestSubprocess is not a test: it reads once from a broker, like a follower.
func TestSubprocess(t *testing.T) {
	address := os.Getenv(subprocessBroker)
	if address == "" {
		t.Skip("only run by other tests")
	}
	var client reader = &kafkago.Client{Addr: kafkago.TCP(address),
		Transport: &kafkago.Transport{MetadataTopics: []string{topic}}}
	var link *kafka.Link
	if os.Getenv(subprocessGuard) == "yes" {
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
	if err == nil {
		err = askTime(t.Context(), client)
	}
	runtime.ReadMemStats(&after)
	v := callResult{Damaged: errors.Is(err, guard.ErrDamaged), Next: next, MiB: (after.TotalAlloc - before.TotalAlloc) >> 20}
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
	os.Stdout.WriteString("\nresult " + string(line) + "\n")
}

func readOnce(ctx context.Context, client reader) (next int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
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

// askTime asks for the offset at a time, as the follower of a window does when it begins.
func askTime(ctx context.Context, client reader) error {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	_, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		topic: {kafkago.TimeOffsetOf(0, time.UnixMilli(1))}}})
	return err
}

// subprocess reads from a broker in a process of its own.
func subprocess(t *testing.T, address string, guarded bool) callResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*testTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSubprocess$")
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), subprocessBroker+"="+address)
	if guarded {
		cmd.Env = append(cmd.Env, subprocessGuard+"=yes")
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	ended := cmd.Run()
	for line := range strings.Lines(output.String()) {
		if words, ok := strings.CutPrefix(line, "result "); ok {
			var v callResult
			if err := json.Unmarshal([]byte(words), &v); err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	if ended == nil {
		t.Fatalf("it prints no result: %s", &output)
	}
	for line := range strings.Lines(output.String()) {
		if strings.Contains(line, "panic: ") || strings.Contains(line, "fatal error: ") {
			return callResult{Died: strings.TrimSpace(line)}
		}
	}
	t.Fatalf("%v: %s", ended, &output)
	return callResult{}
}
