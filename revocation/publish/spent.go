package publish

import (
	"time"

	"github.com/railgate/railgate/revocation"
)

// Spent is where the time of published records went, summed over the records:
// each is counted with the whole time of the batch that it went with, since it
// waited for that. Attempts that failed are not in it.
type Spent struct {
	Wait    time.Duration // from the record's acceptance until the outbox was asked, its commit included
	Take    time.Duration // until the outbox had numbered and returned the batch
	Sign    time.Duration // encoding and signing
	Produce time.Duration // until all in-sync replicas had it
}

// add counts a batch whose own times are in b.
func (s *Spent) add(b *Spent, asked int64, records []revocation.Record) {
	n := time.Duration(len(records))
	for i := range records {
		// At is rounded down and clocks may be set back: a wait is never below zero.
		s.Wait += time.Duration(max(0, asked-records[i].At)) * time.Millisecond
	}
	s.Take += n * b.Take
	s.Sign += n * b.Sign
	s.Produce += n * b.Produce
}
