package batch

import (
	"bytes"
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Codec compresses the records of a batch as one piece.
type Codec int

// The codecs of Kafka. Snappy is on the wire in two forms: Java producers frame
// the blocks, others write one block.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
	SnappyFramed
)

// Codecs lists them all.
var Codecs = []Codec{None, Gzip, Snappy, LZ4, Zstd, SnappyFramed}

// String is the codec's name in a producer's settings.
func (c Codec) String() string {
	return [...]string{"none", "gzip", "snappy", "lz4", "zstd", "snappy-framed"}[c]
}

// attribute is the codec's number in a batch.
func (c Codec) attribute() int16 {
	if c == SnappyFramed {
		c = Snappy
	}
	return int16(c)
}

// compress uses another client's code than the readers under test, so that the
// two cannot share a mistake. It panics if a codec is not compiled in.
func (c Codec) compress(records []byte) []byte {
	if c == None {
		return records
	}
	how := [...]kgo.CompressionCodec{Gzip: kgo.GzipCompression(),
		Snappy: kgo.SnappyCompression(), LZ4: kgo.Lz4Compression(), Zstd: kgo.ZstdCompression()}[c.attribute()]
	z, err := kgo.DefaultCompressor(how)
	if err != nil {
		panic("kbatch: " + err.Error())
	}
	out, used := z.Compress(new(bytes.Buffer), records)
	if int16(used) != c.attribute() {
		panic("kbatch: the compressor did not use " + c.String())
	}
	out = bytes.Clone(out)
	if c == SnappyFramed {
		return frame(out)
	}
	return out
}

// frame puts the head of Java's snappy stream before one block: a magic, the
// version and the lowest compatible version; then each block's length and bytes.
func frame(block []byte) []byte {
	framed := []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}
	framed = binary.BigEndian.AppendUint32(framed, uint32(len(block)))
	return append(framed, block...)
}
