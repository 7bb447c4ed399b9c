package kafka

import (
	"errors"
	"io"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// Walk passes every message at or after pos to visit and returns the offset after the last decoded item.
// lowest is the smallest base offset of the decoded batches, or -1 if there was none; a batch may be empty,
// or contain only offsets below pos. A batch that does not decode completely ends the walk with an error and
// is not skipped. A message larger than limit bytes is visited as nil.
func Walk(records kafka.RecordReader, pos int64, limit int, visit func(offset int64, value []byte)) (next, lowest int64, err error) {
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
			return next, lowest, errors.New("kafka: the broker sent an unknown record format")
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
				visit(r.Offset, value(r, limit))
			}
			next = max(next, r.Offset+1)
			closeBytes(r.Key)
			closeBytes(r.Value)
		}
	}
	return next, lowest, nil
}

// value copies a message, or returns nil if it is too large.
func value(r *protocol.Record, limit int) []byte {
	if r.Value == nil || r.Value.Len() > limit {
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
