package stream

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Link is a connection pool to the brokers: the part of kafka.Client that the
// follower calls, and an end to it. Calls that are under way may outlive Close.
type Link interface {
	Fetch(context.Context, *kafka.FetchRequest) (*kafka.FetchResponse, error)
	ListOffsets(context.Context, *kafka.ListOffsetsRequest) (*kafka.ListOffsetsResponse, error)
	Metadata(context.Context, *kafka.MetadataRequest) (*kafka.MetadataResponse, error)
	DescribeConfigs(context.Context, *kafka.DescribeConfigsRequest) (*kafka.DescribeConfigsResponse, error)
	// DroppedBatches counts batches that were right by their checksum and yet made to
	// hurt whoever decodes them; they were taken out.
	DroppedBatches() uint64
	Close()
}

const (
	// failuresToRenew is how many calls of a partition fail in a row before the
	// watchdog opens a new link: connections and what is known of the cluster's
	// leaders may lead to a broker that is frozen.
	failuresToRenew = 2
	// stuckAfter is how long a partition may stand still while its log goes on.
	stuckAfter = 5 * time.Second
)

// Why the watchdog opened a new link; labels of a metric.
const (
	whyFailing = "failing"
	whyStuck   = "stuck"
)

// watch is a partition's watchdog, owned by its goroutine.
type watch struct {
	failures int
	moved    time.Time // when the position last moved, or was at the log's end
}

// failed notes a failed call and says whether a new link is due.
func (w *watch) failed() bool {
	w.failures++
	return w.failures%failuresToRenew == 0
}

// answered notes a good fetch and says whether a new link is due.
func (w *watch) answered(moved bool, now time.Time) bool {
	w.failures = 0
	if moved || w.moved.IsZero() || now.Sub(w.moved) > stuckAfter {
		stuck := !moved && !w.moved.IsZero()
		w.moved = now
		return stuck
	}
	return false
}

// link is the one that all partitions share.
func (f *Follower) link() Link { return *f.current.Load() }

// connect opens the first link; it fails only while a file that the settings
// name cannot be read.
func (f *Follower) connect(ctx context.Context) bool {
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		link, err := f.open()
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
		level = zap.DebugLevel // several times a second in an outage, whose lines tell why
	}
	f.log.Log(level, "watchdog: opening new connections to the brokers", zap.Int("partition", partition), zap.String("why", why))
	fresh, err := f.open()
	if err != nil { // a file of the settings is gone: the old link is better than none
		f.log.Error("watchdog: no new connections", zap.Error(err))
		return
	}
	f.current.Store(&fresh)
	old.Close()
	f.count(func(s *Stats) {
		s.Renewed[why]++
		s.DroppedBatches += old.DroppedBatches()
	})
}
