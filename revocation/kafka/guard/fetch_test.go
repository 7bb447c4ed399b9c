package guard_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetching "github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/kafka/guard"
	"github.com/railgate/railgate/test/fakekafka/batch"
)

const newest = 11 // version of fetch that kafka-go speaks

// exchange is one fetch without a broker.
type exchange struct {
	version int16
	offset  int64 // requested
	dropped atomic.Uint64
}

// frameOf returns an answer with the given records, from a log that ends at end.
func frameOf(version int16, end int64, records []byte) []byte {
	p := kmsg.NewFetchResponseTopicPartition()
	p.RecordBatches, p.HighWatermark = records, end
	t := kmsg.NewFetchResponseTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	res := kmsg.NewPtrFetchResponse()
	res.Version, res.Topics = version, append(res.Topics, t)
	return withSize(res.AppendTo(nil))
}

// withSize returns an answer to the first request.
func withSize(body []byte) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
	return append(binary.BigEndian.AppendUint32(frame, 1), body...)
}

// read passes a frame through the guard to kafka-go.
func (x *exchange) read(frame []byte) (*fetching.Response, error) {
	conn := guard.Wrap(&wire{frame: frame}, &x.dropped)
	return fetchOnce(conn, x.version, x.offset)
}

func fetchOnce(conn net.Conn, version int16, offset int64) (*fetching.Response, error) {
	req := &fetching.Request{Topics: []fetching.RequestTopic{{Topic: topic, Partitions: []fetching.RequestPartition{{FetchOffset: offset}}}}}
	if err := protocol.WriteRequest(conn, version, 1, "test", req); err != nil {
		return nil, err
	}
	_, m, err := protocol.ReadResponse(bufio.NewReader(conn), protocol.Fetch, version)
	if err != nil {
		return nil, err
	}
	return m.(*fetching.Response), nil
}

// offsets returns the offsets of the messages that a follower receives, and its next offset.
func (x *exchange) offsets(t *testing.T, frame []byte) (seen []int64, next int64, err error) {
	t.Helper()
	r, err := x.read(frame)
	if err != nil {
		return nil, x.offset, err
	}
	set := r.Topics[0].Partitions[0].RecordSet.Records
	if set == nil {
		set = kafkago.NewRecordReader()
	}
	next, _, err = kafka.Walk(set, x.offset, revocation.MaxBatch, func(offset int64, _ []byte) { seen = append(seen, offset) })
	if err != nil {
		t.Fatalf("the guard let it pass: %v", err)
	}
	return seen, next, nil
}

// wire is a connection with an answer that is ready to be read, again after each request.
type wire struct {
	net.Conn
	frame []byte
	left  bytes.Reader
}

func (w *wire) Read(b []byte) (int, error) { return w.left.Read(b) }

func (w *wire) Write(b []byte) (int, error) {
	w.left.Reset(w.frame)
	return len(b), nil
}

// Every version that kafka-go may negotiate with a broker is read.
func TestEveryVersionOfFetchIsRead(t *testing.T) {
	for version := range int16(newest + 1) {
		x := exchange{version: version}
		seen, next, err := x.offsets(t, frameOf(version, 5, honest(0, 4).Encode()))
		if err != nil || len(seen) != 5 || next != 5 {
			t.Errorf("version %d: %v, next %d, %v", version, seen, next, err)
		}
		bad := honest(0, 4).Encode()
		bad[len(bad)-1] ^= 1
		if _, _, err := x.offsets(t, frameOf(version, 5, bad)); err == nil {
			t.Errorf("version %d: the checksum is not checked", version)
		}
	}
}

// BenchmarkFetch reads 1 MiB in batches of one message each, as the issuer writes them during many
// revocations, with and without the guard.
func BenchmarkFetch(b *testing.B) {
	var set []byte
	end := int64(0)
	for ; len(set) < 1<<20; end++ {
		one := batch.Message{Offset: end, Key: []byte("key"), Value: make([]byte, 1000)}
		set = append(set, batch.Batch{Base: end, Last: end, Messages: []batch.Message{one}}.Encode()...)
	}
	w := &wire{frame: frameOf(newest, end, set)}
	for _, c := range []struct {
		name string
		conn net.Conn
	}{{"bare", w}, {"guarded", guard.Wrap(w, new(atomic.Uint64))}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(set)))
			for b.Loop() {
				r, err := fetchOnce(c.conn, newest, 0)
				if err != nil {
					b.Fatal(err)
				}
				records := r.Topics[0].Partitions[0].RecordSet.Records
				if _, _, err := kafka.Walk(records, 0, revocation.MaxBatch, func(int64, []byte) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
