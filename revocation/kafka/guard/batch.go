package guard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"sync/atomic"
)

const (
	// maxInflated bounds the decompressed batches of one answer, bytes, and the memory that a codec may
	// allocate.
	maxInflated = 16 << 20
	// maxItems bounds the records of one answer and their headers, together; kafka-go uses about 200 bytes
	// for each.
	maxItems = 1 << 16
	// maxBatches bounds the batches of one answer. kafka-go keeps a page of 64 KiB for each until its records
	// were read, however small the batch is.
	maxBatches = 1024
)

// Offsets of a batch's fields, bytes. The CRC covers everything from the attributes.
const (
	atLength     = 8
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21
	atLastDelta  = 23
	atCount      = 57
	batchHead    = 61
	lengthFrom   = 12 // the length counts the bytes from here
)

const (
	codecBits  = 7
	controlBit = 1 << 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// finding is the result of inspecting a batch whose CRC is right.
type finding int

const (
	sound   finding = iota
	hostile         // no regular writer makes such a batch
	tooMuch         // it exceeds the remaining limits of this answer
)

// inspector checks the record batches of a connection's answers, and changes harmful ones in place.
type inspector struct {
	dropped *atomic.Uint64
	source  bytes.Reader
	scratch []byte // decompressed records

	// State of this answer: the offset at which it must begin, and its remaining limits.
	offset                   int64
	batches, items, inflated int
}

func (n *inspector) begin(offset int64) {
	n.offset, n.batches, n.items, n.inflated = offset, maxBatches, maxItems, maxInflated
}

// errOrder means that two batches contradict each other: either may have the wrong base offset.
var errOrder = damaged("the offsets of its batches do not ascend")

// inspect checks the batches of one partition. A damaged batch is an error if it is the first one. Otherwise
// the answer is cut before it, as brokers cut answers in the middle of a batch: the preceding batches are
// used, and the next answer begins with the damaged one.
func (n *inspector) inspect(set []byte, highWatermark int64) error {
	before, next := set, int64(0) // the previous batch, and the lowest offset that may follow it
	for rest := set; len(rest) > 0; {
		size, last, err := n.batch(rest, len(rest) == len(set), next, highWatermark)
		if errors.Is(err, errOrder) {
			rest = before
		}
		switch {
		case err != nil && len(rest) == len(set):
			return err
		case err != nil || size < 0:
			cut(rest)
			return nil
		case size == 0: // cut by the broker
			return nil
		}
		before, rest, next = rest, rest[size:], last+1
	}
	return nil
}

// batch checks the batch at the start of rest, and returns its size and last offset. The size is 0 if the end
// of the batch is missing, and negative if the batch must wait for the next answer.
func (n *inspector) batch(rest []byte, first bool, next, highWatermark int64) (size int, last int64, err error) {
	if len(rest) <= atMagic {
		return 0, 0, nil
	}
	switch magic := rest[atMagic]; {
	case magic < 2:
		return 0, 0, damaged("it contains messages in a format before Kafka 0.11, which has no sufficient checksum")
	case magic > 2:
		return 0, 0, damaged("it contains a batch of an unknown format")
	}
	length := int64(int32(binary.BigEndian.Uint32(rest[atLength:])))
	switch {
	case length < batchHead-lengthFrom:
		return 0, 0, damaged("a batch has a length of %d", length)
	case length > int64(len(rest)-lengthFrom):
		return 0, 0, nil
	}
	b := rest[:lengthFrom+length]
	if crc32.Checksum(b[atAttributes:], castagnoli) != binary.BigEndian.Uint32(b[atCRC:]) {
		return 0, 0, damaged("the checksum of a batch is wrong")
	}
	// The CRC does not cover the base offset. A wrong base offset must not make messages look as if they were
	// read, or skip any.
	base := int64(binary.BigEndian.Uint64(b))
	delta := int64(int32(binary.BigEndian.Uint32(b[atLastDelta:])))
	reach := max(delta, 0)
	switch {
	case base < next:
		return 0, 0, errOrder
	case base >= highWatermark-reach:
		return 0, 0, damaged("a batch reaches offset %d, the log ends at %d", uint64(base)+uint64(reach), highWatermark)
	case first && base+reach < n.offset:
		return 0, 0, damaged("it begins with offset %d, and %d was requested", base, n.offset)
	}
	full := n.items == maxItems && n.inflated == maxInflated
	found := n.content(b, delta)
	if n.batches--; n.batches < 0 || found == tooMuch && !full {
		return -1, 0, nil
	}
	if found != sound {
		n.dropped.Add(1)
		makeTombstone(b)
	}
	return len(b), base + reach, nil
}

// content inspects a batch: whether it contains what it claims, and fits into the limits of an answer.
func (n *inspector) content(b []byte, lastDelta int64) finding {
	count := int64(int32(binary.BigEndian.Uint32(b[atCount:])))
	if lastDelta < 0 || count < 0 || count > lastDelta+1 {
		return hostile
	}
	records := b[batchHead:]
	if codec := int8(b[atAttributes+1] & codecBits); codec != 0 {
		var found finding
		if records, found = n.inflate(codec, records); found != sound {
			return found
		}
	}
	w := wire{rest: records}
	before := int64(-1)
	for range count {
		delta, found := n.record(&w)
		if found != sound {
			return found
		}
		// The offset must be within the batch, otherwise the reader would jump ahead.
		if delta <= before || delta > lastDelta {
			return hostile
		}
		before = delta
	}
	if len(w.rest) > 0 {
		return hostile
	}
	return sound
}

// record checks one record and returns its offset relative to the batch's base. kafka-go ignores a record's
// length and trusts all other lengths.
func (n *inspector) record(w *wire) (delta int64, found finding) {
	if n.items--; n.items < 0 {
		return 0, tooMuch
	}
	r := wire{rest: w.next(w.varint())}
	r.int8()   // attributes
	r.varint() // time
	delta = r.varint()
	r.sized(r.varint()) // key
	r.sized(r.varint()) // value
	headers := r.varint()
	if headers < 0 || headers > int64(len(r.rest)) {
		return 0, hostile
	}
	for ; headers > 0 && !r.invalid; headers-- {
		if n.items--; n.items < 0 {
			return 0, tooMuch
		}
		r.next(r.varint()) // a header has a name
		r.sized(r.varint())
	}
	if w.invalid || r.invalid || len(r.rest) > 0 {
		return 0, hostile
	}
	return delta, sound
}

// cut makes the rest of an answer look as if the broker had cut it there.
func cut(rest []byte) {
	if len(rest) > atMagic {
		binary.BigEndian.PutUint32(rest[atLength:], math.MaxInt32)
		rest[atMagic] = 2
	}
}

// makeTombstone makes a batch harmless in place: it contains only a marker, like that of a transaction, at
// its last offset. A reader skips that in one step, and an empty batch offset by offset. The marker fits if
// any record fitted.
func makeTombstone(b []byte) {
	delta := max(int32(binary.BigEndian.Uint32(b[atLastDelta:])), 0)
	binary.BigEndian.PutUint16(b[atAttributes:], controlBit)
	binary.BigEndian.PutUint32(b[atLastDelta:], uint32(delta))
	body := b[batchHead:]
	clear(body)
	binary.BigEndian.PutUint32(b[atCount:], 0)
	var marker [1 + 10]byte
	end := 3 + binary.PutVarint(marker[3:], int64(delta)) // after length, attributes, time
	end += copy(marker[end:], []byte{1, 1, 0})            // no key, no value, no headers
	binary.PutVarint(marker[:1], int64(end-1))
	if copy(body, marker[:end]) == end {
		binary.BigEndian.PutUint32(b[atCount:], 1)
	}
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], castagnoli))
}
