package stream

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/railgate/railgate/revocation/kafka"
)

// Stats is what the follower went through, for metrics.
type Stats struct {
	Fetches        uint64
	Holes          uint64 // offsets stepped through because compaction left nothing there
	Lagging        uint64 // responses of leaders that did not know yet how far the log was read
	DroppedBatches uint64 // batches made to hurt whoever decodes them, taken out
	Undecodable    uint64 // responses that held nothing readable even at the largest size
	Errors         map[string]uint64
	// FailingSince is since when reads of at least one partition have failed; zero: all work.
	FailingSince time.Time
	Renewed      map[string]uint64 // links the watchdog gave up, by why
	// SnapshotMS is when the newest snapshot was taken, Unix ms; 0: none yet.
	SnapshotMS       int64
	SnapshotTook     time.Duration
	SnapshotFailures uint64
	Partitions       []PartitionStats
}

// PartitionStats is one partition's place in its log, offsets.
type PartitionStats struct{ Position, HighWatermark, LogStart int64 }

// Stats returns a copy.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Errors, s.Renewed = maps.Clone(s.Errors), maps.Clone(s.Renewed)
	s.Partitions = slices.Clone(s.Partitions)
	s.FailingSince, _ = f.outage.State()
	if link := f.current.Load(); link != nil {
		s.DroppedBatches += (*link).DroppedBatches()
	}
	return s
}

func (f *Follower) count(change func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.stats)
}

func (f *Follower) progress(c *cursor, r *kafkago.FetchResponse) {
	f.count(func(s *Stats) {
		s.Fetches++
		s.Partitions[c.partition] = PartitionStats{c.position, r.HighWatermark, r.LogStartOffset}
	})
}

func (f *Follower) countError(err error) {
	if errors.Is(err, context.Canceled) {
		return // the end of the follower, or of a link, is no fault
	}
	f.count(func(s *Stats) { s.Errors[class(err)]++ })
}

// class names an error with one of a few fixed words, fit for a metric label.
func class(err error) string {
	var broker kafkago.Error
	var unknown protocol.Error // no topic, partition or leader, by the cluster's metadata
	var network net.Error
	switch {
	case errors.As(err, &broker), errors.As(err, &unknown):
		return "broker"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network), closed(err):
		return "network"
	}
	return "data"
}

// closed reports whether the other side ended the connection, as a broker does that
// stops in order.
func closed(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, kafka.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
