package batch

import "fmt"

// Log is one partition as its leader stores it: batches by ascending offset, in segments. It is not
// safe for concurrent use.
type Log struct {
	// Start is the first offset of the log. It may be inside the first batch: records are deleted
	// up to any offset, batches only whole.
	Start int64
	// Hidden is how many of the last batches are not yet committed.
	Hidden int

	stored []stored
}

type stored struct {
	segment int
	batch   Batch
	bytes   []byte
}

// Append adds a batch to the last segment, or to a new one. It panics if offsets do not ascend: a
// broker never stores such a log.
func (l *Log) Append(newSegment bool, b Batch) {
	segment := 0
	if n := len(l.stored); n > 0 {
		segment = l.stored[n-1].segment
		if b.Base <= l.stored[n-1].batch.Last {
			panic(fmt.Sprintf("batch: a batch at %d follows one that ends at %d", b.Base, l.stored[n-1].batch.Last))
		}
	}
	if newSegment {
		segment++
	}
	if b.Last < b.Base {
		panic(fmt.Sprintf("batch: a batch from %d to %d", b.Base, b.Last))
	}
	l.stored = append(l.stored, stored{segment, b, b.Encode()})
}

// Batches returns how many batches are committed.
func (l *Log) Batches() int { return len(l.stored) - l.Hidden }

// End returns the high watermark: the offset after the last committed one.
func (l *Log) End() int64 {
	if l.Batches() == 0 {
		return l.Start
	}
	return l.stored[l.Batches()-1].batch.Last + 1
}

// Read returns a broker's answer for an offset. It starts at the batch that covers the offset, or
// at the next one, and returns up to limit bytes or the segment's end. The bytes may end inside a
// batch, but the first batch is complete. Brokers before version 0.10.1 cut the first batch too
// (cutFirst).
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

// Committed returns the committed batches, for counting. Callers must not change them.
func (l *Log) Committed() []Batch {
	committed := make([]Batch, 0, l.Batches())
	for _, s := range l.stored[:l.Batches()] {
		committed = append(committed, s.batch)
	}
	return committed
}
