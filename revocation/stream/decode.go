package stream

import (
	"errors"
	"io"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/railgate/railgate/revocation"
)

// walk gives every message at or after pos to visit and returns the offset
// behind the last thing it decoded. lowest is the smallest base offset among the decoded
// batches, or -1 if there was none; a batch may well be empty, or hold only
// offsets below pos. A batch that does not decode whole ends the walk with an
// error and is not stepped over.
func walk(records kafka.RecordReader, pos int64, visit func(offset int64, value []byte)) (next, lowest int64, err error) {
	next, lowest = pos, -1
	stream, ok := records.(*protocol.RecordStream)
	if !ok {
		return next, lowest, nil // an empty response
	}
	for _, batch := range stream.Records {
		var base int64
		control := false
		switch b := batch.(type) {
		case *protocol.RecordBatch:
			base = b.BaseOffset
		case *protocol.ControlBatch:
			base, control = b.BaseOffset, true
		case *protocol.MessageSet:
			base = b.BaseOffset
		default:
			return next, lowest, errors.New("stream: the broker sent a record format this client does not know")
		}
		if lowest < 0 || base < lowest {
			lowest = base
		}
		next = max(next, base)
		for {
			r, err := batch.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return next, lowest, err
			}
			if r.Offset >= next && !control {
				visit(r.Offset, value(r))
			}
			next = max(next, r.Offset+1)
			closeBytes(r.Key)
			closeBytes(r.Value)
		}
	}
	return next, lowest, nil
}

// value copies a message out; a message that is larger than any batch may be
// comes out empty, which no one can mistake for a batch.
func value(r *protocol.Record) []byte {
	if r.Value == nil || r.Value.Len() > revocation.MaxBatch {
		return nil
	}
	b, err := protocol.ReadAll(r.Value)
	if err != nil {
		return nil
	}
	return b
}

func closeBytes(b protocol.Bytes) {
	if b != nil {
		b.Close()
	}
}
