package guard_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go/compress"

	"github.com/railgate/railgate/revocation/kafka/guard"
	"github.com/railgate/railgate/test/fakekafka/batch"
)

// threeBatches returns the batches of a log of 15 messages.
func threeBatches() [][]byte {
	return [][]byte{honest(0, 4).Encode(), honest(5, 9).Encode(), honest(10, 14).Encode()}
}

func offsets(from, to int64) (all []int64) {
	for ; from <= to; from++ {
		all = append(all, from)
	}
	return all
}

// The intact batches before a damaged one are used; the next answer begins with the damage, and is an error.
func TestBatchesBeforeDamageAreUsed(t *testing.T) {
	for name, at := range map[string]int{"length": 8, "length, too small": 10, "format": 16, "checksum": 17, "content": 100} {
		t.Run(name, func(t *testing.T) {
			b := threeBatches()
			if b[1][at] ^= 0x80; at == 10 {
				b[1][10], b[1][11] = 0, 10
			}
			x := exchange{version: newest}
			seen, next, err := x.offsets(t, frameOf(newest, 15, slices.Concat(b...)))
			if err != nil || !slices.Equal(seen, offsets(0, 4)) || next != 5 {
				t.Errorf("%v, next %d, %v", seen, next, err)
			}
			x.offset = 5
			if seen, _, err := x.offsets(t, frameOf(newest, 15, slices.Concat(b[1:]...))); !errors.Is(err, guard.ErrDamaged) {
				t.Errorf("%v, %v", seen, err)
			}
			if x.dropped.Load() != 0 {
				t.Error("damage is counted as an attack")
			}
		})
	}
}

// No flipped bit of a base offset, which the CRC does not cover, makes a message appear at another offset, as
// long as the answer reaches the log's end.
func TestBaseOffsetIsChecked(t *testing.T) {
	for victim := range 3 {
		for bit := range 64 {
			b := threeBatches()
			b[victim][bit/8] ^= 0x80 >> (bit % 8)
			x := exchange{version: newest}
			seen, next, err := x.offsets(t, frameOf(newest, 15, slices.Concat(b...)))
			if errors.Is(err, guard.ErrDamaged) {
				continue
			}
			if err != nil || next > int64(5*victim) || !slices.Equal(seen, offsets(0, next-1)) {
				t.Errorf("batch %d, bit %d: %v, next %d, %v", victim, bit, seen, next, err)
			}
		}
	}
}

// A broker answers with the batch that contains the requested offset. A batch before it would look like a
// hole.
func TestAnswerBeginsAtTheRequestedOffset(t *testing.T) {
	x := exchange{version: newest, offset: 7}
	b := threeBatches()
	if seen, next, err := x.offsets(t, frameOf(newest, 15, slices.Concat(b[1:]...))); err != nil || next != 15 || len(seen) != 8 {
		t.Errorf("%v, next %d, %v", seen, next, err)
	}
	if seen, _, err := x.offsets(t, frameOf(newest, 15, slices.Concat(b...))); !errors.Is(err, guard.ErrDamaged) {
		t.Errorf("%v, %v", seen, err)
	}
}

// Messages of the formats before Kafka 0.11 are refused.
func TestOldFormatsAreRefused(t *testing.T) {
	for magic := range byte(2) {
		b := honest(0, 4).Encode()
		b[16] = magic
		x := exchange{version: newest}
		if _, _, err := x.offsets(t, frameOf(newest, 15, b)); !errors.Is(err, guard.ErrDamaged) {
			t.Error(err)
		}
	}
}

// The number of records in an answer is limited. More records in one batch are an attack; more in several are
// read in parts.
func TestRecordsOfAnAnswerAreLimited(t *testing.T) {
	const allowed = 1 << 16
	for _, c := range []struct {
		sizes   []int64
		next    int64
		dropped uint64
	}{
		{[]int64{allowed}, allowed, 0},
		{[]int64{allowed / 2, allowed / 2}, allowed, 0},
		{[]int64{allowed / 2, allowed/2 + 1}, allowed / 2, 0},
		{[]int64{allowed + 1}, allowed + 1, 1},
		{[]int64{allowed + 1, 10}, allowed + 1, 1}, // the rest must wait
	} {
		t.Run(fmt.Sprint(c.sizes), func(t *testing.T) {
			var set []byte
			end := int64(0)
			for _, n := range c.sizes {
				b := batch.Batch{Base: end, Last: end + n - 1}
				for i := range n {
					b.Messages = append(b.Messages, batch.Message{Offset: end + i})
				}
				set, end = append(set, b.Encode()...), end+n
			}
			x := exchange{version: newest}
			if _, next, err := x.offsets(t, frameOf(newest, end, set)); err != nil || next != c.next || x.dropped.Load() != c.dropped {
				t.Errorf("next %d, %d dropped, %v", next, x.dropped.Load(), err)
			}
		})
	}
}

// A decompression bomb after a regular batch must wait until it is first, so that one answer never
// decompresses more than its limit.
func TestBombWaitsForTheNextAnswer(t *testing.T) {
	packed := honest(0, 4)
	packed.Codec = batch.Zstd
	set := append(packed.Encode(), rebased(bomb(t, compress.Zstd), 5)...)
	x := exchange{version: newest}
	if seen, next, err := x.offsets(t, frameOf(newest, 100, set)); err != nil || len(seen) != 5 || next != 5 || x.dropped.Load() != 0 {
		t.Errorf("%d messages, next %d, %v", len(seen), next, err)
	}
	x.offset = 5
	set = append(rebased(bomb(t, compress.Zstd), 5), honest(15, 19).Encode()...)
	if seen, next, err := x.offsets(t, frameOf(newest, 100, set)); err != nil || len(seen) != 5 || next != 20 || x.dropped.Load() != 1 {
		t.Errorf("%d messages, next %d, %v", len(seen), next, err)
	}
}

// rebased moves a batch to another base offset below 256.
func rebased(b []byte, base byte) []byte {
	b[7] = base
	return b
}
