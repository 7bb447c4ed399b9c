package batch_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/railgate/railgate/test/fakekafka/batch"
)

var sample = batch.Batch{Base: 40, Last: 49, Messages: []batch.Message{
	{Offset: 41, Key: []byte("a"), Value: bytes.Repeat([]byte("first "), 40)}, {Offset: 45, Key: []byte{}, Value: []byte{}}}}

// Parse returns what Encode wrote, and rejects a batch with any byte changed.
func TestEncodedBatchIsParsedAndChangedBatchIsRejected(t *testing.T) {
	for _, codec := range batch.Codecs {
		b := sample
		b.Codec = codec
		raw := append(b.Encode(), batch.Batch{Base: 50, Last: 50, Marker: batch.Abort, Producer: 3}.Encode()...)
		got := batch.Parse(raw)
		if len(got) != 2 || got[0].Base != 40 || got[0].Last != 49 || fmt.Sprint(got[0].Messages) != fmt.Sprint(sample.Messages) ||
			got[1].Marker == batch.NoMarker || len(got[1].Messages) != 0 {
			t.Errorf("%s: %+v", codec, got)
		}
		for i := 8; i < len(b.Encode()); i++ {
			if i >= 12 && i < 16 {
				continue // any leader epoch is valid
			}
			bad := bytes.Clone(raw)
			bad[i] ^= 1
			if got := batch.Parse(bad); len(got) != 0 {
				t.Errorf("%s: accepted with byte %d changed", codec, i)
			}
		}
	}
}

// Log.Read starts at the batch that covers the offset, ends at the segment's end, and returns the
// first batch whole.
func TestLogIsReadAsFromABroker(t *testing.T) {
	var l batch.Log
	for i, newSegment := range []bool{false, false, true} {
		l.Append(newSegment, batch.Batch{Base: int64(10 * i), Last: int64(10*i + 4)})
	}
	for _, c := range []struct {
		offset   int64
		limit    int
		cutFirst bool
		want     int
	}{
		{0, 1 << 20, false, 2 * batch.HeaderSize},
		{4, 100, false, 100},
		{4, 10, false, batch.HeaderSize},
		{4, 10, true, 10},
		{5, 1 << 20, false, batch.HeaderSize},  // in a gap: the next batch
		{15, 1 << 20, false, batch.HeaderSize}, // the next segment
		{25, 1 << 20, false, 0},
	} {
		if got := len(l.Read(c.offset, c.limit, c.cutFirst)); got != c.want {
			t.Errorf("%+v: %d bytes", c, got)
		}
	}
	if l.Hidden = 2; l.End() != 5 || len(l.Read(0, 1<<20, false)) != batch.HeaderSize {
		t.Errorf("uncommitted batches are served: end %d", l.End())
	}
}
