package revocation

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// subjectLead bounds how far ahead of now a subject's cutoff may be, seconds. To refuse a person for longer,
// the issuer revokes their credentials.
const subjectLead = 24 * 60 * 60

// Subjects contains cutoffs: sessions of a subject that start before its cutoff are refused.
// [Subjects.Cutoff] takes no lock. Entries are few and short-lived, because a session lasts half an hour. The
// shards, selected by the first byte of a keyed hash, limit how many entries are copied when one is added.
type Subjects struct {
	shards [256]atomic.Pointer[map[tokens.Subject]int64] // each replaced whole

	mu    sync.Mutex // guards changes
	count atomic.Int64
}

// Cutoff returns the earliest valid session start, Unix seconds; 0: any.
func (s *Subjects) Cutoff(subject tokens.Subject) int64 {
	m := s.shards[subject[0]].Load()
	if m == nil {
		return 0
	}
	return (*m)[subject]
}

// setCutoff moves a subject's cutoff, never to an earlier time, and reports whether that changed anything.
func (s *Subjects) setCutoff(subject tokens.Subject, before int64) bool {
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

// forget drops cutoffs if no session that started before them can still be shown; now is Unix seconds.
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

// subjectBytes is approximately the memory of one cutoff.
const subjectBytes = 48

// Len returns the number of cutoffs.
func (s *Subjects) Len() int { return int(s.count.Load()) }

type subjectCutoff struct {
	subject tokens.Subject
	before  int64
}

// all returns the cutoffs by subject, for a snapshot.
func (s *Subjects) all() (list []subjectCutoff) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.shards {
		if m := s.shards[i].Load(); m != nil {
			for subject, before := range *m {
				list = append(list, subjectCutoff{subject, before})
			}
		}
	}
	slices.SortFunc(list, func(a, b subjectCutoff) int { return slices.Compare(a.subject[:], b.subject[:]) })
	return list
}
