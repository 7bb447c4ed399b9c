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

// Stats are the follower's counters, for metrics.
type Stats struct {
	Fetches        uint64
	Holes          uint64 // offsets skipped because compaction left no message there
	Lagging        uint64 // responses of leaders that named an end before the position
	DroppedBatches uint64 // record batches dropped because decoding them could crash or exhaust the client
	Undecodable    uint64 // responses without a readable batch even at the largest size
	Restarts       uint64 // times a window was read again because its log was trimmed or recreated
	Errors         map[string]uint64
	// FailingSince is when reads of at least one partition began to fail; zero: all succeed.
	FailingSince time.Time
	Renewed      map[string]uint64 // links the watchdog replaced, by reason
	// SnapshotMS is when the newest snapshot was taken, Unix ms; 0: none yet.
	SnapshotMS       int64
	SnapshotTook     time.Duration
	SnapshotFailures uint64
	Partitions       []PartitionStats
}

// PartitionStats is one partition's position in its log, offsets.
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

func (f *Follower) storeProgress(c *cursor, r *kafkago.FetchResponse) {
	f.count(func(s *Stats) {
		s.Fetches++
		s.Partitions[c.partition] = PartitionStats{c.position, r.HighWatermark, r.LogStartOffset}
	})
}

func (f *Follower) countError(err error) {
	if errors.Is(err, context.Canceled) {
		return // the end of the follower, or of a link, is not an error
	}
	f.count(func(s *Stats) { s.Errors[errorClass(err)]++ })
}

// errorClass maps an error to one of a few fixed words, which are labels of a metric.
func errorClass(err error) string {
	var broker kafkago.Error
	var unknown protocol.Error // the cluster's metadata names no topic, partition or leader
	var network net.Error
	switch {
	case errors.As(err, &broker), errors.As(err, &unknown):
		return "broker"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network), connectionClosed(err):
		return "network"
	}
	return "data"
}

// connectionClosed reports whether the other side ended the connection, as a broker does during a regular
// shutdown.
func connectionClosed(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, kafka.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
