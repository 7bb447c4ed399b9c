package batch

import (
	"bytes"
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Codec compresses the records of a batch as one piece.
type Codec int

// The codecs of Kafka. Snappy has two forms on the wire: Java producers frame the blocks, others
// write one block.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
	SnappyFramed
)

// Codecs lists all codecs.
var Codecs = []Codec{None, Gzip, Snappy, LZ4, Zstd, SnappyFramed}

// String returns the codec's name in a producer's settings.
func (c Codec) String() string {
	return [...]string{"none", "gzip", "snappy", "lz4", "zstd", "snappy-framed"}[c]
}

// attribute returns the codec's number in a batch.
func (c Codec) attribute() int16 {
	if c == SnappyFramed {
		c = Snappy
	}
	return int16(c)
}

// compress uses another client's code than the readers under test: the two cannot share a bug. It
// panics if a codec is not compiled in.
func (c Codec) compress(records []byte) []byte {
	if c == None {
		return records
	}
	how := [...]kgo.CompressionCodec{Gzip: kgo.GzipCompression(),
		Snappy: kgo.SnappyCompression(), LZ4: kgo.Lz4Compression(), Zstd: kgo.ZstdCompression()}[c.attribute()]
	z, err := kgo.DefaultCompressor(how)
	if err != nil {
		panic("batch: " + err.Error())
	}
	out, used := z.Compress(new(bytes.Buffer), records)
	if int16(used) != c.attribute() {
		panic("batch: the compressor did not use " + c.String())
	}
	out = bytes.Clone(out)
	if c == SnappyFramed {
		return frame(out)
	}
	return out
}

// frame prepends the header of Java's snappy stream to one block: a magic, the version and the
// lowest compatible version, then the block's length.
func frame(block []byte) []byte {
	framed := []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}
	framed = binary.BigEndian.AppendUint32(framed, uint32(len(block)))
	return append(framed, block...)
}
