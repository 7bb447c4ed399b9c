package stream_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

const (
	rounds = 60 // produce requests of the history, per partition
	// roundTime is how far the history's clock advances from one request to the next. Brokers begin segments
	// by the messages' time, so a history of half a minute is written in a few seconds and still fills many
	// segments.
	roundTime = 400 * time.Millisecond
	// Segments are cleaned together up to segment.bytes, at least 1 MiB. With this many revocations several
	// segments remain, and such a segment ends within a partially removed batch: the place where readers that
	// rely on a batch's length fail.
	maxRevocations = 800    // serials in one message
	serials        = 40_000 // of a partition, that messages may be about
	// compaction is how long the brokers may take to remove superseded messages.
	compaction = time.Minute
	beatEvery  = 200 * time.Millisecond
)

// compactAtOnce are topic settings with which Kafka compacts as soon as it can.
var compactAtOnce = []kafka.ConfigEntry{
	{ConfigName: "cleanup.policy", ConfigValue: "compact"},
	{ConfigName: "segment.ms", ConfigValue: "1000"},
	{ConfigName: "segment.bytes", ConfigValue: "1048576"}, // the minimum of Kafka 4
	{ConfigName: "min.cleanable.dirty.ratio", ConfigValue: "0.01"},
	{ConfigName: "min.compaction.lag.ms", ConfigValue: "0"},
	{ConfigName: "delete.retention.ms", ConfigValue: "1000"},
}

// message is one message of the control topic.
type message struct {
	key, value []byte
	at         int64 // Unix ms
}

// historyWriter writes the same messages to several logs, and knows the resulting state.
type historyWriter struct {
	t      *testing.T
	logs   []*realLog
	random *rand.Rand
	day    uint16
	now    int64 // of the newest message, Unix ms

	next    [partitions]uint64
	written [partitions]content // codecs unset
	revoked map[uint32]bool
}

func newHistoryWriter(t *testing.T, logs ...*realLog) *historyWriter {
	now := time.Now()
	return &historyWriter{t: t, logs: logs, random: rand.New(rand.NewPCG(1, 0)), day: uint16(tokens.DayOf(now.Unix())),
		now: now.Add(-rounds * roundTime).UnixMilli(), next: [partitions]uint64{1, 1, 1}, revoked: map[uint32]bool{}}
}

// sign signs a message of partition p with the next numbers; without records it is a heartbeat. Keys are
// those of the publisher: only heartbeats supersede one another.
func (h *historyWriter) sign(p int, records ...revocation.Record) message {
	h.now++
	for i := range records {
		records[i].At = h.now
	}
	b := revocation.Batch{Epoch: 1, Partition: uint16(p), First: h.next[p], IssuedAt: h.now, Through: h.now}
	m := message{key: []byte("heartbeat"), value: revocationtest.Seal(b, records...), at: h.now}
	if len(records) == 0 {
		h.written[p].heartbeats++
		return m
	}
	m.key = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("batch:"), b.Epoch), b.First)
	h.next[p] += uint64(len(records))
	h.written[p].data++
	return m
}

// revocations returns a message about serials of partition p, most of them revoked, some unrevoked.
func (h *historyWriter) revocations(p int) message {
	records := make([]revocation.Record, 1+h.random.IntN(maxRevocations))
	for i := range records {
		index := h.random.Uint32N(serials)*partitions + uint32(p)
		records[i] = revocation.Record{Kind: revocation.KindRevoke, Serial: tokens.Serial{Day: h.day, Index: index}}
		if h.revoked[index] = true; h.random.IntN(8) == 0 {
			records[i].Kind = revocation.KindUnrevoke
			delete(h.revoked, index)
		}
		if publish.Partition(&records[i], partitions) != p {
			h.t.Fatalf("serial %d is not of partition %d", index, p)
		}
	}
	return h.sign(p, records...)
}

// writeRound writes one round of the history: one request per partition, revocations and heartbeats mixed. It
// ends with a heartbeat, so that compaction removes the end of the batch.
func (h *historyWriter) writeRound(codec kafka.Compression) {
	for p := range partitions {
		var messages []message
		for range 12 + h.random.IntN(16) {
			if h.random.IntN(2) == 0 {
				messages = append(messages, h.sign(p))
			} else {
				messages = append(messages, h.revocations(p))
			}
		}
		h.write(p, codec, append(messages, h.sign(p)))
	}
	h.now += roundTime.Milliseconds()
}

func (h *historyWriter) write(p int, codec kafka.Compression, messages []message) {
	h.t.Helper()
	for _, l := range h.logs {
		l.append(p, codec, messages)
	}
}

// heartbeatsUntil sends heartbeats, as the issuer does, until missing returns "".
func (h *historyWriter) heartbeatsUntil(within time.Duration, missing func() string) {
	h.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(beatEvery) {
		what := missing()
		if what == "" {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("after %v: %s", within, what)
		}
		h.now = max(h.now, time.Now().UnixMilli())
		for p := range partitions {
			h.write(p, 0, []message{h.sign(p)})
		}
	}
}

// check compares a reader at the log's end with the history.
func (h *historyWriter) check(r *realReader) {
	h.t.Helper()
	for index := range uint32(serials * partitions) {
		if got := r.replica.Revoked(tokens.Serial{Day: h.day, Index: index}); got != h.revoked[index] {
			h.t.Errorf("%s: serial %d revoked %v, want %v", r.name, index, got, h.revoked[index])
		}
	}
	s, stats := r.replica.Status(h.now), r.follower.Stats()
	if s.Revoked != len(h.revoked) || s.State != revocation.Fresh || len(s.Waiting) != 0 {
		h.t.Errorf("%s: %d revoked of %d, %s, %v", r.name, s.Revoked, len(h.revoked), s.State, s.Waiting)
	}
	// A new leader may not know yet how far all replicas are, and name an end before the position. That must
	// not cause a re-reading.
	if s.Counts.Rewinds != 0 {
		h.t.Errorf("%s: read again %d times\n%s", r.name, s.Counts.Rewinds, r.errors.String())
	}
	harmless := []revocation.Outcome{revocation.Applied, revocation.PastHeartbeat}
	for _, o := range revocation.Outcomes() {
		if n := s.Counts.Outcomes[o]; n != 0 && !slices.Contains(harmless, o) {
			h.t.Errorf("%s: %d messages had the outcome %s", r.name, n, o)
		}
	}
	if n := stats.Errors["data"] + stats.Undecodable; n != 0 {
		h.t.Errorf("%s: %d answers could not be read", r.name, n)
	}
	// An answer contains at least one request's messages, or skips a hole, or was sent because there was no
	// new message for MaxWait; doubled, for unknown causes.
	waits := partitions * (1 + uint64(time.Now().UnixMilli()-r.since)/uint64(stream.MaxWait.Milliseconds()))
	if most := 2 * (uint64(r.log.requests) + stats.Holes + stats.Lagging + waits); stats.Fetches > most {
		h.t.Errorf("%s: %d fetches, %d are enough", r.name, stats.Fetches, most)
	}
	h.t.Logf("%s: %d fetches, %d holes stepped through, %d answers of lagging leaders, errors %v, links renewed %v\n%s",
		r.name, stats.Fetches, stats.Holes, stats.Lagging, stats.Errors, stats.Renewed, r.errors.String())
}

// The same messages are written to an ordinary topic and to a compacted one, in every codec, while leaders
// move. A reader that followed all the time and one that starts after compaction reach the same state, that
// of the history.
func TestRealKafkaIsReadExactlyDespiteCompaction(t *testing.T) {
	cluster := openNodes(t)
	plain := cluster.create("plain", kafka.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "delete"})
	compacted := cluster.create("compacted", compactAtOnce...)
	h := newHistoryWriter(t, plain, compacted)
	readers := []*realReader{plain.read("always there"), compacted.read("always there")}
	for round := range rounds {
		h.writeRound(kafka.Compression(round % 5)) // none, gzip, snappy, lz4, zstd
		if round == rounds/3 || round == rounds*2/3 {
			plain.moveLeaders()
			compacted.moveLeaders()
		}
	}

	began := time.Now()
	h.heartbeatsUntil(compaction, func() string {
		for p := range partitions {
			if n, all := compacted.count(p).heartbeats, h.written[p].heartbeats; n*4 > all {
				return fmt.Sprintf("Kafka has not compacted partition %d: %d heartbeats of %d are left", p, n, all)
			}
		}
		return ""
	})
	t.Logf("compacted within %.1fs", time.Since(began).Seconds())

	began = time.Now()
	late := compacted.read("late")
	readers = append(readers, late, plain.read("late"))
	compacted.moveLeaders()
	plain.moveLeaders()
	h.heartbeatsUntil(nodeTimeout, func() string {
		for _, r := range readers {
			if s := r.replica.Status(h.now); s.State != revocation.Fresh || s.Revoked != len(h.revoked) {
				return fmt.Sprintf("%s: %d revoked of %d, %s, %v; %+v\n%s", r.name, s.Revoked, len(h.revoked), s.State, s.Waiting,
					r.follower.Stats(), r.errors.String())
			}
		}
		return ""
	})
	t.Logf("late readers were fresh within %.1fs, leaders moved meanwhile", time.Since(began).Seconds())

	for _, r := range readers {
		runtest.Eventually(t, nodeTimeout, r.name+" at the high watermark", func() bool {
			for p, at := range r.follower.Stats().Partitions {
				if at.Position != r.log.ends[p] || at.HighWatermark != r.log.ends[p] {
					return false
				}
			}
			return true
		})
		h.check(r)
		r.stop()
	}
	if late.follower.Stats().Holes == 0 {
		t.Error("the late reader met no hole, so the test proves little")
	}
	for p := range partitions {
		h.checkContent(plain, p)
		h.checkContent(compacted, p)
	}
}

// checkContent checks the current content of a partition, and prints it for another program to check: name,
// partition, messages with records, and heartbeats at least and at most. Compaction may remove more later.
func (h *historyWriter) checkContent(l *realLog, p int) {
	h.t.Helper()
	c, want := l.count(p), h.written[p]
	least, whole := want.heartbeats, l == h.logs[0]
	if !whole {
		least = 1
	}
	switch {
	case int64(want.data+want.heartbeats) != l.ends[p]:
		h.t.Errorf("%s/%d: %d+%d messages written, %d offsets", l.name, p, want.data, want.heartbeats, l.ends[p])
	case c.data != want.data, c.heartbeats < least, c.heartbeats > want.heartbeats:
		h.t.Errorf("%s/%d: %d messages and %d heartbeats of %d and %d", l.name, p, c.data, c.heartbeats, want.data, want.heartbeats)
	case !whole && c.heartbeats == want.heartbeats:
		h.t.Errorf("%s/%d: compaction left no hole, so the test proves nothing", l.name, p)
	case len(c.codecs) != 5:
		h.t.Errorf("%s/%d: written in 5 codecs, found %v", l.name, p, c.codecs)
	}
	fmt.Printf("left %s %d %d %d %d\n", l.name, p, c.data, least, c.heartbeats)
}
