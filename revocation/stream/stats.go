package stream

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// Stats is what the follower went through, for metrics.
type Stats struct {
	Fetches     uint64
	Holes       uint64 // offsets stepped through because compaction left nothing there
	Lagging     uint64 // responses of leaders that did not know yet how far the log was read
	Swallowed   uint64 // batches made to hurt whoever decodes them, taken out
	Undecodable uint64 // responses that held nothing readable even at the largest size
	Errors      map[string]uint64
	Renewed     map[string]uint64 // links the watchdog gave up, by why
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
	if link := f.current.Load(); link != nil {
		s.Swallowed += (*link).Swallowed()
	}
	return s
}

func (f *Follower) count(change func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.stats)
}

func (f *Follower) progress(c *cursor, r *kafka.FetchResponse) {
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
	var broker kafka.Error
	var network net.Error
	switch {
	case errors.As(err, &broker):
		return "broker"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network):
		return "network"
	}
	return "data"
}
