package exchange

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/stream"
)

// Table learns the passages of other gateways: a *[passage.Table].
type Table interface {
	// Merge adds a passage. It is idempotent, in any order, and safe for concurrent use.
	Merge(*passage.Passage)
}

// Conflicts learns every passage, this gateway's too: a *passage.Conflicts.
type Conflicts interface {
	// Add adds a passage. It is idempotent, in any order, and safe for concurrent use.
	Add(*passage.Passage)
}

const (
	// Messages of gateways that are not known yet wait, because the announcement may arrive on another topic a
	// moment later: at most maxForeign of a partition, each for foreignFor.
	maxForeign = 64
	foreignFor = 10 * time.Second
)

// ReaderConfig configures a Reader.
type ReaderConfig struct {
	Gateways   passage.Keys
	Partitions int
	Window     time.Duration // how far back reading begins
	Table      Table         // nil: none
	Conflicts  Conflicts     // nil: none
	Now        func() time.Time
	// Own and Session are the gateway and the start of this process, Unix ms: the table has the passages of
	// this session already. Session 0: none.
	Own     revocation.GatewayID
	Session int64
}

// Reader applies the messages of the topic. It implements [stream.Window]. Reach is read from one atomic word,
// without a lock.
type Reader struct {
	ReaderConfig

	// through is the time up to which every partition was read, Unix ms; 0: the last window was not read yet.
	through atomic.Int64

	ledger   *passage.Ledger
	tables   tables
	parts    []readerPart
	mu       sync.Mutex // guards progress
	progress []progress
}

// readerPart is what a partition's messages have led to.
type readerPart struct {
	mu       sync.Mutex
	waiting  []foreignMessage
	outcomes []uint64 // by Outcome
	passages uint64
	delay    revocation.Delay
}

// progress is how far a partition was read.
type progress struct {
	target  int64 // offset at which the last window was read; -1: unknown
	read    bool  // it was
	reached int64 // when the end of the log was reached last, Unix ms
}

// foreignMessage is a message of a gateway that is not known yet.
type foreignMessage struct {
	raw   []byte
	since int64 // when it was read, Unix ms
}

// ReaderStats are the reader's counters, for metrics.
type ReaderStats struct {
	Outcomes []uint64 // by Outcome
	Passages uint64   // in applied batches
	// Ledger counts missing numbers: batches that other gateways gave up, or that the topic lost.
	Ledger passage.LedgerStats
	// Delay is the time from a scan at another gateway, by that gateway's clock, to its effect here. Uploads,
	// and passages that were in the log before this gateway had caught up, are not counted.
	Delay revocation.Delay
}

// NewReader returns a reader that knows nothing.
func NewReader(c ReaderConfig) *Reader {
	r := &Reader{ReaderConfig: c, parts: make([]readerPart, c.Partitions), progress: make([]progress, c.Partitions)}
	r.ledger = passage.NewLedger()
	for i := range r.parts {
		r.parts[i].outcomes = make([]uint64, len(Outcomes()))
		r.progress[i].target = -1
	}
	return r
}

var _ stream.Window = (*Reader)(nil)

// Partitions returns the number of partitions that the topic must have.
func (r *Reader) Partitions() int { return len(r.parts) }

// Retention returns [MinRetention].
func (r *Reader) Retention() time.Duration { return MinRetention }

// From returns where reading begins: a window ago, and before that as much as the clocks of gateways may differ.
func (r *Reader) From(now int64) int64 {
	return now - (r.Window + revocation.MaxSkew).Milliseconds()
}

// SetTargetOffset stores where the last window ends.
func (r *Reader) SetTargetOffset(partition int, end int64) {
	r.move(partition, func(p *progress) { p.target = end })
}

// SetPosition stores the next offset.
func (r *Reader) SetPosition(partition int, next int64) (trusted bool) {
	r.move(partition, func(p *progress) { p.read = p.read || p.target >= 0 && next >= p.target })
	return true
}

// Reached stores that the log was read to its end.
func (r *Reader) Reached(partition int, asked int64) {
	r.move(partition, func(p *progress) { p.reached = asked })
}

// StartOver makes the reach unknown until the last window of the partition was read again.
func (r *Reader) StartOver(partition int) {
	r.move(partition, func(p *progress) { *p = progress{target: -1} })
}

// move changes a partition's progress and computes through.
func (r *Reader) move(partition int, change func(*progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress[partition])
	through := r.progress[0].reached
	for i := range r.progress {
		p := &r.progress[i]
		if through = min(through, p.reached); !p.read {
			through = 0
			break
		}
	}
	r.through.Store(through)
}

// reach returns what the read side allows to say at the time now, Unix ms.
func (r *Reader) reach(now int64) passage.Reach {
	through := r.through.Load()
	switch age := now - through; {
	case through == 0:
		return passage.Unknown
	case age > silentAfter.Milliseconds() || age < -silentAfter.Milliseconds(): // before: the clock was set back
		return passage.Local
	}
	return passage.Exact
}

// Through returns the time up to which every partition was read, Unix ms; 0: the last window was not read yet.
func (r *Reader) Through() int64 { return r.through.Load() }

// Forget drops what is older than the topic's messages. It returns 0: a ledger does not count what it drops.
func (r *Reader) Forget(now int64) int {
	r.ledger.Forget(now - MinRetention.Milliseconds())
	r.tables.forget(now)
	return 0
}

// Stats returns the sums of all partitions.
func (r *Reader) Stats() ReaderStats {
	s := ReaderStats{Outcomes: make([]uint64, len(Outcomes())), Ledger: r.ledger.Stats()}
	for i := range r.parts {
		p := &r.parts[i]
		p.mu.Lock()
		for o, n := range p.outcomes {
			s.Outcomes[o] += n
		}
		s.Passages += p.passages
		s.Delay.Add(&p.delay)
		p.mu.Unlock()
	}
	return s
}

// ApplyAll applies messages of one partition in order, and first those that waited for a gateway's key.
func (r *Reader) ApplyAll(partition int, messages [][]byte, now int64) {
	p := &r.parts[partition]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(m foreignMessage) bool {
		o := r.apply(partition, m.raw, now)
		if age := now - m.since; o == foreign && age >= 0 && age < foreignFor.Milliseconds() {
			return false
		}
		p.outcomes[o]++
		return true
	})
	for _, raw := range messages {
		o := r.apply(partition, raw, now)
		if o == foreign && len(p.waiting) < maxForeign {
			p.waiting = append(p.waiting, foreignMessage{raw, now})
			continue
		}
		p.outcomes[o]++
	}
}

// GiveUp counts the messages that wait for a gateway's key as refused, for a caller that reads no further.
func (r *Reader) GiveUp(partition int, now int64) {
	p := &r.parts[partition]
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.waiting {
		p.outcomes[r.apply(partition, m.raw, now)]++
	}
	p.waiting = nil
}
