package stream_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/fakekafka/batch"
	"github.com/railgate/railgate/test/harness/runtest"
)

// idle is how long a shelf holds an answer back when nothing is new: a moment,
// where a real broker takes stream.MaxWait, so that no test waits for it.
const idle = time.Millisecond

// shelf is a broker that serves logs made by hand, one topic of one partition each.
type shelf struct {
	t       *testing.T
	cluster *kfake.Cluster

	mu   sync.Mutex
	logs map[string]*served
}

// served is one log and what its reader asked for; shelf.mu guards it.
type served struct {
	log *batch.Log
	// limit bounds an answer, bytes, below what the reader asks for; 0: it does not.
	limit    int
	cutFirst bool
	// bend changes an answer on its way to the reader.
	bend func(asked int64, records []byte) []byte

	asked []int64 // offsets below the log's end, in order
}

// newShelf runs a broker that knows the given topics.
func newShelf(t *testing.T, topics ...string) *shelf {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s := &shelf{t: t, cluster: c, logs: map[string]*served{}}
	c.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return s.fetch(r.(*kmsg.FetchRequest)), nil, true
	})
	c.ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return s.listOffsets(r.(*kmsg.ListOffsetsRequest)), nil, true
	})
	return s
}

func (s *shelf) fetch(r *kmsg.FetchRequest) kmsg.Response {
	res := r.ResponseKind().(*kmsg.FetchResponse)
	for _, topic := range r.Topics {
		rt := kmsg.NewFetchResponseTopic()
		rt.Topic = topic.Topic
		for _, p := range topic.Partitions {
			rp := kmsg.NewFetchResponseTopicPartition()
			rp.Partition = p.Partition
			s.answer(topic.Topic, p.FetchOffset, int(p.PartitionMaxBytes), &rp)
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}

func (s *shelf) answer(topic string, offset int64, limit int, p *kmsg.FetchResponseTopicPartition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[topic]
	end := l.log.End()
	p.HighWatermark, p.LastStableOffset, p.LogStartOffset = end, end, l.log.Start
	p.RecordBatches = []byte{}
	switch {
	case offset < l.log.Start || offset > end:
		p.ErrorCode = 1 // OFFSET_OUT_OF_RANGE
	case offset == end:
		time.Sleep(idle)
	default:
		l.asked = append(l.asked, offset)
		if l.limit > 0 {
			limit = min(limit, l.limit)
		}
		p.RecordBatches = l.log.Read(offset, limit, l.cutFirst)
		if l.bend != nil {
			p.RecordBatches = l.bend(offset, p.RecordBatches)
		}
	}
}

func (s *shelf) listOffsets(r *kmsg.ListOffsetsRequest) kmsg.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	res := r.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, topic := range r.Topics {
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = topic.Topic
		for _, p := range topic.Partitions {
			rp := kmsg.NewListOffsetsResponseTopicPartition()
			rp.Partition, rp.Timestamp = p.Partition, p.Timestamp
			rp.Offset = s.logs[topic.Topic].log.Start
			if p.Timestamp == -1 {
				rp.Offset = s.logs[topic.Topic].log.End()
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}

// put makes a topic's content; change works on it later.
func (s *shelf) put(topic string, l *served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs[topic] = l
}

func (s *shelf) change(topic string, f func(*served)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.logs[topic])
}

// reader is a follower of one topic, over TCP.
type reader struct {
	t        *testing.T
	name     string // of the test's case, for its messages
	replica  *revocation.Replica
	follower *stream.Follower
	since    int64
	stop     func()
}

// read starts a follower as a gateway that booted at since (Unix ms).
func (s *shelf) read(t *testing.T, topic string, since int64) *reader {
	t.Helper()
	replica, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, since)
	if err != nil {
		t.Fatal(err)
	}
	open := func() (stream.Link, error) {
		return kafka.Open(kafka.Config{Brokers: s.cluster.ListenAddrs(), Topic: topic, ClientID: "gateway"})
	}
	f := stream.New(open, topic, replica, time.Now, zap.NewNop())
	stop := background(t, f.Run)
	return &reader{t: t, name: topic, replica: replica, follower: f, since: since, stop: stop}
}

// reaches waits until the reader stands at an offset, having passed all before
// it, and is ready.
func (r *reader) reaches(offset int64) {
	r.t.Helper()
	r.await(fmt.Sprintf("offset %d, ready", offset), func(s revocation.Status) bool {
		return s.State == revocation.Fresh && s.Partitions[0].Position == offset
	})
}

// passes waits until the reader stands at an offset or behind it.
func (r *reader) passes(offset int64) {
	r.t.Helper()
	r.await(fmt.Sprintf("offset %d", offset), func(s revocation.Status) bool { return s.Partitions[0].Position >= offset })
}

func (r *reader) await(what string, cond func(revocation.Status) bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(idle) {
		s := r.replica.Status(r.since)
		if cond(s) {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: waited %v for %s; at %d, %s: %v; %+v", r.name, patience, what,
				s.Partitions[0].Position, s.State, s.Waiting, r.follower.Stats())
		}
	}
}

// fails waits until the reader has met n errors of a class.
func (r *reader) fails(class string, n uint64) {
	r.t.Helper()
	runtest.Eventually(r.t, patience, fmt.Sprintf("%d errors of class %s", n, class), func() bool {
		return r.follower.Stats().Errors[class] >= n
	})
}
