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

// damages are detected by the CRC or break the format. The part that the CRC does not cover is tested in
// TestEveryFlippedBitIsDetected.
var damages = []damage{
	flip("CRC", func(int) int { return batch.Uncovered - 1 }),
	flip("attributes", func(int) int { return batch.Uncovered + 1 }),
	flip("record count", func(int) int { return batch.HeaderSize - 1 }),
	flip("first record", func(int) int { return batch.HeaderSize }),
	flip("middle record", func(n int) int { return (batch.HeaderSize + n) / 2 }),
	flip("last byte", func(n int) int { return n - 1 }),
	{"records of another batch", func(b []byte) { slices.Reverse(b[batch.HeaderSize:]) }},
}

// A damaged batch is an error: it is neither applied nor skipped, whether it is first in an answer or follows
// intact ones. As soon as the broker serves the right bytes, no message is missing.
func TestDamagedBatchIsNeitherAppliedNorSkipped(t *testing.T) {
	type place struct {
		name string
		new  bool // the damaged batch begins a segment, so it comes first in its answer
	}
	places := []place{{"after a good batch", false}, {"first in its answer", true}}
	var topics []string
	for i := range len(batch.Codecs) * len(damages) * len(places) {
		topics = append(topics, fmt.Sprintf("damage-%d", i))
	}
	server := newLogServer(t, topics...)
	for i, codec := range batch.Codecs {
		for j, d := range damages {
			for k, place := range places {
				topic := topics[(i*len(damages)+j)*len(places)+k]
				t.Run(fmt.Sprintf("%s/%s/%s", codec, d.name, place.name), func(t *testing.T) {
					t.Parallel() // most of the time is the pause after an error
					server.checkDamage(t, topic, codec, d, place.new)
				})
			}
		}
	}
}

func (s *logServer) checkDamage(t *testing.T, topic string, codec batch.Codec, d damage, newSegment bool) {
	script, l := newScript(), &batch.Log{}
	l.Append(false, placed(codec, 0, 2, script.revokes(3)...))
	damaged := placed(codec, 3, 7, script.revokes(5)...)
	l.Append(newSegment, damaged)
	l.Append(false, placed(codec, 8, 9, script.revokes(2)...))

	good := damaged.Encode()
	bad := slices.Clone(good)
	d.do(bad)
	var healed atomic.Bool
	s.put(topic, &servedLog{log: l, alter: func(_ int64, records []byte) []byte {
		if healed.Load() {
			return records
		}
		return bytes.Replace(records, good, bad, 1)
	}})
	r := s.read(t, topic, script.began)
	r.awaitErrors("data", 1)
	if p := r.replica.Status(0).Partitions[0].Position; p != damaged.Base {
		t.Errorf("the position is %d, the damage is at %d", p, damaged.Base)
	}
	for n := uint32(4); n <= 10; n++ {
		if r.replica.Revoked(tokens.Serial{Day: script.day, Index: n}) {
			t.Errorf("serial %d was applied from a damaged batch or a later one", n)
		}
	}
	if state := r.replica.Status(script.now).State; state != revocation.Booting {
		t.Errorf("%s without the damaged batch", state)
	}
	healed.Store(true)
	r.awaitReady(l.End())
	r.stop()
	script.check(t, topic, r.replica)
	s.change(topic, func(l *servedLog) {
		for _, asked := range l.asked {
			if asked != 0 && asked != damaged.Base && asked < 8 {
				t.Errorf("offset %d was asked for: %v", asked, l.asked)
			}
		}
	})
}

// A batch with a valid checksum that was written to do harm is not damage: other bytes will never arrive. It
// is skipped in one step, however many offsets it covers, and the other batches are read.
func TestHostileBatchDoesNotStopTheFollower(t *testing.T) {
	const covered = 100_000
	server := newLogServer(t, "hostile-first", "hostile-behind")
	for _, topic := range []string{"hostile-first", "hostile-behind"} {
		s, l := newScript(), &batch.Log{}
		l.Append(false, placed(batch.None, 0, 2, s.revokes(3)...))
		empty := placed(batch.None, 3, 3+covered-1)
		l.Append(topic == "hostile-first", empty)
		l.Append(false, placed(batch.None, 3+covered, 3+covered+4, s.revokes(5)...))
		hostile := append(empty.Encode(), make([]byte, 100)...)
		hostile[57] = 0xff // a negative count
		batch.Repair(hostile)
		server.put(topic, &servedLog{log: l, alter: func(_ int64, records []byte) []byte {
			return bytes.Replace(records, empty.Encode(), hostile, 1)
		}})
		r := server.read(t, topic, s.began)
		r.awaitReady(l.End())
		if e := r.follower.Stats().Errors; len(e) != 0 {
			t.Errorf("%s: %v", topic, e)
		}
		r.stop()
		s.check(t, topic, r.replica)
		server.change(topic, func(l *servedLog) {
			if len(l.asked) > 10 {
				t.Errorf("%s: %d fetches", topic, len(l.asked))
			}
		})
	}
}
