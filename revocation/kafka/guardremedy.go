package kafka

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// cut makes what is left of an answer look as if the broker had cut it there.
func cut(rest []byte) {
	if len(rest) > atMagic {
		binary.BigEndian.PutUint32(rest[atLength:], math.MaxInt32)
		rest[atMagic] = 2
	}
}

// hollow makes a batch harmless in place: nothing is left of it but a marker, as
// of a transaction, at its last offset. A reader steps over that at once; an
// empty batch it would step through offset by offset. There is room for the
// marker if there was for any record.
func hollow(b []byte) {
	delta := max(int32(binary.BigEndian.Uint32(b[atLastDelta:])), 0)
	binary.BigEndian.PutUint16(b[atAttributes:], controlBit)
	binary.BigEndian.PutUint32(b[atLastDelta:], uint32(delta))
	body := b[batchHead:]
	clear(body)
	binary.BigEndian.PutUint32(b[atCount:], 0)
	var marker [1 + 10]byte
	end := 3 + binary.PutVarint(marker[3:], int64(delta)) // behind length, attributes, time
	end += copy(marker[end:], []byte{1, 1, 0})            // no key, no value, no headers
	binary.PutVarint(marker[:1], int64(end-1))
	if copy(body, marker[:end]) == end {
		binary.BigEndian.PutUint32(b[atCount:], 1)
	}
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], castagnoli))
}
