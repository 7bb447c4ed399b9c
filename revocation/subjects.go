package revocation

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// subjectLead bounds how far ahead of now a subject's cut-off may lie, seconds:
// whoever must be kept out for longer has credentials to revoke.
const subjectLead = 24 * 60 * 60

// Subjects holds cut-offs: sessions of a subject that start before its cut-off
// are not good. CutOff takes no lock. Entries are few and short-lived, since a
// session lasts half an hour; the shards, picked by a keyed hash's first byte,
// keep one more entry from copying all the others.
type Subjects struct {
	shards [256]atomic.Pointer[map[tokens.Subject]int64] // each replaced whole

	mu    sync.Mutex // guards changes
	count atomic.Int64
}

// CutOff is the earliest start of a good session, Unix seconds; 0: any.
func (s *Subjects) CutOff(subject tokens.Subject) int64 {
	m := s.shards[subject[0]].Load()
	if m == nil {
		return 0
	}
	return (*m)[subject]
}

// cut moves a subject's cut-off, never to an earlier time, and reports whether
// that changed anything.
func (s *Subjects) cut(subject tokens.Subject, before int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	shard := &s.shards[subject[0]]
	grown := map[tokens.Subject]int64{}
	if m := shard.Load(); m != nil {
		if old, ok := (*m)[subject]; ok && old >= before {
			return false
		} else if !ok {
			s.count.Add(1)
		}
		grown = maps.Clone(*m)
	} else {
		s.count.Add(1)
	}
	grown[subject] = before
	shard.Store(&grown)
	return true
}

// forget drops cut-offs that no living session can lie before; now is Unix
// seconds.
func (s *Subjects) forget(now int64) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	over := func(_ tokens.Subject, before int64) bool { return before+shownFor <= now }
	for i := range s.shards {
		m := s.shards[i].Load()
		if m == nil {
			continue
		}
		left := maps.Clone(*m)
		maps.DeleteFunc(left, over)
		if n := len(*m) - len(left); n > 0 {
			dropped += n
			s.shards[i].Store(&left)
		}
	}
	s.count.Add(-int64(dropped))
	return dropped
}

// subjectBytes is about what one cut-off takes in memory.
const subjectBytes = 48

// Len counts the cut-offs held.
func (s *Subjects) Len() int { return int(s.count.Load()) }

type subjectCutOff struct {
	subject tokens.Subject
	before  int64
}

// all lists the cut-offs by subject, for a snapshot.
func (s *Subjects) all() (list []subjectCutOff) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.shards {
		if m := s.shards[i].Load(); m != nil {
			for subject, before := range *m {
				list = append(list, subjectCutOff{subject, before})
			}
		}
	}
	slices.SortFunc(list, func(a, b subjectCutOff) int { return slices.Compare(a.subject[:], b.subject[:]) })
	return list
}
