package registry

import (
	"context"
	"time"
)

// sweepBatch is how many rows one transaction of Sweep deletes.
const sweepBatch = 500

// Swept is what a Sweep deleted.
type Swept struct {
	Tickets    int // TicketKept after their journey
	Identities int // of closed accounts, that are free again
}

// Sweep deletes what has done its duty, in small transactions, until all is done
// or ctx ends. Several issuers may sweep at once.
func (b *Store) Sweep(ctx context.Context, now time.Time) (swept Swept, err error) {
	swept.Tickets, err = b.Database.DeleteOld(ctx, "tickets", "reference", "ends_ms", now.Add(-TicketKept), sweepBatch)
	if err == nil {
		swept.Identities, err = b.Database.DeleteOld(ctx, "identities", "person", "until_ms", now, sweepBatch)
	}
	return swept, err
}
