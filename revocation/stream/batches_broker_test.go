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

// idle is how long a logServer delays an answer when there is no new message. Real brokers take
// stream.MaxWait; it is short so that tests do not wait for it.
const idle = time.Millisecond

// logServer is a broker that serves handmade logs, one topic of one partition each.
type logServer struct {
	t       *testing.T
	cluster *kfake.Cluster

	mu   sync.Mutex
	logs map[string]*servedLog
}

// servedLog is one log and the offsets its reader requested; logServer.mu guards it.
type servedLog struct {
	log *batch.Log
	// limit bounds an answer, bytes, below the size that the reader requested; 0: no limit.
	limit    int
	cutFirst bool
	// alter changes an answer before it is sent.
	alter func(asked int64, records []byte) []byte

	asked []int64 // requested offsets below the log's end, in order
}

// newLogServer runs a broker with the given topics.
func newLogServer(t *testing.T, topics ...string) *logServer {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s := &logServer{t: t, cluster: c, logs: map[string]*servedLog{}}
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

func (s *logServer) fetch(r *kmsg.FetchRequest) kmsg.Response {
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

func (s *logServer) answer(topic string, offset int64, limit int, p *kmsg.FetchResponseTopicPartition) {
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
		if l.alter != nil {
			p.RecordBatches = l.alter(offset, p.RecordBatches)
		}
	}
}

func (s *logServer) listOffsets(r *kmsg.ListOffsetsRequest) kmsg.Response {
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

// put sets a topic's content; change modifies it later.
func (s *logServer) put(topic string, l *servedLog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs[topic] = l
}

func (s *logServer) change(topic string, f func(*servedLog)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.logs[topic])
}

// reader is a follower of one topic, over TCP.
type reader struct {
	t        *testing.T
	name     string // of the test case, for messages
	replica  *revocation.Replica
	follower *stream.Follower
	since    int64
	stop     func()
}

// read starts a follower as a gateway that started at since (Unix ms).
func (s *logServer) read(t *testing.T, topic string, since int64) *reader {
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

// awaitReady waits until the reader's position is the offset and the replica is ready.
func (r *reader) awaitReady(offset int64) {
	r.t.Helper()
	r.await(fmt.Sprintf("offset %d, ready", offset), func(s revocation.Status) bool {
		return s.State == revocation.Fresh && s.Partitions[0].Position == offset
	})
}

// awaitOffset waits until the reader's position is the offset or greater.
func (r *reader) awaitOffset(offset int64) {
	r.t.Helper()
	r.await(fmt.Sprintf("offset %d", offset), func(s revocation.Status) bool { return s.Partitions[0].Position >= offset })
}

func (r *reader) await(what string, cond func(revocation.Status) bool) {
	r.t.Helper()
	for deadline := time.Now().Add(testTimeout); ; time.Sleep(idle) {
		s := r.replica.Status(r.since)
		if cond(s) {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: waited %v for %s; at %d, %s: %v; %+v", r.name, testTimeout, what,
				s.Partitions[0].Position, s.State, s.Waiting, r.follower.Stats())
		}
	}
}

// awaitErrors waits until the reader has counted n errors of a class.
func (r *reader) awaitErrors(class string, n uint64) {
	r.t.Helper()
	runtest.Eventually(r.t, testTimeout, fmt.Sprintf("%d errors of class %s", n, class), func() bool {
		return r.follower.Stats().Errors[class] >= n
	})
}
