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

// script makes the messages of an issuer in partition 0, and knows which serials must be revoked after all of
// them.
type script struct {
	began    int64 // Unix ms; the gateway started then
	now      int64 // of the newest message, Unix ms
	day      uint16
	next     uint64
	revoked  map[uint32]bool
	messages int
}

func newScript() *script {
	now := time.Now()
	return &script{began: now.UnixMilli(), now: now.UnixMilli(), day: uint16(tokens.DayOf(now.Unix())), next: 1, revoked: map[uint32]bool{}}
}

// sign signs one message with the next numbers; without indexes it is a heartbeat.
func (s *script) sign(kind revocation.Kind, indexes ...uint32) batch.Message {
	s.now++ // no two messages are signed in the same moment
	var records []revocation.Record
	for _, i := range indexes {
		records = append(records, revocation.Record{Kind: kind, At: s.now, Serial: tokens.Serial{Day: s.day, Index: i}})
		if s.revoked[i] = true; kind == revocation.KindUnrevoke {
			delete(s.revoked, i)
		}
	}
	b := revocation.Batch{Epoch: 1, First: s.next, IssuedAt: s.now, Through: s.now}
	s.next += uint64(len(indexes))
	s.messages++
	key := fmt.Sprintf("message %d", s.messages)
	if len(indexes) == 0 {
		key = "heartbeat"
	}
	return batch.Message{Key: []byte(key), Value: revocationtest.Seal(b, records...)}
}

// revokes returns n messages that revoke one new serial each.
func (s *script) revokes(n int) []batch.Message {
	messages := make([]batch.Message, n)
	for i := range messages {
		messages[i] = s.sign(revocation.KindRevoke, uint32(s.next))
	}
	return messages
}

// placed puts messages at the offsets from base; compaction has removed the offsets after them up to last.
func placed(codec batch.Codec, base, last int64, messages ...batch.Message) batch.Batch {
	for i := range messages {
		messages[i].Offset = base + int64(i)
	}
	return batch.Batch{Base: base, Last: last, Codec: codec, Messages: messages}
}

// check compares a replica with the script: every serial, and no fault.
func (s *script) check(t *testing.T, name string, r *revocation.Replica) {
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
			t.Errorf("%s: %d messages had the outcome %s", name, n, o)
		}
	}
	if status.Counts.Rewinds != 0 {
		t.Errorf("%s: read again %d times", name, status.Counts.Rewinds)
	}
}
