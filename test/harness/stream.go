package harness

import (
	"context"
	"sync"

	"github.com/railgate/railgate/revocation"
)

// stream carries the issuer's outbox to the gateway's replica as publisher, Kafka and
// follower do together, in one step.
type stream struct {
	h         *Harness
	authority *revocation.Authority
	replica   *revocation.Replica

	mu     sync.Mutex
	offset [partitions]int64 // mu; next of each log
}

// pinned is the authority as the gateway pins it.
var pinned = sync.OnceValues(func() (*revocation.Authority, error) {
	return revocation.NewAuthority(keys().Authority.Public())
})

func newStream(h *Harness) *stream {
	h.T.Helper()
	authority, err := pinned()
	h.must(err)
	replica, err := revocation.NewReplica(authority, partitions, revocation.Limits{}, h.Clock.Now().UnixMilli()-1)
	h.must(err)
	for p := range partitions {
		replica.Captured(p, 0)
	}
	return &stream{h: h, authority: authority, replica: replica}
}

// deliver brings everything that is committed to the gateway, and a heartbeat where
// nothing waits: the gateway's data is then as of now.
func (s *stream) deliver() {
	s.h.T.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx := context.Background()
	epoch, err := s.h.Store.Epoch(ctx)
	s.h.must(err)
	for p := range partitions {
		for drained := false; !drained; {
			pending, err := s.h.Store.Take(ctx, epoch, p, 0, revocation.MaxRecords)
			s.h.must(err)
			drained = pending.Drained
			s.send(p, &revocation.Batch{Epoch: epoch, Partition: uint16(p), First: pending.First}, pending.Records, drained)
			if n := uint64(len(pending.Records)); n > 0 {
				s.h.must(s.h.Store.Published(ctx, epoch, p, pending.First+n-1))
			}
		}
	}
}

// send signs one batch and applies it; through says that nothing else is committed.
func (s *stream) send(partition int, b *revocation.Batch, records []revocation.Record, through bool) {
	s.h.T.Helper()
	b.IssuedAt = s.h.Clock.Now().UnixMilli()
	if through {
		b.Through = b.IssuedAt
	}
	message, err := b.Encode(s.authority.ID(), records)
	s.h.must(err)
	signature, err := keys().Authority.Sign(message)
	s.h.must(err)
	switch o := s.replica.Apply(partition, append(message, signature[:]...), b.IssuedAt); o {
	case revocation.Applied, revocation.Duplicate:
	default:
		s.h.T.Fatalf("the gateway answered a batch of %d records with %s", len(records), o)
	}
	s.offset[partition]++
	s.replica.Position(partition, s.offset[partition])
}
