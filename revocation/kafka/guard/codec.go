package guard

import (
	"bytes"
	"errors"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// claims looks at what packed bytes say of themselves before a codec believes
// it: some take as much memory as they are told to, and one calls itself once
// for every mark that it meets.
func claims(codec compress.Compression, packed []byte) finding {
	w := wire{left: packed}
	switch codec {
	case compress.Snappy:
		return claimsOfSnappy(&w)
	case compress.Lz4:
		return claimsOfLZ4(&w)
	case compress.Zstd:
		return claimsOfZstd(&w)
	}
	return sound // gzip says nothing beforehand, and needs little memory
}

// claimsOfSnappy adds up the sizes of the blocks: there is one block, or Java's
// frame (a head of 16 bytes) with a length before each.
func claimsOfSnappy(w *wire) finding {
	if len(w.left) == 0 {
		return sound
	}
	total := uint64(0)
	framed := bytes.HasPrefix(w.left, []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0})
	if framed {
		w.take(16)
	}
	for len(w.left) > 0 && !w.bad {
		size := int64(len(w.left))
		if framed {
			size = int64(uint32(w.int32()))
		}
		block := wire{left: w.take(size)}
		claim := block.uvarint()
		if w.bad || block.bad {
			break
		}
		if claim > maxInflated {
			return hostile
		}
		if total += claim; total > maxInflated {
			return hostile
		}
	}
	if w.bad {
		return hostile
	}
	return sound
}

// claimsOfLZ4 lets one frame of today's format pass. Of the blocks no more than
// 4 MiB is held at a time.
func claimsOfLZ4(w *wire) finding {
	if len(w.left) == 0 {
		return sound
	}
	if w.little(4) != 0x184D2204 {
		return hostile
	}
	flags := w.little(1)
	w.take(1) // how large blocks are
	if flags&0x08 != 0 {
		w.take(8) // the content's size
	}
	if flags&0x01 != 0 {
		w.take(4) // a dictionary
	}
	w.take(1) // checksum
	for !w.bad {
		size := int64(w.little(4))
		if size == 0 {
			break
		}
		w.take(size &^ (1 << 31)) // the bit: not compressed
		if flags&0x10 != 0 {
			w.take(4) // checksum
		}
	}
	if flags&0x04 != 0 {
		w.take(4) // checksum
	}
	if w.bad || len(w.left) > 0 {
		return hostile
	}
	return sound
}

// claimsOfZstd looks at the window of each frame, which is memory.
func claimsOfZstd(w *wire) finding {
	for len(w.left) > 0 && !w.bad {
		magic := w.little(4)
		if magic>>4 == 0x184D2A5 {
			w.take(int64(w.little(4))) // a frame to be skipped
			continue
		}
		if magic != 0xFD2FB528 || zstdWindow(w) > maxInflated {
			return hostile
		}
	}
	if w.bad {
		return hostile
	}
	return sound
}

// zstdWindow goes through a frame behind its magic and returns its window, bytes.
func zstdWindow(w *wire) (window uint64) {
	flags := w.little(1)
	single := flags&0x20 != 0 // the window is the content
	if !single {
		exponent := w.little(1)
		window = 1 << (10 + exponent>>3)
		window += window / 8 * (exponent & 7)
	}
	w.little([]int64{0, 1, 2, 4}[flags&3]) // a dictionary
	size := []int64{0, 2, 4, 8}[flags>>6]
	if single {
		size = max(size, 1)
		window = w.little(size)
		if size == 2 {
			window += 256
		}
	} else {
		w.take(size)
	}
	for last := false; !last && !w.bad; {
		block := w.little(3)
		last = block&1 != 0
		if length := int64(block >> 3); block>>1&3 == 1 {
			w.take(1) // one byte, many times
		} else {
			w.take(length)
		}
	}
	if flags&0x04 != 0 {
		w.take(4) // checksum
	}
	return window
}

// inflate unpacks the records of a batch, into memory that the next call uses
// again. It is kafka-go's own codec that does it: what passes here passes there.
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
		// A codec that panics here would do so in kafka-go, too.
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

// drain reads all that a codec gives.
func (n *inspector) drain(z io.Reader) ([]byte, finding) {
	const patience = 100 // reads in a row that bring nothing
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
		case err != nil || idle > patience:
			return nil, hostile
		}
	}
}
