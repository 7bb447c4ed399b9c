package guard

import (
	"bytes"
	"errors"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// claims checks the sizes that compressed bytes declare before a codec uses them: some codecs allocate as
// much memory as declared, and one calls itself once for every marker.
func claims(codec compress.Compression, packed []byte) finding {
	w := wire{rest: packed}
	switch codec {
	case compress.Snappy:
		return claimsOfSnappy(&w)
	case compress.Lz4:
		return claimsOfLZ4(&w)
	case compress.Zstd:
		return claimsOfZstd(&w)
	}
	return sound // gzip declares no size and needs little memory
}

// claimsOfSnappy adds up the sizes of the blocks: there is one block, or Java's framing (a header of 16
// bytes) with a length before each block.
func claimsOfSnappy(w *wire) finding {
	if len(w.rest) == 0 {
		return sound
	}
	total := uint64(0)
	framed := bytes.HasPrefix(w.rest, []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0})
	if framed {
		w.next(16)
	}
	for len(w.rest) > 0 && !w.invalid {
		size := int64(len(w.rest))
		if framed {
			size = int64(uint32(w.int32()))
		}
		block := wire{rest: w.next(size)}
		claim := block.uvarint()
		if w.invalid || block.invalid {
			break
		}
		if claim > maxInflated {
			return hostile
		}
		if total += claim; total > maxInflated {
			return hostile
		}
	}
	if w.invalid {
		return hostile
	}
	return sound
}

// claimsOfLZ4 accepts one frame of the current format. Its blocks use at most 4 MiB at a time.
func claimsOfLZ4(w *wire) finding {
	if len(w.rest) == 0 {
		return sound
	}
	if w.little(4) != 0x184D2204 {
		return hostile
	}
	flags := w.little(1)
	w.next(1) // block size
	if flags&0x08 != 0 {
		w.next(8) // content size
	}
	if flags&0x01 != 0 {
		w.next(4) // dictionary
	}
	w.next(1) // checksum
	for !w.invalid {
		size := int64(w.little(4))
		if size == 0 {
			break
		}
		w.next(size &^ (1 << 31)) // the top bit: not compressed
		if flags&0x10 != 0 {
			w.next(4) // checksum
		}
	}
	if flags&0x04 != 0 {
		w.next(4) // checksum
	}
	if w.invalid || len(w.rest) > 0 {
		return hostile
	}
	return sound
}

// claimsOfZstd checks the window of each frame, which is allocated memory.
func claimsOfZstd(w *wire) finding {
	for len(w.rest) > 0 && !w.invalid {
		magic := w.little(4)
		if magic>>4 == 0x184D2A5 {
			w.next(int64(w.little(4))) // skippable frame
			continue
		}
		if magic != 0xFD2FB528 || zstdWindow(w) > maxInflated {
			return hostile
		}
	}
	if w.invalid {
		return hostile
	}
	return sound
}

// zstdWindow parses a frame after its magic and returns its window, bytes.
func zstdWindow(w *wire) (window uint64) {
	flags := w.little(1)
	single := flags&0x20 != 0 // the window is the content
	if !single {
		exponent := w.little(1)
		window = 1 << (10 + exponent>>3)
		window += window / 8 * (exponent & 7)
	}
	w.little([]int64{0, 1, 2, 4}[flags&3]) // dictionary
	size := []int64{0, 2, 4, 8}[flags>>6]
	if single {
		size = max(size, 1)
		window = w.little(size)
		if size == 2 {
			window += 256
		}
	} else {
		w.next(size)
	}
	for last := false; !last && !w.invalid; {
		block := w.little(3)
		last = block&1 != 0
		if length := int64(block >> 3); block>>1&3 == 1 {
			w.next(1) // one byte, repeated
		} else {
			w.next(length)
		}
	}
	if flags&0x04 != 0 {
		w.next(4) // checksum
	}
	return window
}

// inflate decompresses the records of a batch, into memory that the next call reuses. It uses kafka-go's own
// codec, so records that decompress here decompress there.
func (n *inspector) inflate(codec int8, packed []byte) (records []byte, found finding) {
	claimed := claims(compress.Compression(codec), packed)
	if claimed != sound {
		return nil, claimed
	}
	unpacker := compress.Compression(codec).Codec()
	if unpacker == nil {
		return nil, hostile
	}
	if cap(n.scratch) > keptBuffer || cap(n.scratch) == 0 {
		n.scratch = make([]byte, 0, firstBuffer)
	}
	defer func() {
		// A codec that panics here would panic in kafka-go, too.
		if recover() != nil {
			records, found = nil, hostile
		}
	}()
	n.source.Reset(packed)
	z := unpacker.NewReader(&n.source)
	records, found = n.drain(z)
	z.Close()
	return records, found
}

// drain reads the whole output of a codec.
func (n *inspector) drain(z io.Reader) ([]byte, finding) {
	const maxEmptyReads = 100 // empty reads in a row
	out, idle := n.scratch[:0], 0
	defer func() { n.scratch = out }()
	for {
		if len(out) == cap(out) {
			out = append(make([]byte, 0, min(2*cap(out), maxInflated+1)), out...)
		}
		got, err := z.Read(out[len(out):cap(out)])
		out = out[:len(out)+got]
		if n.inflated -= got; n.inflated < 0 {
			return nil, tooMuch
		}
		if idle++; got > 0 {
			idle = 0
		}
		switch {
		case errors.Is(err, io.EOF) && n.source.Len() == 0:
			return out, sound
		case err != nil || idle > maxEmptyReads:
			return nil, hostile
		}
	}
}
