// Package batch encodes Kafka record batches byte for byte as brokers store and serve them. That
// includes batches that no producer sends: batches from which compaction removed some or all
// records, and transaction markers. It is for tests of readers. It promises bytes that a broker
// could serve; it is not a broker, and no command may link it.
package batch

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// Uncovered is how many leading bytes of a batch its CRC does not cover: base offset (8),
	// length (4), leader epoch (4), magic (1), the CRC itself (4).
	Uncovered = 21
	// HeaderSize is the size of a batch without records, in bytes.
	HeaderSize = 61

	lengthEnd = 12 // the length field counts the bytes after it
	offCRC    = 17
)

// Bits of a batch's attributes. The codec uses the lowest three bits.
const (
	transactional = 1 << 4
	control       = 1 << 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Message is one record.
type Message struct {
	Offset     int64
	Key, Value []byte
}

// Marker is the type of a control record that ends a transaction.
type Marker int16

// The markers. NoMarker is for ordinary batches.
const (
	NoMarker Marker = iota
	Abort
	Commit
)

// Batch covers the offsets Base to Last, however many of its records remain.
type Batch struct {
	Base, Last int64
	Codec      Codec
	// Messages are the remaining records, by ascending offset.
	Messages []Message
	// Producer is the ID of a transactional producer; 0 means not in a transaction.
	Producer int64
	// Marker makes the batch a control batch with one record, at Base. Emptied means that
	// compaction removed that record.
	Marker  Marker
	Emptied bool
}

// Encode returns the bytes of the batch. A batch without records is never compressed, whatever
// Codec says: the log cleaner rewrites such a header without a codec.
func (b Batch) Encode() []byte {
	messages := b.Messages
	attributes := int16(0)
	if b.Marker != NoMarker {
		attributes |= control
		messages = nil
		if !b.Emptied {
			messages = []Message{b.Marker.record(b.Base)}
		}
	}
	producer := int64(-1)
	epoch := int16(-1)
	if b.Producer != 0 {
		attributes |= transactional
		producer, epoch = b.Producer, 0
	}
	var records []byte
	for _, m := range messages {
		records = appendRecord(records, m, int32(m.Offset-b.Base))
	}
	if len(messages) > 0 && b.Marker == NoMarker {
		attributes |= b.Codec.attribute()
		records = b.Codec.compress(records)
	}
	k := kmsg.RecordBatch{
		FirstOffset: b.Base, PartitionLeaderEpoch: 0, Magic: 2,
		Attributes: attributes, LastOffsetDelta: int32(b.Last - b.Base),
		ProducerID: producer, ProducerEpoch: epoch, FirstSequence: -1,
		NumRecords: int32(len(messages)), Records: records,
	}
	return Repair(k.AppendTo(nil))
}

// record returns a marker's record: version and type as its key, version and the coordinator's
// epoch as its value.
func (m Marker) record(offset int64) Message {
	return Message{Offset: offset, Key: []byte{0, 0, 0, byte(m - Abort)}, Value: make([]byte, 6)}
}

func appendRecord(dst []byte, m Message, delta int32) []byte {
	r := kmsg.Record{OffsetDelta: delta, Key: m.Key, Value: m.Value}
	body := r.AppendTo(nil)[1:] // without the length field, which is 0 here and takes one byte
	dst = binary.AppendVarint(dst, int64(len(body)))
	return append(dst, body...)
}

// Repair sets the length and the CRC of a modified batch, in place, so a reader goes on to decode
// its content. It needs a complete header.
func Repair(batch []byte) []byte {
	binary.BigEndian.PutUint32(batch[lengthEnd-4:], uint32(len(batch)-lengthEnd))
	binary.BigEndian.PutUint32(batch[offCRC:], crc32.Checksum(batch[Uncovered:], castagnoli))
	return batch
}
