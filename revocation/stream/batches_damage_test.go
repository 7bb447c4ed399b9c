package stream_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/fakekafka/batch"
	"github.com/railgate/railgate/tokens"
)

// damage is one way to break an encoded batch.
type damage struct {
	name string
	do   func(batch []byte)
}

func flip(name string, at func(n int) int) damage {
	return damage{"a flipped byte in the " + name, func(b []byte) { b[at(len(b))] ^= 0xff }}
}

// damages are seen by the CRC, or break the format. What the CRC does not cover
// is the subject of TestEveryFlippedBitIsSeen.
var damages = []damage{
	flip("CRC", func(int) int { return batch.Uncovered - 1 }),
	flip("attributes", func(int) int { return batch.Uncovered + 1 }),
	flip("record count", func(int) int { return batch.HeaderSize - 1 }),
	flip("first record", func(int) int { return batch.HeaderSize }),
	flip("middle record", func(n int) int { return (batch.HeaderSize + n) / 2 }),
	flip("last byte", func(n int) int { return n - 1 }),
	{"records of another batch", func(b []byte) { slices.Reverse(b[batch.HeaderSize:]) }},
}

// A damaged batch is an error: nothing of it is applied, and nobody goes past
// it, whether it comes first in an answer or behind good ones. As soon as the
// broker serves the right bytes, nothing is missing.
func TestADamagedBatchIsNeitherAppliedNorSteppedOver(t *testing.T) {
	type place struct {
		name string
		new  bool // the damaged batch begins a segment, so it comes first in its answer
	}
	places := []place{{"behind a good batch", false}, {"first in its answer", true}}
	var topics []string
	for i := range len(batch.Codecs) * len(damages) * len(places) {
		topics = append(topics, fmt.Sprintf("damage-%d", i))
	}
	shelf := newShelf(t, topics...)
	for i, codec := range batch.Codecs {
		for j, d := range damages {
			for k, place := range places {
				topic := topics[(i*len(damages)+j)*len(places)+k]
				t.Run(fmt.Sprintf("%s/%s/%s", codec, d.name, place.name), func(t *testing.T) {
					t.Parallel() // most of it is waiting out the pause behind an error
					shelf.survives(t, topic, codec, d, place.new)
				})
			}
		}
	}
}

func (s *shelf) survives(t *testing.T, topic string, codec batch.Codec, d damage, newSegment bool) {
	script, l := newScript(), &batch.Log{}
	l.Append(false, placed(codec, 0, 2, script.revokes(3)...))
	hurt := placed(codec, 3, 7, script.revokes(5)...)
	l.Append(newSegment, hurt)
	l.Append(false, placed(codec, 8, 9, script.revokes(2)...))

	good := hurt.Encode()
	bad := slices.Clone(good)
	d.do(bad)
	var healed atomic.Bool
	s.put(topic, &served{log: l, bend: func(_ int64, records []byte) []byte {
		if healed.Load() {
			return records
		}
		return bytes.Replace(records, good, bad, 1)
	}})
	r := s.read(t, topic, script.began)
	r.fails("data", 1)
	if p := r.replica.Status(0).Partitions[0].Position; p != hurt.Base {
		t.Errorf("reading stands at %d, the damage at %d", p, hurt.Base)
	}
	for n := uint32(4); n <= 10; n++ {
		if r.replica.Revoked(tokens.Serial{Day: script.day, Index: n}) {
			t.Errorf("serial %d was applied from a damaged batch or one behind it", n)
		}
	}
	if state := r.replica.Status(script.now).State; state != revocation.Booting {
		t.Errorf("%s without the damaged batch", state)
	}
	healed.Store(true)
	r.reaches(l.End())
	r.stop()
	script.agrees(t, topic, r.replica)
	s.change(topic, func(l *served) {
		for _, asked := range l.asked {
			if asked != 0 && asked != hurt.Base && asked < 8 {
				t.Errorf("offset %d was asked for: %v", asked, l.asked)
			}
		}
	})
}

// A batch that arrived as it was written, but was written to do harm, is no
// damage: waiting for better bytes would be for ever. It is stepped over, at
// once however many offsets it covers, and all around it is read.
func TestAHostileBatchDoesNotStopTheFollower(t *testing.T) {
	const covered = 100_000
	shelf := newShelf(t, "hostile-first", "hostile-behind")
	for _, topic := range []string{"hostile-first", "hostile-behind"} {
		s, l := newScript(), &batch.Log{}
		l.Append(false, placed(batch.None, 0, 2, s.revokes(3)...))
		empty := placed(batch.None, 3, 3+covered-1)
		l.Append(topic == "hostile-first", empty)
		l.Append(false, placed(batch.None, 3+covered, 3+covered+4, s.revokes(5)...))
		hostile := append(empty.Encode(), make([]byte, 100)...)
		hostile[57] = 0xff // a negative count
		batch.Repair(hostile)
		shelf.put(topic, &served{log: l, bend: func(_ int64, records []byte) []byte {
			return bytes.Replace(records, empty.Encode(), hostile, 1)
		}})
		r := shelf.read(t, topic, s.began)
		r.reaches(l.End())
		if e := r.follower.Stats().Errors; len(e) != 0 {
			t.Errorf("%s: %v", topic, e)
		}
		r.stop()
		s.agrees(t, topic, r.replica)
		shelf.change(topic, func(l *served) {
			if len(l.asked) > 10 {
				t.Errorf("%s: %d fetches", topic, len(l.asked))
			}
		})
	}
}
