// Package publish carries an issuer's control records to the stream: numbered,
// signed in batches, acknowledged by all in-sync replicas, again and again
// until they are. What an Outbox has accepted is lost only with its database.
//
// It promises at-least-once delivery in order per partition; the numbering
// makes repetitions harmless. It holds no state that a crash could lose.
package publish

import (
	"context"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Outbox is the issuer's durable queue of records. Records enter it in the same
// database transaction as their cause; that is not this package's business.
// Calls for different partitions may run at the same time.
type Outbox interface {
	// Epoch is the incarnation of the numbering: it never shrinks, and it grows
	// whenever numbering starts over, for instance with a new database.
	Epoch(ctx context.Context) (uint64, error)
	// Place tells where the partition's numbering stands: low is the number of
	// the oldest record that may not be in the stream yet, next the one that the
	// next unnumbered record will get. low == next when nothing waits with a number.
	Place(ctx context.Context, partition int) (low, next uint64, err error)
	// Restate starts a new epoch, greater than above and than the present one,
	// that says all over again what is in force at now (Unix ms): every announced
	// key and the state of every credential that was ever revoked and has not
	// expired. Numbering starts over at 1; what waited stays, in order, in front.
	Restate(ctx context.Context, above uint64, now int64) (epoch uint64, err error)
	// Take durably numbers what waits for the partition, oldest first, and
	// returns at most max unpublished records in the order of their numbers. A
	// number once given stays with its record, so a crash between publishing
	// and Published leads to the same message again.
	Take(ctx context.Context, partition, max int) (Pending, error)
	// Published marks the partition's records up to and including last.
	Published(ctx context.Context, partition int, last uint64) error
}

// Pending is what an Outbox has for one partition.
type Pending struct {
	First   uint64 // number of the first record, or the next number if there is none
	Records []revocation.Record
	// Drained says that Records is all that was committed when Take was called.
	Drained bool
}

// Partition is the partition that a record belongs to. Records of one serial
// share one, which keeps revoke and unrevoke in order; keys go to partition 0.
func Partition(r *revocation.Record, partitions int) int {
	switch r.Kind {
	case revocation.KindRevoke, revocation.KindUnrevoke:
		return int(r.Serial.Index % uint32(partitions))
	}
	return 0
}

// Signer signs batches with the authority key; signing.Key is one, and so can a
// hardware module be.
type Signer interface {
	Public() [tokens.PublicKeySize]byte
	Sign(message []byte) ([tokens.SigSize]byte, error)
}
