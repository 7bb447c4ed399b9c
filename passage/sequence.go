package passage

import (
	"sync"

	"github.com/railgate/railgate/revocation"
)

// Ledger knows which batches were read, to count those that were repeated and those that are missing. Its methods
// may be called concurrently.
//
// It is not what makes a repeated batch harmless: a [Table] and [Conflicts] take passages any number of times.
// A batch of a session that the ledger has forgotten, or had no room for, therefore counts as new.
type Ledger struct {
	mu       sync.Mutex
	sessions map[session]*sequences
	stats    LedgerStats
}

// MaxSessions bounds a ledger: 3,000 gateways with 12 partitions, each with a restart or two within the window. It
// is about 15 MB.
const MaxSessions = 100_000

// session names a sequence of batches.
type session struct {
	gateway   revocation.GatewayID
	partition uint16
	start     int64
}

// sequences is the numbers of a session that were read: all up to recent have a bit; older ones count as read.
type sequences struct {
	first  uint64 // that was read
	newest uint64
	seen   [recent / 64]uint64 // bit n%recent: number n was read
	issued int64               // of the newest batch, Unix ms
}

// recent is how far batches of one session can overtake each other. Kafka keeps the order of a partition, so only
// another producer repeats older ones.
const recent = 256

// LedgerStats are counts since the start, except Sessions.
type LedgerStats struct {
	Sessions  int    // known at this moment
	Replayed  uint64 // batches that were read before
	Missing   uint64 // numbers that were left out and did not come later
	Untracked uint64 // batches of sessions for which there was no room
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{sessions: make(map[session]*sequences)} }

// Add reports whether a batch was not read before. The first batch of a session that is read begins it: earlier
// numbers are neither missing nor expected, and count as new if they follow closely.
func (l *Ledger) Add(b *Batch) (fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := session{b.Gateway, b.Partition, b.Session}
	s := l.sessions[name]
	if s == nil {
		if len(l.sessions) >= MaxSessions {
			l.stats.Untracked++
			return true
		}
		s = &sequences{first: b.Sequence, newest: b.Sequence, issued: b.Issued}
		s.mark(b.Sequence)
		l.sessions[name] = s
		return true
	}
	s.issued = max(s.issued, b.Issued)
	if b.Sequence > s.newest {
		l.stats.Missing += b.Sequence - s.newest - 1
		s.advance(b.Sequence)
		return true
	}
	if s.newest-b.Sequence >= recent || s.has(b.Sequence) {
		l.stats.Replayed++
		return false
	}
	s.mark(b.Sequence)
	if b.Sequence > s.first { // it was counted as missing
		l.stats.Missing--
	}
	return true
}

func (s *sequences) mark(n uint64) { s.seen[n%recent/64] |= 1 << (n % 64) }

func (s *sequences) has(n uint64) bool { return s.seen[n%recent/64]&(1<<(n%64)) != 0 }

// advance makes n the newest number and forgets those that are not recent any more.
func (s *sequences) advance(n uint64) {
	if n-s.newest >= recent {
		s.seen = [recent / 64]uint64{}
	} else {
		for i := s.newest + 1; i < n; i++ {
			s.seen[i%recent/64] &^= 1 << (i % 64)
		}
	}
	s.newest = n
	s.mark(n)
}

// Forget drops the sessions whose newest batch was issued before the time, Unix ms. Batches that old contain no
// passage of the window.
func (l *Ledger) Forget(before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, s := range l.sessions {
		if s.issued < before {
			delete(l.sessions, name)
		}
	}
}

// Stats returns the counts.
func (l *Ledger) Stats() LedgerStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Sessions = len(l.sessions)
	return s
}
