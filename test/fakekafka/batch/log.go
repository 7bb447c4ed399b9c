package batch

import "fmt"

// Log is one partition as its leader keeps it: batches by ascending offset, in
// segments. It is not safe for use by several goroutines.
type Log struct {
	// Start is the log's first offset. It may lie inside the first batch: records
	// are deleted up to any offset, batches only whole.
	Start int64
	// Hidden is how many of the last batches are not committed yet.
	Hidden int

	stored []stored
}

type stored struct {
	segment int
	batch   Batch
	bytes   []byte
}

// Append adds a batch to the last segment, or begins a new one with it. It
// panics if the offsets do not ascend, which no broker allows.
func (l *Log) Append(newSegment bool, b Batch) {
	segment := 0
	if n := len(l.stored); n > 0 {
		segment = l.stored[n-1].segment
		if b.Base <= l.stored[n-1].batch.Last {
			panic(fmt.Sprintf("kbatch: a batch at %d behind one that ends at %d", b.Base, l.stored[n-1].batch.Last))
		}
	}
	if newSegment {
		segment++
	}
	if b.Last < b.Base {
		panic(fmt.Sprintf("kbatch: a batch from %d to %d", b.Base, b.Last))
	}
	l.stored = append(l.stored, stored{segment, b, b.Encode()})
}

// Batches are those that are committed.
func (l *Log) Batches() int { return len(l.stored) - l.Hidden }

// End is the high watermark: one behind the last committed offset.
func (l *Log) End() int64 {
	if l.Batches() == 0 {
		return l.Start
	}
	return l.stored[l.Batches()-1].batch.Last + 1
}

// Read is what a broker answers for an offset: the bytes from the batch on that
// covers it, or the next one if none does, up to limit bytes or the segment's
// end. The cut falls anywhere, except that the first batch comes whole; brokers
// before version 0.10.1 cut that too (cutFirst).
func (l *Log) Read(offset int64, limit int, cutFirst bool) []byte {
	records := []byte{}
	segment := 0
	for _, s := range l.stored[:l.Batches()] {
		if s.batch.Last < offset {
			continue
		}
		if len(records) == 0 {
			segment = s.segment
			if !cutFirst {
				limit = max(limit, len(s.bytes))
			}
		}
		if s.segment != segment || len(records) >= limit {
			break
		}
		records = append(records, s.bytes...)
	}
	return records[:min(limit, len(records))]
}

// Held are the committed batches, for counting; do not change them.
func (l *Log) Held() []Batch {
	held := make([]Batch, 0, l.Batches())
	for _, s := range l.stored[:l.Batches()] {
		held = append(held, s.batch)
	}
	return held
}
