package stream_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/fakekafka/batch"
	"github.com/railgate/railgate/tokens"
)

// script is what an issuer says in partition 0: control messages in a row, and
// what must be revoked after all of them.
type script struct {
	began   int64 // Unix ms; the gateway was started then
	now     int64 // of the newest message, Unix ms
	day     uint16
	next    uint64
	revoked map[uint32]bool
	said    int // messages
}

func newScript() *script {
	now := time.Now()
	return &script{began: now.UnixMilli(), now: now.UnixMilli(), day: uint16(tokens.DayOf(now.Unix())), next: 1, revoked: map[uint32]bool{}}
}

// say signs one message with the next numbers; without indexes it is a heartbeat.
func (s *script) say(kind revocation.Kind, indexes ...uint32) batch.Message {
	s.now++ // no two are signed in the same moment
	var records []revocation.Record
	for _, i := range indexes {
		records = append(records, revocation.Record{Kind: kind, At: s.now, Serial: tokens.Serial{Day: s.day, Index: i}})
		if s.revoked[i] = true; kind == revocation.KindUnrevoke {
			delete(s.revoked, i)
		}
	}
	b := revocation.Batch{Epoch: 1, First: s.next, IssuedAt: s.now, Through: s.now}
	s.next += uint64(len(indexes))
	s.said++
	key := fmt.Sprintf("said %d", s.said)
	if len(indexes) == 0 {
		key = "heartbeat"
	}
	return batch.Message{Key: []byte(key), Value: revocationtest.Seal(b, records...)}
}

// revokes is n messages that revoke one new serial each.
func (s *script) revokes(n int) []batch.Message {
	messages := make([]batch.Message, n)
	for i := range messages {
		messages[i] = s.say(revocation.KindRevoke, uint32(s.next))
	}
	return messages
}

// batch places messages at the offsets from base on; what is behind them up to
// last, compaction took.
func placed(codec batch.Codec, base, last int64, messages ...batch.Message) batch.Batch {
	for i := range messages {
		messages[i].Offset = base + int64(i)
	}
	return batch.Batch{Base: base, Last: last, Codec: codec, Messages: messages}
}

// agrees checks a replica against the script: every serial, and no complaint.
func (s *script) agrees(t *testing.T, name string, r *revocation.Replica) {
	t.Helper()
	highest := uint32(s.next)
	for i := range maps.Keys(s.revoked) {
		highest = max(highest, i)
	}
	for i := range highest + 2 {
		if got := r.Revoked(tokens.Serial{Day: s.day, Index: i}); got != s.revoked[i] {
			t.Errorf("%s: serial %d revoked %v, want %v", name, i, got, s.revoked[i])
		}
	}
	status := r.Status(s.now)
	if status.Revoked != len(s.revoked) || status.State != revocation.Fresh || len(status.Waiting) != 0 {
		t.Errorf("%s: %d revoked of %d, %s, %v", name, status.Revoked, len(s.revoked), status.State, status.Waiting)
	}
	for _, o := range revocation.Outcomes() {
		if n := status.Counts.Outcomes[o]; n != 0 && o != revocation.Applied {
			t.Errorf("%s: %d messages came out as %s", name, n, o)
		}
	}
	if status.Counts.Rewinds != 0 {
		t.Errorf("%s: read again %d times", name, status.Counts.Rewinds)
	}
}
