package stream_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/fakekafka/batch"
)

var batchSeed = flag.Uint64("batches.seed", 1, "first seed of the random logs")

const randomLogs = 200

// Whatever a broker keeps of a random history after compaction, however it packs, empties and cuts it, the
// follower ends with exactly the state of the history. A seed is repeated with -batches.seed.
func TestRandomLogsAreReadExactly(t *testing.T) {
	var topics []string
	for i := range uint64(randomLogs) {
		topics = append(topics, fmt.Sprintf("seed-%d", *batchSeed+i))
	}
	server := newLogServer(t, topics...)
	for i, topic := range topics {
		random := rand.New(rand.NewPCG(*batchSeed+uint64(i), 0))
		s, l := randomLog(random)
		limit := 0
		if random.IntN(2) == 0 {
			limit = 1 + random.IntN(4_000)
		}
		l.Hidden = random.IntN(l.Batches()) // the rest of the log is written while it is read
		server.put(topic, &servedLog{log: l, limit: limit, alter: func(_ int64, records []byte) []byte {
			if random.IntN(3) == 0 {
				l.Hidden = max(0, l.Hidden-1)
			}
			return records
		}})
		r := server.read(t, topic, s.began)
		for done := false; !done; {
			var end int64
			server.change(topic, func(v *servedLog) { end, done = v.log.End(), v.log.Hidden == 0 })
			r.awaitOffset(end)
			if !done {
				server.change(topic, func(v *servedLog) { v.log.Hidden = max(0, v.log.Hidden-1) })
			}
		}
		r.awaitReady(l.End())
		r.stop()
		s.check(t, r.name, r.replica)
		server.boundedFetches(t, r.name, topic)
		if t.Failed() {
			t.Fatalf("repeat it with -batches.seed %d", *batchSeed+uint64(i))
		}
	}
}

// randomLog makes a random history and keeps what a compacted topic must keep: everything except heartbeats,
// and the newest message. Serials, packing and the handling of emptied batches are random.
func randomLog(random *rand.Rand) (*script, *batch.Log) {
	s, l := newScript(), &batch.Log{}
	messages := 1 + random.IntN(40)
	compaction := random.Float64()
	offset := int64(random.IntN(3) * random.IntN(100))
	for written := 0; written < messages; {
		b := batch.Batch{Base: offset, Codec: batch.Codecs[random.IntN(len(batch.Codecs))]}
		if random.IntN(5) == 0 {
			b.Producer = producer
		}
		for range min(1+random.IntN(8), messages-written) {
			m, heartbeat := randomMessage(random, s)
			m.Offset = offset
			written++
			offset++
			if newest := written == messages; !heartbeat || newest || random.Float64() > compaction {
				b.Messages = append(b.Messages, m)
			}
		}
		b.Last = offset - 1
		keep := len(b.Messages) > 0 || random.IntN(2) == 0
		if keep {
			l.Append(random.IntN(3) == 0, b)
		}
		if b.Producer != 0 && random.IntN(4) > 0 {
			l.Append(random.IntN(3) == 0, batch.Batch{Base: offset, Last: offset, Producer: producer,
				Marker: batch.Abort + batch.Marker(random.IntN(2)), Emptied: random.IntN(3) == 0})
			offset++
		}
	}
	if random.IntN(4) == 0 { // the newest batch is kept even if it is empty
		l.Append(random.IntN(2) == 0, batch.Batch{Base: offset, Last: offset + int64(random.IntN(5))})
	}
	return s, l
}

func randomMessage(random *rand.Rand, s *script) (m batch.Message, heartbeat bool) {
	switch random.IntN(10) {
	case 0, 1, 2, 3:
		return s.sign(0), true
	case 4:
		return s.sign(revocation.KindUnrevoke, random.Uint32N(60)), false
	default:
		indexes := make([]uint32, 1+random.IntN(4))
		for i := range indexes {
			indexes[i] = random.Uint32N(60)
		}
		return s.sign(revocation.KindRevoke, indexes...), false
	}
}
