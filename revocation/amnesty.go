package revocation

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/railgate/railgate/tokens"
)

const (
	// MaxAmnesties bounds the amnesties that a replica stores. One beyond it is counted and ignored.
	MaxAmnesties = 4096
	// MaxAmnesty is the longest amnesty, seconds. A longer one is a mistake or a policy: it is counted and
	// ignored.
	MaxAmnesty = 48 * 60 * 60
)

// Amnesty allows scans of some scopes without looking at passages: at one station, or at all of them, for a time.
type Amnesty struct {
	Scopes  tokens.Scopes
	Station Station // zero: every station
	From    int64   // Unix seconds
	Until   int64   // Unix seconds, exclusive
}

// declaredAmnesty is an amnesty as staff declared it, which is its identity, and the time at which it ends, Unix
// seconds, exclusive: Until, or earlier if staff ended it early.
type declaredAmnesty struct {
	Amnesty
	end int64
}

// amnestyOf returns the amnesty of a KindAmnesty or KindEndAmnesty. Of the records of one amnesty the earliest end
// counts, so that neither their order nor repetitions matter: a record that ends an amnesty also declares it.
func amnestyOf(r *Record) declaredAmnesty {
	a := declaredAmnesty{Amnesty{r.Scopes, r.Station, r.From, r.Until}, r.Until}
	if r.Kind == KindEndAmnesty {
		a.end = r.Cutoff
	}
	return a
}

// valid reports whether the amnesty has scopes, a duration of at most [MaxAmnesty], and an end within it.
func (a *declaredAmnesty) valid() bool {
	return a.Scopes != 0 && a.Scopes&^tokens.AllScopes == 0 && a.From < a.Until && a.Until-a.From <= MaxAmnesty &&
		a.From <= a.end && a.end <= a.Until
}

// compareDeclared is the order of their encodings in a snapshot.
func compareDeclared(a, b declaredAmnesty) int { return compareAmnesties(a.Amnesty, b.Amnesty) }

func compareAmnesties(a, b Amnesty) int {
	return cmp.Or(cmp.Compare(a.Scopes, b.Scopes), bytes.Compare(a.Station[:], b.Station[:]), cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until))
}

// amnesties is an immutable set. A nil set has none, so that a scan costs one load while there is none.
type amnesties struct {
	all       []declaredAmnesty     // by compareDeclared
	effective []Amnesty             // up to the end of each, without those that end when they begin
	at        map[Station][]Amnesty // the effective ones of each station; the zero station has those of every station
}

// amnestyBytes is approximately the memory of one amnesty.
const amnestyBytes = 128

// newAmnesties returns the set of a list that compareDeclared has ordered.
func newAmnesties(all []declaredAmnesty) *amnesties {
	if len(all) == 0 {
		return nil
	}
	s := &amnesties{all: all, effective: effectiveOf(all), at: map[Station][]Amnesty{}}
	for _, a := range s.effective {
		s.at[a.Station] = append(s.at[a.Station], a)
	}
	return s
}

// effectiveOf returns the times in which amnesties apply, in order and each once.
func effectiveOf(all []declaredAmnesty) (list []Amnesty) {
	for _, a := range all {
		if a.From < a.end {
			a.Until = a.end
			list = append(list, a.Amnesty)
		}
	}
	slices.SortFunc(list, compareAmnesties)
	return slices.Compact(list)
}

// list returns all amnesties in their order.
func (s *amnesties) list() []declaredAmnesty {
	if s == nil {
		return nil
	}
	return s.all
}

// with returns the set with one more, or with an earlier end of one. fits is false if there is no room, and s is
// returned if the amnesty changes nothing.
func (s *amnesties) with(a declaredAmnesty, most int) (grown *amnesties, fits bool) {
	all := s.list()
	at, there := slices.BinarySearchFunc(all, a, compareDeclared)
	switch {
	case there && all[at].end <= a.end:
		return s, true
	case there:
		all = slices.Clone(all)
		all[at] = a
		return newAmnesties(all), true
	case len(all) >= most:
		return s, false
	}
	return newAmnesties(slices.Insert(slices.Clone(all), at, a)), true
}

// without returns the set without those that were over at now, Unix seconds. An amnesty that was ended early stays
// as long as another one: its declaration can be read again.
func (s *amnesties) without(now int64) *amnesties {
	over := func(a declaredAmnesty) bool { return a.Until <= now }
	if !slices.ContainsFunc(s.list(), over) {
		return s
	}
	return newAmnesties(slices.DeleteFunc(slices.Clone(s.all), over))
}

// covers reports whether an amnesty of the station or of every station covers a scan.
func (s *amnesties) covers(station Station, scope tokens.Scope, at int64) bool {
	for _, list := range [...][]Amnesty{s.at[Station{}], s.at[station]} {
		for i := range list {
			if a := &list[i]; a.From <= at && at < a.Until && a.Scopes.Has(scope) {
				return true
			}
		}
	}
	return false
}

// Amnesty reports whether a scan of the scope at the station and time, Unix seconds, neither needs nor leaves
// a passage. The zero station is covered by amnesties of every station only. It takes no lock and costs one
// load while no amnesty is stored.
func (r *Replica) Amnesty(station Station, scope tokens.Scope, at int64) bool {
	s := r.amnesties.Load()
	return s != nil && s.covers(station, scope, at)
}

// Amnesties returns the times in which amnesties apply, over or to come included; one that was ended early is until
// that end. The slice must not be changed.
func (r *Replica) Amnesties() []Amnesty {
	if s := r.amnesties.Load(); s != nil {
		return s.effective
	}
	return nil
}
