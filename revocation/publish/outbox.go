// Package publish carries an issuer's control records to the stream: numbered,
// signed in batches, acknowledged by all in-sync replicas, again and again
// until they are. What an Outbox has accepted is lost only with its database.
//
// It promises at-least-once delivery in order per partition; the numbering
// makes repetitions harmless. It holds no state that a crash could lose. Of
// several publishers on one Outbox one works and the others stand by.
package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/revocation"
)

// Outbox is the issuer's durable queue of records. Records enter it in the same
// database transaction as their cause; that is not this package's business.
// Calls for different partitions may run at the same time.
type Outbox interface {
	// Lead takes the lease of the one active publisher, or renews it, and reports
	// whether this outbox's owner has it for the coming LeaseTime. The lease
	// keeps two issuers on one database from doing the work twice; what keeps it
	// correct when a lease is lost unnoticed is that Take asks whose it is, and
	// the epoch that Take and Published check.
	Lead(ctx context.Context) (leading bool, err error)
	// Resign gives the lease back early, so that another need not wait for its end.
	Resign(ctx context.Context) error
	// Epoch is the incarnation of the numbering: it never shrinks, and it grows
	// whenever numbering starts over, for instance with a new database. An outbox of
	// another stream than its owner's is ErrOtherStream.
	Epoch(ctx context.Context) (uint64, error)
	// Place tells where the partition's numbering stands: low is the number of
	// the oldest record that may not be in the stream yet, next the one that the
	// next unnumbered record will get. low == next when nothing waits with a number.
	Place(ctx context.Context, partition int) (low, next uint64, err error)
	// Republish starts a new epoch, greater than above and than the present one,
	// that says all over again what is in force at now (Unix ms): every announced
	// key with its cut-off and exempted credentials, every subject's cut-off, every
	// closed session of which a code could still pass, and the state of every
	// credential that was ever revoked and has not expired.
	// Numbering starts over at 1. No credential's state is said twice: a lift that
	// is followed by a revocation would free it for a moment.
	Republish(ctx context.Context, above uint64, now int64) (epoch uint64, err error)
	// TakeRecords first marks the partition's records up to and including done as
	// Published does, 0 for none, and then durably numbers what waits, oldest
	// first, and returns at most max unpublished records in the order of their
	// numbers: both in one transaction, since a publisher at work does one after
	// the other. A number once given stays with its record, so a crash between
	// publishing and marking leads to the same message again. An epoch that is over
	// is ErrEpoch, and a lease that another has is ErrLease, also when nothing waits:
	// two who publish the same numbers by different clocks look like a stream that
	// contradicts itself.
	TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, max int) (Pending, error)
	// MarkPublished marks the partition's records up to and including last. An epoch
	// that is over is ErrEpoch, and nothing is marked: its numbers mean other
	// records now. Who has lost the lease may still mark what it published.
	MarkPublished(ctx context.Context, epoch uint64, partition int, last uint64) error
}

// LeaseTime is how long a lease lasts; its owner renews it three times as often.
const LeaseTime = 3 * time.Second

// ErrEpoch says that another publisher began a new epoch: start over.
var ErrEpoch = errors.New("publish: the epoch is over")

// ErrLease says that another publisher has the lease: stand by.
var ErrLease = errors.New("publish: another publisher has the lease")

// ErrOtherStream says that the outbox belongs to another topic, or to another number
// of partitions: the publisher's settings are wrong, or the stream was moved. Run ends.
var ErrOtherStream = fmt.Errorf("publish: the outbox belongs to another stream: %w", errFinal)

// Pending is what an Outbox has for one partition.
type Pending struct {
	First   uint64 // number of the first record, or the next number if there is none
	Records []revocation.Record
	// Drained says that Records is all that was committed when Take was called.
	Drained bool
}

// Partition is the partition that a record belongs to. Records of one serial, and of
// its sessions, share one, which keeps revoke and unrevoke in order. All that is said of keys
// shares partition 0, so that a rescue stays ahead of its cut-off; subjects are
// there, too.
func Partition(r *revocation.Record, partitions int) int {
	switch r.Kind {
	case revocation.KindRevoke, revocation.KindUnrevoke, revocation.KindRevokeSession:
		return int(r.Serial.Index % uint32(partitions))
	}
	return 0
}
