package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync/atomic"
)

const (
	// maxInflated bounds what the batches of one answer may unpack to, bytes, and
	// the memory that a codec may ask for.
	maxInflated = 16 << 20
	// maxItems bounds the records of one answer and their headers, together;
	// kafka-go takes about 200 bytes for each.
	maxItems = 1 << 16
	// maxBatches bounds the batches of one answer. kafka-go keeps a page of 64 KiB
	// for each, however small, until its records were read.
	maxBatches = 1024
)

// Where the fields of a batch lie, bytes. The CRC covers all from the attributes on.
const (
	atLength     = 8
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21
	atLastDelta  = 23
	atCount      = 57
	batchHead    = 61
	lengthFrom   = 12 // what the length counts begins here
)

const (
	codecBits  = 7
	controlBit = 1 << 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// finding is what came of looking into a batch whose CRC is right.
type finding int

const (
	sound   finding = iota
	hostile         // no honest writer makes such a batch
	tooMuch         // it is more than this answer may still hold
)

// inspector looks at the record batches of a connection's answers, and changes
// them in place where that is the remedy.
type inspector struct {
	swallowed *atomic.Uint64
	source    bytes.Reader
	scratch   []byte // unpacked records

	// Of this answer: where it must begin, and what it may still hold.
	offset                   int64
	batches, items, inflated int
}

func (n *inspector) begin(offset int64) {
	n.offset, n.batches, n.items, n.inflated = offset, maxBatches, maxItems, maxInflated
}

// errOrder blames one of two batches: it cannot be told whose base offset is wrong.
var errOrder = damaged("the offsets of its batches do not ascend")

// inspect goes through the batches of one partition. What is damaged is an error
// if it comes first. Else the answer is cut before it, as brokers cut answers in
// the midst of a batch: what comes before is used, and the next answer begins
// with it.
func (n *inspector) inspect(set []byte, highWatermark int64) error {
	before, next := set, int64(0) // the last batch, and the lowest offset that may follow it
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

// batch checks the batch at the start of rest, and returns its size and last
// offset. The size is 0 if its end is missing, and negative if it must wait for
// the next answer.
func (n *inspector) batch(rest []byte, first bool, next, highWatermark int64) (size int, last int64, err error) {
	if len(rest) <= atMagic {
		return 0, 0, nil
	}
	switch magic := rest[atMagic]; {
	case magic < 2:
		return 0, 0, damaged("it holds messages of the formats before Kafka 0.11, which have no sound checksum")
	case magic > 2:
		return 0, 0, damaged("it holds a batch of an unknown format")
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
	// The CRC does not cover the base offset. One that came wrong must not make
	// messages look read, or jump over any.
	base := int64(binary.BigEndian.Uint64(b))
	delta := int64(int32(binary.BigEndian.Uint32(b[atLastDelta:])))
	reach := max(delta, 0)
	switch {
	case base < next:
		return 0, 0, errOrder
	case base >= highWatermark-reach:
		return 0, 0, damaged("a batch reaches offset %d, the log ends at %d", uint64(base)+uint64(reach), highWatermark)
	case first && base+reach < n.offset:
		return 0, 0, damaged("it begins with offset %d, and %d was asked for", base, n.offset)
	}
	full := n.items == maxItems && n.inflated == maxInflated
	found := n.content(b, delta)
	if n.batches--; n.batches < 0 || found == tooMuch && !full {
		return -1, 0, nil
	}
	if found != sound {
		n.swallowed.Add(1)
		hollow(b)
	}
	return len(b), base + reach, nil
}
