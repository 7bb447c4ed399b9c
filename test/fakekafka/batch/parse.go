package batch

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// maxCount and maxOffset bound what Parse accepts. Brokers never serve more, and test readers
	// can rely on the bounds.
	maxCount  = 1 << 16
	maxOffset = 1 << 62
)

// Parse returns the batches at the start of a response that are complete and correct in every field
// that a broker checks. It stops at the first incorrect batch. It is stricter than readers are, and
// shares no code with the readers under test. Record headers count as incorrect: no message of the
// stream has any.
func Parse(records []byte) (batches []Batch) {
	next := int64(0)
	for {
		b, rest, ok := parse(records)
		if !ok || b.Base < next {
			return batches
		}
		batches = append(batches, b)
		records, next = rest, b.Last+1
	}
}

func parse(src []byte) (b Batch, rest []byte, ok bool) {
	if len(src) < HeaderSize {
		return b, nil, false
	}
	size := int64(lengthEnd) + int64(int32(binary.BigEndian.Uint32(src[lengthEnd-4:])))
	if size < HeaderSize || size > int64(len(src)) || src[16] != 2 {
		return b, nil, false
	}
	src, rest = src[:size], src[size:]
	if crc32.Checksum(src[Uncovered:], castagnoli) != binary.BigEndian.Uint32(src[offCRC:]) {
		return b, nil, false
	}
	attributes := binary.BigEndian.Uint16(src[21:])
	delta := int32(binary.BigEndian.Uint32(src[23:]))
	count := int32(binary.BigEndian.Uint32(src[57:]))
	b.Base = int64(binary.BigEndian.Uint64(src))
	b.Last = b.Base + int64(delta)
	b.Codec = Codec(attributes & 7)
	if b.Base < 0 || b.Base > maxOffset || delta < 0 || count < 0 || count > maxCount || b.Codec > Zstd {
		return b, nil, false
	}
	body := src[HeaderSize:]
	if b.Codec != None {
		var err error
		if body, err = kgo.DefaultDecompressor().Decompress(slices.Clone(body), kgo.CompressionCodecType(b.Codec)); err != nil {
			return b, nil, false
		}
	}
	for range count {
		var m Message
		if m, body, ok = parseRecord(body, b.Base); !ok || m.Offset > b.Last {
			return b, nil, false
		}
		if n := len(b.Messages); n > 0 && m.Offset <= b.Messages[n-1].Offset {
			return b, nil, false
		}
		b.Messages = append(b.Messages, m)
	}
	if attributes&control != 0 {
		b.Marker, b.Messages, b.Emptied = Commit, nil, count == 0 // Abort is reported as Commit: no test distinguishes them
	}
	return b, rest, len(body) == 0
}

// parseRecord splits one record off src. Its fields are length, attributes (1 byte), time delta,
// offset delta, key, value and number of headers; all except the attributes are varints.
func parseRecord(src []byte, base int64) (m Message, rest []byte, ok bool) {
	size, src, ok := parseVarint(src)
	if !ok || size < 1 || size > int64(len(src)) {
		return m, nil, false
	}
	src, rest = src[:size], src[size:]
	_, src, ok = parseVarint(src[1:])
	delta, src, ok1 := parseVarint(src)
	key, src, ok2 := parseBytes(src)
	value, src, ok3 := parseBytes(src)
	m = Message{Offset: base + delta, Key: key, Value: value}
	return m, rest, ok && ok1 && ok2 && ok3 && delta >= 0 && len(src) == 1 && src[0] == 0
}

func parseBytes(src []byte) (value, rest []byte, ok bool) {
	n, src, ok := parseVarint(src)
	if !ok || n < -1 || n > int64(len(src)) {
		return nil, nil, false
	}
	n = max(n, 0)
	return src[:n], src[n:], true
}

// parseVarint rejects encodings that are longer than necessary.
func parseVarint(src []byte) (v int64, rest []byte, ok bool) {
	v, n := binary.Varint(src)
	if n <= 0 || n > 1 && src[n-1] == 0 {
		return 0, nil, false
	}
	return v, src[n:], true
}
