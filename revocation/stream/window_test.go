package stream_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/runtest"
)

// lastMinute is a window of a minute that remembers what it was told.
type lastMinute struct {
	mu       sync.Mutex
	messages []string
	target   [partitions]int64
	position [partitions]int64
	reached  [partitions]int64
	restarts int
}

func (w *lastMinute) locked(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *lastMinute) Partitions() int          { return partitions }
func (w *lastMinute) Retention() time.Duration { return 0 }
func (w *lastMinute) Forget(int64) int         { return 0 }
func (w *lastMinute) From(now int64) int64     { return now - time.Minute.Milliseconds() }
func (w *lastMinute) SetTargetOffset(p int, end int64) {
	w.locked(func() { w.target[p] = end })
}
func (w *lastMinute) Reached(p int, asked int64) { w.locked(func() { w.reached[p] = asked }) }
func (w *lastMinute) StartOver(p int) {
	w.locked(func() { w.reached[p] = 0; w.restarts++ })
}
func (w *lastMinute) SetPosition(p int, next int64) bool {
	w.locked(func() { w.position[p] = next })
	return true
}
func (w *lastMinute) ApplyAll(_ int, messages [][]byte, _ int64) {
	w.locked(func() {
		for _, m := range messages {
			w.messages = append(w.messages, string(m))
		}
	})
}

// has reports whether exactly these messages were applied and every partition's end was reached.
func (w *lastMinute) has(want ...string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Equal(slices.Sorted(slices.Values(w.messages)), want) && !slices.Contains(w.reached[:], 0)
}

var _ stream.Window = (*lastMinute)(nil)

// datedTopic writes messages with chosen dates to a topic.
type datedTopic struct {
	t      *testing.T
	client *kafkago.Client
}

func newDatedTopic(t *testing.T, b *fakekafka.Broker) *datedTopic {
	d := &datedTopic{t, &kafkago.Client{Addr: kafkago.TCP(b.Addresses()...), Timeout: testTimeout}}
	d.create()
	return d
}

func (d *datedTopic) create() {
	d.t.Helper()
	r, err := d.client.CreateTopics(d.t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}}})
	if err != nil || r.Errors[topic] != nil {
		d.t.Fatal(err, r)
	}
}

func (d *datedTopic) remove() {
	d.t.Helper()
	if r, err := d.client.DeleteTopics(d.t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}}); err != nil || r.Errors[topic] != nil {
		d.t.Fatal(err, r)
	}
}

func (d *datedTopic) write(partition int, age time.Duration, text string) {
	d.t.Helper()
	r, err := d.client.Produce(d.t.Context(), &kafkago.ProduceRequest{Topic: topic, Partition: partition, RequiredAcks: kafkago.RequireAll,
		Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes([]byte(text)), Time: time.Now().Add(-age)})})
	if err != nil || r.Error != nil {
		d.t.Fatal(err, r)
	}
}

// A follower of a window skips older messages, and a partition may have only older ones, or none. When the
// topic was recreated, the window is read again and the destination is told.
func TestWindowIsReadFromItsFirstMoment(t *testing.T) {
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	log := newDatedTopic(t, b)
	for i := range 20 {
		log.write(0, time.Hour, fmt.Sprint("old ", i))
		log.write(1, time.Hour, fmt.Sprint("old ", i))
	}
	log.write(0, 30*time.Second, "first")
	log.write(0, time.Hour, "late") // after a younger one in the log: it is not skipped
	w := new(lastMinute)
	f := stream.NewWindow(opener(b, "gateway"), topic, w, time.Now, zap.NewNop())
	background(t, f.Run)
	runtest.Eventually(t, testTimeout, "the window", func() bool { return w.has("first", "late") })
	w.locked(func() {
		if want := [partitions]int64{22, 20, 0}; w.target != want || w.position != want {
			t.Errorf("target offsets %v, positions %v, want %v", w.target, w.position, want)
		}
	})
	log.write(1, 0, "new")
	runtest.Eventually(t, testTimeout, "a new message", func() bool { return w.has("first", "late", "new") })

	log.remove()
	log.create()
	log.write(1, time.Second, "recreated")
	runtest.Eventually(t, testTimeout, "the window of the new log in both partitions that had messages", func() (whole bool) {
		w.locked(func() { whole = w.restarts == 2 }) // partition 2 was and is empty
		return whole && w.has("first", "late", "new", "recreated")
	})
	if n := f.Stats().Restarts; n != 2 {
		t.Errorf("%d restarts counted, want 2", n)
	}
}
