package kafka

import (
	"errors"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

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
