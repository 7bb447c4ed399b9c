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

// A model of what is left after compaction: whatever a broker keeps of a random
// history, however it packs, empties and cuts it, the follower ends with exactly
// what the history says. Run one seed again with -batches.seed.
func TestRandomLogsAreReadExactly(t *testing.T) {
	var topics []string
	for i := range uint64(randomLogs) {
		topics = append(topics, fmt.Sprintf("seed-%d", *batchSeed+i))
	}
	shelf := newShelf(t, topics...)
	for i, topic := range topics {
		dice := rand.New(rand.NewPCG(*batchSeed+uint64(i), 0))
		s, l := randomLog(dice)
		limit := 0
		if dice.IntN(2) == 0 {
			limit = 1 + dice.IntN(4_000)
		}
		l.Hidden = dice.IntN(l.Batches()) // the rest of the log is written while it is read
		shelf.put(topic, &served{log: l, limit: limit, bend: func(_ int64, records []byte) []byte {
			if dice.IntN(3) == 0 {
				l.Hidden = max(0, l.Hidden-1)
			}
			return records
		}})
		r := shelf.read(t, topic, s.began)
		for done := false; !done; {
			var end int64
			shelf.change(topic, func(v *served) { end, done = v.log.End(), v.log.Hidden == 0 })
			r.passes(end)
			if !done {
				shelf.change(topic, func(v *served) { v.log.Hidden = max(0, v.log.Hidden-1) })
			}
		}
		r.reaches(l.End())
		r.stop()
		s.agrees(t, r.name, r.replica)
		shelf.boundedFetches(t, r.name, topic)
		if t.Failed() {
			t.Fatalf("run it again with -batches.seed %d", *batchSeed+uint64(i))
		}
	}
}

// randomLog tells a random history and keeps of it what a compacted topic must:
// everything but heartbeats, and the newest message whatever it is. Which serial a
// message is about, how messages are packed, and what became of emptied batches is random.
func randomLog(dice *rand.Rand) (*script, *batch.Log) {
	s, l := newScript(), &batch.Log{}
	messages := 1 + dice.IntN(40)
	compaction := dice.Float64()
	offset := int64(dice.IntN(3) * dice.IntN(100))
	for told := 0; told < messages; {
		b := batch.Batch{Base: offset, Codec: batch.Codecs[dice.IntN(len(batch.Codecs))]}
		if dice.IntN(5) == 0 {
			b.Producer = producer
		}
		for range min(1+dice.IntN(8), messages-told) {
			m, heartbeat := randomMessage(dice, s)
			m.Offset = offset
			told++
			offset++
			if newest := told == messages; !heartbeat || newest || dice.Float64() > compaction {
				b.Messages = append(b.Messages, m)
			}
		}
		b.Last = offset - 1
		keep := len(b.Messages) > 0 || dice.IntN(2) == 0
		if keep {
			l.Append(dice.IntN(3) == 0, b)
		}
		if b.Producer != 0 && dice.IntN(4) > 0 {
			l.Append(dice.IntN(3) == 0, batch.Batch{Base: offset, Last: offset, Producer: producer,
				Marker: batch.Abort + batch.Marker(dice.IntN(2)), Emptied: dice.IntN(3) == 0})
			offset++
		}
	}
	if dice.IntN(4) == 0 { // the newest batch is kept even if nothing is left in it
		l.Append(dice.IntN(2) == 0, batch.Batch{Base: offset, Last: offset + int64(dice.IntN(5))})
	}
	return s, l
}

func randomMessage(dice *rand.Rand, s *script) (m batch.Message, heartbeat bool) {
	switch dice.IntN(10) {
	case 0, 1, 2, 3:
		return s.say(0), true
	case 4:
		return s.say(revocation.KindUnrevoke, dice.Uint32N(60)), false
	default:
		indexes := make([]uint32, 1+dice.IntN(4))
		for i := range indexes {
			indexes[i] = dice.Uint32N(60)
		}
		return s.say(revocation.KindRevoke, indexes...), false
	}
}
