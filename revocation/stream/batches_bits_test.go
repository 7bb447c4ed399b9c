package stream_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/fakekafka/batch"
)

// Offsets of fields that precede the part covered by the CRC, bytes.
const (
	lengthAt = 8
	epochAt  = 12
	magicAt  = 16
)

// stepOfBits is the step between tested bits of compressed records: testing all bits would take half a minute
// under the race detector. It is prime, so every bit position of a byte is tested.
const stepOfBits = 23

// Every single bit of a batch is flipped. Where the CRC covers it, the result is an error and no message is
// visited. The CRC does not cover the first bytes. Of these, only the base offset can make a message appear
// at another offset, and then the message still contains its signed number.
func TestEveryFlippedBitIsDetected(t *testing.T) {
	for _, codec := range batch.Codecs {
		s := newScript()
		good := placed(codec, 100, 104, s.revokes(5)...).Encode()
		behind := placed(codec, 105, 106, s.revokes(2)...).Encode()
		whole, _, _, err := walk(slices.Concat(good, behind), 100)
		if err != nil || len(whole) != 7 {
			t.Fatalf("%s: undamaged: %d messages, %v", codec, len(whole), err)
		}
		for bit := range len(good) * 8 {
			bad := slices.Concat(good, behind)
			bad[bit/8] ^= 0x80 >> (bit % 8)
			if codec != batch.None && bit/8 >= batch.HeaderSize && bit%stepOfBits != 0 {
				continue
			}
			seen, next, lowest, err := walk(bad, 100)
			switch at := bit / 8; {
			case at < lengthAt:
				for _, v := range seen {
					if !slices.ContainsFunc(whole, func(w visited) bool { return w.value == v.value }) {
						t.Errorf("%s: bit %d: visited a message that is not in the log", codec, bit)
					}
				}
			case at < epochAt: // too short: an error; too long: looks cut, so it is requested again
				if len(seen) != 0 || next != 100 || lowest != -1 {
					t.Errorf("%s: bit %d: %d messages, next %d, lowest %d", codec, bit, len(seen), next, lowest)
				}
			case at < magicAt: // the leader's epoch does not affect the content
				if !slices.Equal(seen, whole) || err != nil {
					t.Errorf("%s: bit %d: %d messages, %v", codec, bit, len(seen), err)
				}
			default:
				if len(seen) != 0 || next != 100 || lowest != -1 || err == nil {
					t.Errorf("%s: bit %d: %d messages, next %d, lowest %d, %v", codec, bit, len(seen), next, lowest, err)
				}
			}
		}
	}
}

// A base offset that was wrong once, in a log read from its first offset. If it is too high, reading jumps
// ahead; if it is too low, messages look as if they were read before. The end of the log reveals it, or the
// numbers of the next message, which a heartbeat contains too; a re-reading heals it.
func TestWrongBaseOffsetIsDetectedAndHealed(t *testing.T) {
	const batches, each = 3, 4
	topic := func(victim, bit int) string { return fmt.Sprintf("base-%d-%d", victim, bit) }
	var topics []string
	for victim := range batches {
		for bit := range 64 {
			topics = append(topics, topic(victim, bit))
		}
	}
	server := newLogServer(t, topics...)
	for victim := range batches {
		for bit := range 64 {
			s, l := newScript(), &batch.Log{}
			var good []byte
			for i := range int64(batches) {
				b := placed(batch.None, i*each, i*each+each-1, s.revokes(each)...)
				if i == int64(victim) {
					good = b.Encode()
				}
				l.Append(true, b)
			}
			l.Append(true, placed(batch.None, batches*each, batches*each, s.sign(0)))
			l.Hidden = 1
			bad := slices.Clone(good)
			bad[bit/8] ^= 0x80 >> (bit % 8)
			wrong := 1
			server.put(topic(victim, bit), &servedLog{log: l, alter: func(_ int64, records []byte) []byte {
				if wrong == 0 || !bytes.Equal(records, good) {
					return records
				}
				wrong--
				return bad
			}})
			r := server.read(t, topic(victim, bit), s.began)
			r.awaitOffset(batches * each)
			server.change(topic(victim, bit), func(v *servedLog) { v.log.Hidden = 0 })
			r.await("all, ready, at the log's end", func(status revocation.Status) bool {
				return status.State == revocation.Fresh && status.Revoked == len(s.revoked) &&
					status.Partitions[0].Position == batches*each+1
			})
			r.stop()
		}
	}
}
