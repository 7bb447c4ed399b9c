package stream

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Link is a connection pool to the brokers: the part of kafka.Client that the follower calls, and Close.
// Calls in progress may outlive Close.
type Link interface {
	Fetch(context.Context, *kafka.FetchRequest) (*kafka.FetchResponse, error)
	ListOffsets(context.Context, *kafka.ListOffsetsRequest) (*kafka.ListOffsetsResponse, error)
	Metadata(context.Context, *kafka.MetadataRequest) (*kafka.MetadataResponse, error)
	DescribeConfigs(context.Context, *kafka.DescribeConfigsRequest) (*kafka.DescribeConfigsResponse, error)
	// DroppedBatches counts record batches with a valid checksum that were dropped because decoding them
	// could crash or exhaust the client.
	DroppedBatches() uint64
	Close()
}

const (
	// failuresToRenew is how many calls of a partition fail in a row before the watchdog opens a new link.
	// Existing connections and cached leaders may lead to a broker that is frozen.
	failuresToRenew = 2
	// stuckAfter is how long a partition's position may stay the same while its log grows.
	stuckAfter = 5 * time.Second
)

// Reasons for a new link; labels of a metric.
const (
	whyFailing = "failing"
	whyStuck   = "stuck"
)

// watchdog is a partition's watchdog, owned by its goroutine.
type watchdog struct {
	failures int
	moved    time.Time // when the position last moved, or was at the log's end
}

// failed counts a failed call and reports whether a new link is due.
func (w *watchdog) failed() bool {
	w.failures++
	return w.failures%failuresToRenew == 0
}

// answered resets the failures after a good fetch and reports whether a new link is due.
func (w *watchdog) answered(moved bool, now time.Time) bool {
	w.failures = 0
	if moved || w.moved.IsZero() || now.Sub(w.moved) > stuckAfter {
		stuck := !moved && !w.moved.IsZero()
		w.moved = now
		return stuck
	}
	return false
}

// link returns the link that all partitions share.
func (f *Follower) link() Link { return *f.current.Load() }

// connect opens the first link; it fails only while a file named in the settings cannot be read.
func (f *Follower) connect(ctx context.Context) bool {
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		link, err := f.openLink()
		if err == nil {
			f.current.Store(&link)
			return true
		}
		f.setTrouble(err.Error(), true)
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// renew replaces a link unless another partition has done so.
func (f *Follower) renew(partition int, old Link, why string) {
	f.renewing.Lock()
	defer f.renewing.Unlock()
	if f.link() != old {
		return
	}
	level := zap.WarnLevel
	if why == whyFailing {
		level = zap.DebugLevel // several times a second in an outage, which has log lines of its own
	}
	f.log.Log(level, "watchdog: opening new connections to the brokers", zap.Int("partition", partition), zap.String("why", why))
	fresh, err := f.openLink()
	if err != nil { // a file named in the settings is missing: keep the old link
		f.log.Error("watchdog: cannot open new connections", zap.Error(err))
		return
	}
	f.current.Store(&fresh)
	old.Close()
	f.count(func(s *Stats) {
		s.Renewed[why]++
		s.DroppedBatches += old.DroppedBatches()
	})
}
