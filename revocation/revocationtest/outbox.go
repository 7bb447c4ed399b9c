package revocationtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
)

// Outbox is a publish.Outbox in memory, as seen by one of its owners. It lives as long as the test.
type Outbox struct {
	Partitions int
	*sharedOutbox
}

// sharedOutbox is the state that all owners of an outbox share.
type sharedOutbox struct {
	mu       sync.Mutex
	epoch    uint64
	waiting  map[int][]revocation.Record
	added    map[int][]revocation.Record // all records ever added
	next     map[int]uint64              // highest number published
	failNext int                         // number of coming calls that fail

	leaseOwner *Outbox // of the lease
	until      time.Time
}

var _ publish.Outbox = (*Outbox)(nil)

// NewOutbox returns an empty outbox.
func NewOutbox(epoch uint64, partitions int) *Outbox {
	return &Outbox{Partitions: partitions, sharedOutbox: &sharedOutbox{epoch: epoch,
		waiting: map[int][]revocation.Record{}, added: map[int][]revocation.Record{}, next: map[int]uint64{}}}
}

// Share returns the same outbox for another owner, such as a second publisher.
func (o *Outbox) Share() *Outbox {
	return &Outbox{Partitions: o.Partitions, sharedOutbox: o.sharedOutbox}
}

// Add queues a record; with a real outbox this is the transaction that commits.
func (o *Outbox) Add(records ...revocation.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range records {
		p := publish.Partition(&r, o.Partitions)
		o.waiting[p] = append(o.waiting[p], r)
		o.added[p] = append(o.added[p], r)
	}
}

// FailNext makes the next n calls of TakeRecords and MarkPublished fail.
func (o *Outbox) FailNext(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failNext = n
}

func (o *Outbox) fails() error {
	if o.failNext == 0 {
		return nil
	}
	o.failNext--
	return errors.New("outbox: failure requested by the test")
}

// Waiting returns the number of records that are not published.
func (o *Outbox) Waiting() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.waiting {
		n += len(w)
	}
	return n
}

// Lead implements publish.Outbox.
func (o *Outbox) Lead(context.Context) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.leaseOwner != o && time.Now().Before(o.until) {
		return false, nil
	}
	o.leaseOwner, o.until = o, time.Now().Add(publish.LeaseTime)
	return true, nil
}

// Resign implements publish.Outbox.
func (o *Outbox) Resign(context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.leaseOwner == o {
		o.until = time.Time{}
	}
	return nil
}

// Epoch implements publish.Outbox.
func (o *Outbox) Epoch(context.Context) (uint64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.epoch, nil
}

// Place implements publish.Outbox: every numbered record here is published.
func (o *Outbox) Place(_ context.Context, partition int) (low, next uint64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.next[partition] + 1, o.next[partition] + 1 + uint64(len(o.waiting[partition])), nil
}

// Republish implements publish.Outbox.
func (o *Outbox) Republish(_ context.Context, above uint64, _ int64) (uint64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.epoch = max(o.epoch, above) + 1
	o.next = map[int]uint64{}
	for p, records := range o.added {
		o.waiting[p] = append(o.waiting[p], records...)
	}
	return o.epoch, nil
}

// TakeRecords implements publish.Outbox.
func (o *Outbox) TakeRecords(_ context.Context, epoch uint64, partition int, done uint64, limit int) (publish.Pending, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.fails(); err != nil {
		return publish.Pending{}, err
	}
	switch {
	case epoch != o.epoch:
		return publish.Pending{}, publish.ErrEpoch
	case o.leaseOwner != o && time.Now().Before(o.until):
		return publish.Pending{}, publish.ErrLease
	}
	o.mark(partition, done)
	w := o.waiting[partition]
	n := min(len(w), limit)
	return publish.Pending{First: o.next[partition] + 1, Records: append([]revocation.Record(nil), w[:n]...), Drained: n == len(w)}, nil
}

// MarkPublished implements publish.Outbox.
func (o *Outbox) MarkPublished(_ context.Context, epoch uint64, partition int, last uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.fails(); err != nil {
		return err
	}
	if epoch != o.epoch {
		return publish.ErrEpoch
	}
	o.mark(partition, last)
	return nil
}

func (o *Outbox) mark(partition int, last uint64) {
	if last <= o.next[partition] {
		return // another publisher has marked it
	}
	o.waiting[partition] = o.waiting[partition][last-o.next[partition]:]
	o.next[partition] = last
}
