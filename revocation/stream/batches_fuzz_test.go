package stream_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/railgate/railgate/test/fakekafka/batch"
)

// FuzzFetchedRecords passes any bytes as the records of a fetch response to kafka-go and to kafka.Walk, from
// any position. Nothing panics, the position never moves back, and every message of the intact batches at the
// beginning is visited, in order, unless it precedes the position: later bytes cannot hide it. The position
// moves only past decoded messages.
func FuzzFetchedRecords(f *testing.F) {
	for _, codec := range batch.Codecs {
		s := newScript()
		full := placed(codec, 3, 5, s.revokes(3)...).Encode()
		compacted := placed(codec, 6, 9, s.sign(0)).Encode()
		empty := placed(codec, 10, 14).Encode()
		marker := batch.Batch{Base: 15, Last: 15, Producer: producer, Marker: batch.Commit}.Encode()
		all := slices.Concat(full, compacted, empty, marker)
		f.Add(all, uint8(0), false)
		f.Add(all, uint8(4), true)
		f.Add(all[:len(all)-30], uint8(5), false)
		f.Add(empty, uint8(12), true)
		f.Add(slices.Concat(marker, all), uint8(15), false)
		negative := slices.Clone(all)
		negative[len(full)+lengthAt] ^= 0x80
		f.Add(negative, uint8(0), false)
	}
	f.Add([]byte{}, uint8(0), false)
	f.Fuzz(func(t *testing.T, records []byte, from uint8, repair bool) {
		position := int64(from)
		// The CRC rejects nearly all inputs of a fuzzer. With the CRC repaired, a changed batch is tested if
		// it is sound; only a program that writes the topic's files can make an unsound batch with a valid
		// CRC.
		if repair && len(records) >= batch.HeaderSize {
			if r := batch.Repair(slices.Clone(records)); len(batch.Parse(r)) > 0 {
				records = r
			}
		}
		batches := batch.Parse(records)
		if n := len(batches); n > 0 && lastIsUncertain(records, batches) {
			batches = batches[:n-1]
		}
		var want []visited
		end := position
		for _, b := range batches {
			end = max(end, b.Base)
			for _, m := range b.Messages {
				if m.Offset >= position {
					want = append(want, visited{m.Offset, string(m.Value)})
				}
				end = max(end, m.Offset+1)
			}
			if b.Marker != batch.NoMarker && !b.Emptied {
				end = max(end, b.Base+1)
			}
		}

		seen, next, lowest, err := walk(records, position)
		if len(seen) < len(want) || !slices.Equal(seen[:len(want)], want) {
			t.Fatalf("visited %d of %d intact messages: %v", len(seen), len(want), err)
		}
		if next < end {
			t.Fatalf("next is %d, but all messages up to %d were read", next, end)
		}
		if len(batches) == 0 && len(seen) == 0 && next != position && lowest < 0 {
			t.Fatalf("moved from %d to %d without a batch", position, next)
		}
		if len(batches) > 0 && (lowest < 0 || lowest > batches[0].Base) {
			t.Fatalf("lowest base is %d, the first batch begins at %d", lowest, batches[0].Base)
		}
	})
}

// lastIsUncertain reports whether a batch follows whose base offset does not match. Then either it or the
// last intact batch may have the wrong offset.
func lastIsUncertain(records []byte, batches []batch.Batch) bool {
	for range batches {
		records = records[epochAt+binary.BigEndian.Uint32(records[lengthAt:]):]
	}
	return len(records) >= batch.HeaderSize &&
		int64(binary.BigEndian.Uint64(records)) <= batches[len(batches)-1].Last
}
