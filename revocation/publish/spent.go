package publish

import (
	"time"

	"github.com/railgate/railgate/revocation"
)

// Spent is the time that published records spent in each step, summed over the records: each counts with the
// whole time of its batch. Failed attempts are not included.
type Spent struct {
	Wait    time.Duration // from the record's acceptance until the call of the outbox, its commit included
	Take    time.Duration // until the outbox had numbered and returned the batch
	Sign    time.Duration // encoding and signing
	Produce time.Duration // until all in-sync replicas had it
}

// add counts a batch; b contains the batch's own times.
func (s *Spent) add(b *Spent, asked int64, records []revocation.Record) {
	n := time.Duration(len(records))
	for i := range records {
		// At is rounded down and clocks may be set back: a wait is at least zero.
		s.Wait += time.Duration(max(0, asked-records[i].At)) * time.Millisecond
	}
	s.Take += n * b.Take
	s.Sign += n * b.Sign
	s.Produce += n * b.Produce
}
