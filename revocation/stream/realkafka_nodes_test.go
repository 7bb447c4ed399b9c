package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/runtest"
)

const (
	copies = 3 // of every partition, one per node
	// nodeTimeout bounds operations that a healthy cluster does immediately. It is long because the nodes
	// share their processors with other processes.
	nodeTimeout  = 30 * time.Second
	nodeInterval = 50 * time.Millisecond // between two tries
)

// nodes is a real cluster with a plain client: its writes, counts and leader moves do not use the code under
// test.
type nodes struct {
	t         *testing.T
	addresses []string
	client    *kafkago.Client
}

func openNodes(t *testing.T) *nodes {
	t.Helper()
	addresses := strings.Split(os.Getenv("RAILGATE_TEST_KAFKA"), ",")
	if len(addresses) < copies {
		t.Skip("RAILGATE_TEST_KAFKA must name three Kafka nodes (host:port,host:port,host:port)")
	}
	transport := &kafkago.Transport{MetadataTTL: time.Second, ClientID: "realkafka-test"}
	t.Cleanup(transport.CloseIdleConnections)
	return &nodes{t: t, addresses: addresses,
		client: &kafkago.Client{Addr: kafkago.TCP(addresses...), Timeout: nodeTimeout, Transport: transport}}
}

// realLog is a topic on the nodes and the messages written to it.
type realLog struct {
	*nodes
	name     string
	ends     [partitions]int64 // messages written
	requests int
}

// create creates a topic with replicas on all nodes. It stays after the test, for another program to read.
func (n *nodes) create(name string, settings ...kafkago.ConfigEntry) *realLog {
	n.t.Helper()
	l := &realLog{nodes: n, name: fmt.Sprintf("railgate.%s.%d", name, time.Now().UnixNano())}
	r, err := n.client.CreateTopics(n.t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: l.name, NumPartitions: partitions, ReplicationFactor: copies, ConfigEntries: settings}}})
	if err != nil || r.Errors[l.name] != nil {
		n.t.Fatal(err, r)
	}
	runtest.Eventually(n.t, nodeTimeout, "all copies of "+l.name, func() bool {
		shape := l.shape()
		return len(shape) == partitions && !slices.ContainsFunc(shape, func(p kafkago.Partition) bool { return len(p.Isr) != copies })
	})
	return l
}

// shape returns the topic's partitions with leader and replicas; empty while they are unknown.
func (l *realLog) shape() []kafkago.Partition {
	m, err := l.client.Metadata(l.t.Context(), &kafkago.MetadataRequest{Topics: []string{l.name}})
	if err != nil || len(m.Topics) != 1 || m.Topics[0].Error != nil {
		return nil
	}
	return m.Topics[0].Partitions
}

// append writes messages in one request and waits for all in-sync nodes. Only requests that certainly wrote
// nothing are repeated, and the resulting offset is checked, so that the count of written messages is exact.
func (l *realLog) append(partition int, codec kafkago.Compression, messages []message) {
	l.t.Helper()
	for deadline := time.Now().Add(nodeTimeout); ; time.Sleep(nodeInterval) {
		var records []kafkago.Record
		for _, m := range messages {
			records = append(records, kafkago.Record{Key: kafkago.NewBytes(m.key), Value: kafkago.NewBytes(m.value), Time: time.UnixMilli(m.at)})
		}
		r, err := l.client.Produce(l.t.Context(), &kafkago.ProduceRequest{Topic: l.name, Partition: partition,
			RequiredAcks: kafkago.RequireAll, Compression: codec, Records: kafkago.NewRecordReader(records...)})
		if err == nil {
			err = r.Error
		}
		switch {
		case err == nil && r.BaseOffset == l.ends[partition]:
			l.ends[partition] += int64(len(messages))
			l.requests++
			return
		case err == nil:
			l.t.Fatalf("%s/%d: written at offset %d, not %d", l.name, partition, r.BaseOffset, l.ends[partition])
		case !notYet(err), time.Now().After(deadline):
			l.t.Fatalf("%s/%d: writing %d messages: %v", l.name, partition, len(messages), err)
		}
	}
}

// notYet reports whether a node refused because it does not know a new topic or leader yet, so that nothing
// was written.
func notYet(err error) bool {
	return errors.Is(err, kafkago.NotLeaderForPartition) || errors.Is(err, kafkago.LeaderNotAvailable) || errors.Is(err, kafkago.UnknownTopicOrPartition)
}

// content is the content of a partition.
type content struct {
	data, heartbeats int
	codecs           map[string]bool
}

// count reads a partition from its first offset to its last.
func (l *realLog) count(partition int) content {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), nodeTimeout)
	defer cancel()
	c := content{codecs: map[string]bool{}}
	for position := int64(0); position < l.ends[partition]; {
		r, err := l.client.Fetch(ctx, &kafkago.FetchRequest{Topic: l.name, Partition: partition, Offset: position,
			MinBytes: 1, MaxBytes: 8 << 20, MaxWait: stream.MaxWait})
		if ctx.Err() != nil {
			l.t.Fatalf("%s/%d: %v at offset %d", l.name, partition, ctx.Err(), position)
		}
		if err != nil || r.Error != nil { // a leader that moved
			time.Sleep(nodeInterval)
			continue
		}
		if s, ok := r.Records.(*protocol.RecordStream); ok {
			for _, b := range s.Records {
				if b, ok := b.(*protocol.RecordBatch); ok {
					c.codecs[b.Attributes.Compression().String()] = true
				}
			}
		}
		next, lowest, err := kafka.Walk(r.Records, position, revocation.MaxBatch, func(offset int64, value []byte) {
			b, err := revocation.OpenBatch(value, revocationtest.Pinned())
			switch {
			case err != nil:
				l.t.Errorf("%s/%d: message %d: %v", l.name, partition, offset, err)
			case b.Len() > 0:
				c.data++
			default:
				c.heartbeats++
			}
		})
		if err != nil {
			l.t.Fatalf("%s/%d: at offset %d: %v", l.name, partition, position, err)
		}
		if next == position && lowest >= 0 && lowest <= position {
			next++ // skip the rest of a batch that compaction removed
		}
		position = next
	}
	return c
}

// moveLeaders moves every partition's leader to the next node while all nodes run.
func (l *realLog) moveLeaders() {
	l.t.Helper()
	next := map[int]int{}
	var plan []kafkago.AlterPartitionReassignmentsRequestAssignment
	for _, p := range l.shape() {
		var order []int
		for _, b := range p.Replicas {
			order = append(order, b.ID)
		}
		order = append(order[1:], order[0])
		next[p.ID] = order[0]
		plan = append(plan, kafkago.AlterPartitionReassignmentsRequestAssignment{PartitionID: p.ID, BrokerIDs: order})
	}
	if len(plan) != partitions {
		l.t.Fatalf("%s: the leaders are unknown", l.name)
	}
	r, err := l.client.AlterPartitionReassignments(l.t.Context(), &kafkago.AlterPartitionReassignmentsRequest{
		Topic: l.name, Assignments: plan, Timeout: nodeTimeout})
	if err != nil || r.Error != nil {
		l.t.Fatal(err, r)
	}
	runtest.Eventually(l.t, nodeTimeout, "new leaders of "+l.name, func() bool {
		// An election before the plan is carried out is requested again.
		l.client.ElectLeaders(l.t.Context(), &kafkago.ElectLeadersRequest{Topic: l.name, Partitions: []int{0, 1, 2}, Timeout: nodeTimeout})
		time.Sleep(nodeInterval)
		shape := l.shape()
		return len(shape) == partitions && !slices.ContainsFunc(shape, func(p kafkago.Partition) bool { return p.Leader.ID != next[p.ID] })
	})
}

// realReader is a follower of a realLog, over TCP.
type realReader struct {
	reader
	log    *realLog
	errors runtest.Buffer // its log of errors, above all re-readings
}

// read starts a follower as a gateway that starts now.
func (l *realLog) read(name string) *realReader {
	l.t.Helper()
	since := time.Now().UnixMilli()
	replica, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, since)
	if err != nil {
		l.t.Fatal(err)
	}
	open := func() (stream.Link, error) {
		return kafka.Open(kafka.Config{Brokers: l.addresses, Topic: l.name, ClientID: name})
	}
	r := &realReader{log: l}
	log := zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&r.errors), zap.ErrorLevel))
	f := stream.New(open, l.name, replica, time.Now, log)
	r.reader = reader{t: l.t, name: name + ", " + l.name, replica: replica, follower: f, since: since, stop: background(l.t, f.Run)}
	return r
}
