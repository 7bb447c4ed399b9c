package stream_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/fakekafka/batch"
)

// producer is the id of the producer of transactions.
const producer = 7

// longAgo is the age after which a topic may drop records, ms: records signed then do not matter now.
const longAgo = int64((revocation.MaxSnapshotAge + 24*time.Hour) / time.Millisecond)

// shapes are the logs that were seen to stall, loop or crash kafka.Reader, and similar ones. Each function
// builds the broker's log, in the given codec.
var shapes = []struct {
	name string
	make func(s *script, codec batch.Codec, l *batch.Log)
}{
	{"the tail of the last batch was compacted away", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 0, 9, s.revokes(4)...))
	}},
	{"the tail of the last batch of a segment was compacted away", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 0, 9, s.revokes(4)...))
		l.Append(true, placed(codec, 10, 13, s.revokes(4)...))
	}},
	{"an empty batch alone at the log's start", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 0, 9))
		l.Append(true, placed(codec, 10, 19, s.revokes(10)...))
	}},
	{"full, empty alone, full", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 0, 9, s.revokes(10)...))
		l.Append(true, placed(codec, 10, 19))
		l.Append(true, placed(codec, 20, 29, s.revokes(10)...))
	}},
	{"full, empty, empty, full in one response", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 0, 9, s.revokes(10)...))
		l.Append(false, placed(codec, 10, 14))
		l.Append(false, placed(codec, 15, 19))
		l.Append(false, placed(codec, 20, 29, s.revokes(10)...))
	}},
	{"an empty batch at the log's end", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 0, 3, s.revokes(4)...))
		l.Append(false, placed(codec, 4, 9))
	}},
	{"an empty batch alone at the log's end", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 0, 3, s.revokes(4)...))
		l.Append(true, placed(codec, 4, 9))
	}},
	{"holes between batches and in front", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, placed(codec, 5_000, 5_003, s.revokes(4)...))
		l.Append(false, placed(codec, 10_000, 10_003, s.revokes(4)...))
		l.Append(true, placed(codec, 20_000, 20_003, s.revokes(4)...))
	}},
	{"records were deleted up to the middle of a batch", func(s *script, codec batch.Codec, l *batch.Log) {
		s.now -= longAgo
		old := append(s.revokes(5), s.sign(0))
		clear(s.revoked)
		s.now += longAgo
		l.Append(false, placed(codec, 100, 111, append(old, s.revokes(6)...)...))
		l.Start = 105 // the old heartbeat is still in the log and tells the numbers
	}},
	{"markers in the middle and at the end", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, inTransaction(placed(codec, 0, 3, s.revokes(4)...)))
		l.Append(false, batch.Batch{Base: 4, Last: 4, Producer: producer, Marker: batch.Commit})
		l.Append(false, inTransaction(placed(codec, 5, 6, s.revokes(2)...)))
		l.Append(true, batch.Batch{Base: 7, Last: 7, Producer: producer, Marker: batch.Commit})
	}},
	{"a marker that compaction emptied, alone", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, inTransaction(placed(codec, 0, 3, s.revokes(4)...)))
		l.Append(true, batch.Batch{Base: 4, Last: 4, Producer: producer, Marker: batch.Commit, Emptied: true})
		l.Append(true, placed(codec, 5, 6, s.revokes(2)...))
	}},
	// Messages of an aborted transaction were signed too. kafka-go does not report which were aborted, and
	// for revocations delivering them is the safe choice.
	{"an aborted transaction is delivered too", func(s *script, codec batch.Codec, l *batch.Log) {
		l.Append(false, inTransaction(placed(codec, 0, 3, s.revokes(4)...)))
		l.Append(false, batch.Batch{Base: 4, Last: 4, Producer: producer, Marker: batch.Abort})
		l.Append(false, placed(codec, 5, 5, s.sign(0)))
	}},
	{"the first and some middle messages of a batch are gone", func(s *script, codec batch.Codec, l *batch.Log) {
		b := placed(codec, 0, 9, s.revokes(4)...)
		for i, offset := range []int64{2, 3, 6, 8} {
			b.Messages[i].Offset = offset
		}
		l.Append(false, b)
		l.Append(false, placed(codec, 10, 10, s.sign(0)))
	}},
}

func inTransaction(b batch.Batch) batch.Batch {
	b.Producer = producer
	return b
}

// Whatever remains after compaction, in any codec: the follower applies all remaining messages, once, and
// reaches the log's end.
func TestEveryShapeOfLogIsReadToItsEnd(t *testing.T) {
	var topics []string
	for i := range shapes {
		for _, codec := range batch.Codecs {
			topics = append(topics, fmt.Sprintf("shape-%d-%s", i, codec))
		}
	}
	server := newLogServer(t, topics...)
	for i, shape := range shapes {
		for _, codec := range batch.Codecs {
			s, l, topic := newScript(), &batch.Log{}, fmt.Sprintf("shape-%d-%s", i, codec)
			shape.make(s, codec, l)
			server.put(topic, &servedLog{log: l})
			r := server.read(t, topic, s.began)
			r.name = codec.String() + ": " + shape.name
			r.awaitReady(l.End())
			r.stop()
			s.check(t, r.name, r.replica)
			server.boundedFetches(t, r.name, topic)
		}
	}
}

// boundedFetches checks the number of fetches against a limit that follows from the log: a busy loop at one
// position exceeds it.
func (s *logServer) boundedFetches(t *testing.T, name, topic string) {
	t.Helper()
	s.change(topic, func(l *servedLog) {
		holes := int64(l.log.Batches())
		for _, b := range l.log.Committed() {
			holes += b.Last - b.Base + 1 - int64(len(b.Messages))
		}
		if n := int64(len(l.asked)); n > 4*holes+20 {
			t.Errorf("%s: %d fetches for %d batches and holes: %v", name, n, holes, l.asked)
		}
	})
}

// Kafka regularly cuts an answer inside its last batch; the next answer begins with that batch.
func TestCutBatchIsRequestedAgain(t *testing.T) {
	var topics []string
	for _, codec := range batch.Codecs {
		topics = append(topics, "cut-"+codec.String())
	}
	server := newLogServer(t, topics...)
	for _, codec := range batch.Codecs {
		s, l, topic := newScript(), &batch.Log{}, "cut-"+codec.String()
		first := placed(codec, 0, 4, s.revokes(5)...)
		l.Append(false, first)
		l.Append(false, placed(codec, 5, 9, s.revokes(5)...))
		whole := len(l.Read(0, 1<<20, false))
		// The cuts are in the second batch's base offset and length, in its header, and in many places of its
		// records.
		for left := 1; left < whole-len(first.Encode()); left += 23 {
			server.put(topic, &servedLog{log: l, limit: len(first.Encode()) + left})
			r := server.read(t, topic, s.began)
			r.awaitReady(l.End())
			if e := r.follower.Stats().Errors; len(e) != 0 {
				t.Errorf("%s with %d bytes left: %v", codec, left, e)
			}
			r.stop()
			s.check(t, fmt.Sprintf("%s with %d bytes left", codec, left), r.replica)
		}
	}
}

// Old brokers cut even the first batch. A batch larger than the usual fetch does not decode until the
// follower requests enough bytes.
func TestBatchLargerThanAFetchIsReadWithALargerFetch(t *testing.T) {
	const usual = 1 << 20
	server := newLogServer(t, "large")
	s, l := newScript(), &batch.Log{}
	l.Append(false, placed(batch.None, 0, 0, s.revokes(1)...))
	var large []batch.Message
	indexes := make([]uint32, revocation.MaxRecords)
	for size := 0; size < 2*usual; size += len(large[len(large)-1].Value) {
		for i := range indexes {
			indexes[i] = uint32(s.next) + uint32(i)
		}
		large = append(large, s.sign(revocation.KindRevoke, indexes...))
	}
	l.Append(true, placed(batch.None, 1, int64(len(large)), large...))
	server.put("large", &servedLog{log: l, cutFirst: true})
	r := server.read(t, "large", s.began)
	r.awaitReady(l.End())
	r.stop()
	s.check(t, "large", r.replica)
}
