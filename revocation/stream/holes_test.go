package stream

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// fakeBroker is a broker whose record batches look like after compaction: each covers a range of offsets in
// which any message may be missing.
type fakeBroker struct {
	batches []span
	end     int64
	fetches int
}

type span struct {
	base, last int64
	messages   map[int64][]byte
}

func (b *fakeBroker) Fetch(ctx context.Context, r *kafka.FetchRequest) (*kafka.FetchResponse, error) {
	b.fetches++
	if r.Offset >= b.end {
		select { // a broker delays an answer while there is no new message
		case <-ctx.Done():
		case <-time.After(r.MaxWait):
		}
	}
	res := &kafka.FetchResponse{HighWatermark: b.end, Records: kafka.NewRecordReader()}
	for _, s := range b.batches {
		if s.last < r.Offset {
			continue
		}
		var records []protocol.Record
		for o := s.base; o <= s.last; o++ {
			if m, ok := s.messages[o]; ok {
				records = append(records, protocol.Record{Offset: o, Value: protocol.NewBytes(m)})
			}
		}
		res.Records = &protocol.RecordStream{Records: []protocol.RecordReader{
			&protocol.RecordBatch{BaseOffset: s.base, Records: protocol.NewRecordReader(records...)}}}
		break // a response never crosses a segment; the hardest case is one batch each
	}
	return res, nil
}

func (b *fakeBroker) ListOffsets(context.Context, *kafka.ListOffsetsRequest) (*kafka.ListOffsetsResponse, error) {
	return &kafka.ListOffsetsResponse{Topics: map[string][]kafka.PartitionOffsets{
		"t": {{Partition: 0, FirstOffset: 0, LastOffset: b.end}}}}, nil
}

func (b *fakeBroker) Metadata(context.Context, *kafka.MetadataRequest) (*kafka.MetadataResponse, error) {
	return &kafka.MetadataResponse{Topics: []kafka.Topic{{Name: "t", Partitions: make([]kafka.Partition, 1)}}}, nil
}

func (b *fakeBroker) DescribeConfigs(context.Context, *kafka.DescribeConfigsRequest) (*kafka.DescribeConfigsResponse, error) {
	return &kafka.DescribeConfigsResponse{}, nil
}

func (b *fakeBroker) DroppedBatches() uint64 { return 0 }
func (b *fakeBroker) Close()                 {}

// newCursor makes a follower of the broker and the cursor of its one partition.
func newCursor(b *fakeBroker, r *revocation.Replica) (*Follower, *cursor) {
	f := New(func() (Link, error) { return b, nil }, "t", r, time.Now, zap.NewNop())
	f.connect(context.Background())
	return f, &cursor{position: -1, maxBytes: fetchBytes}
}

// A log may end in a batch without messages, begin with one, or have several in a row. kafka.Reader stalls or
// loops there; the follower reaches the end.
func TestHolesOfCompactionAreSkipped(t *testing.T) {
	now := time.Now().UnixMilli()
	day := uint16(tokens.DayOf(now / 1000))
	message := func(first uint64) []byte {
		return revocationtest.Seal(revocation.Batch{Epoch: 1, First: first, IssuedAt: now, Through: now},
			revocation.Record{Kind: revocation.KindRevoke, Serial: tokens.Serial{Day: day, Index: uint32(first)}})
	}
	b := &fakeBroker{end: 40, batches: []span{
		{base: 0, last: 3},
		{base: 4, last: 9, messages: map[int64][]byte{5: message(1), 6: message(2)}},
		{base: 10, last: 12}, {base: 13, last: 19},
		{base: 25, last: 30, messages: map[int64][]byte{25: message(3), 30: message(4)}},
		{base: 31, last: 39},
	}}
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, now-1)
	if err != nil {
		t.Fatal(err)
	}
	f, c := newCursor(b, r)
	for c.position < b.end {
		if b.fetches > 60 {
			t.Fatalf("still at offset %d after %d fetches", c.position, b.fetches)
		}
		if err := f.step(t.Context(), b, c); err != nil {
			t.Fatal(err)
		}
	}
	if s := r.Status(now); s.Revoked != 4 || s.State != revocation.Fresh {
		t.Fatalf("%d revocations of 4, state %s, waiting for %s", s.Revoked, s.State, strings.Join(s.Waiting, "; "))
	}
}

// A broker that announces more messages but delivers no readable one may have cut a batch short. The follower
// requests more bytes and keeps its position.
func TestUnreadMessagesAreNotSkipped(t *testing.T) {
	b := &fakeBroker{end: 10}
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	f, c := newCursor(b, r)
	for range 10 {
		if err := f.step(t.Context(), b, c); err != nil {
			t.Fatal(err)
		}
	}
	if c.position != 0 || c.maxBytes != maxFetchBytes || f.Stats().Undecodable == 0 {
		t.Fatalf("at offset %d asking for %d bytes, %d counted", c.position, c.maxBytes, f.Stats().Undecodable)
	}
}
