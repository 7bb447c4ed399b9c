// Package publish writes an issuer's control records to the stream: numbered, signed in batches, and repeated
// until all in-sync replicas have acknowledged them. A record that an [Outbox] has accepted is lost only with
// its database.
//
// It promises at-least-once delivery in order per partition; the numbering makes repetitions harmless. It has
// no state that a crash could lose. Of several publishers on one Outbox one works and the others are
// standbys.
package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/revocation"
)

// Outbox is the issuer's durable queue of records. Records enter it in the same database transaction as their
// cause; this package is not involved. Calls for different partitions may run concurrently.
type Outbox interface {
	// Lead acquires or renews the lease of the active publisher, and reports whether this outbox's owner has
	// it for the next [LeaseTime]. The lease keeps two issuers on one database from doing the work twice.
	// Correctness when a lease is lost unnoticed comes from two other checks: TakeRecords checks the owner of
	// the lease, and TakeRecords and MarkPublished check the epoch.
	Lead(ctx context.Context) (leading bool, err error)
	// Resign releases the lease early, so that another publisher need not wait for its end.
	Resign(ctx context.Context) error
	// Epoch returns the current epoch. It never decreases, and it grows whenever numbering starts over, for
	// example with a new database. It returns [ErrOtherStream] if the outbox belongs to another stream than
	// its owner's.
	Epoch(ctx context.Context) (uint64, error)
	// Place returns the position of the partition's numbering: low is the number of the oldest record that
	// may not be in the stream yet, next the number of the next record without a number. They are equal when
	// no numbered record is waiting.
	Place(ctx context.Context, partition int) (low, next uint64, err error)
	// Republish starts a new epoch, greater than above and than the current one, that contains everything
	// active at now (Unix ms): every announced key with its cutoff and exempt credentials, every subject's
	// cutoff, every closed session of which a code could still pass, and the state of every credential that
	// was ever revoked and has not expired. Numbering starts over at 1. No credential's state is written
	// twice: an unrevocation followed by a revocation would make it valid for a moment.
	Republish(ctx context.Context, above uint64, now int64) (epoch uint64, err error)
	// TakeRecords first marks the partition's records up to and including done like MarkPublished, 0 for
	// none. Then it durably numbers the waiting records, oldest first, and returns at most max unpublished
	// records in the order of their numbers. Both happen in one transaction, because a publisher needs them
	// one after the other. A record keeps its number, so a crash between publishing and marking leads to the
	// same message again. It returns [ErrEpoch] for an epoch that has ended, and [ErrLease] if another
	// publisher has the lease, also when no record waits: two publishers that use the same numbers with
	// different clocks look like a stream that contradicts itself.
	TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, max int) (Pending, error)
	// MarkPublished marks the partition's records up to and including last. For an epoch that has ended it
	// returns [ErrEpoch] and marks nothing, because the numbers belong to other records now. A publisher that
	// has lost the lease may still mark the records it published.
	MarkPublished(ctx context.Context, epoch uint64, partition int, last uint64) error
}

// LeaseTime is the duration of a lease; its owner renews it three times as often.
const LeaseTime = 3 * time.Second

// ErrEpoch means that another publisher began a new epoch: start over.
var ErrEpoch = errors.New("publish: the epoch is over")

// ErrLease means that another publisher has the lease: become a standby.
var ErrLease = errors.New("publish: another publisher has the lease")

// ErrOtherStream means that the outbox belongs to another topic, or to another number of partitions: the
// publisher's settings are wrong, or the stream was moved. [Publisher.Run] ends.
var ErrOtherStream = fmt.Errorf("publish: the outbox belongs to another stream: %w", errFinal)

// Pending is an Outbox's answer for one partition.
type Pending struct {
	First   uint64 // number of the first record, or the next number if there is none
	Records []revocation.Record
	// Drained reports that Records are all records that were committed when TakeRecords was called.
	Drained bool
}

// Partition returns the partition of a control record. Records of one serial and of its sessions share a
// partition, which keeps revoke and unrevoke in order. All records about keys of issuers and gateways are in
// partition 0, so that an exemption precedes its cutoff and an announcement its withdrawal; records about
// subjects and amnesties are in partition 0, too.
func Partition(r *revocation.Record, partitions int) int {
	switch r.Kind {
	case revocation.KindRevoke, revocation.KindUnrevoke, revocation.KindRevokeSession, revocation.KindForgive:
		return int(r.Serial.Index % uint32(partitions))
	}
	return 0
}
