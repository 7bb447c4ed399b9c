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

// Amnesty allows scans of some scopes without looking at passages, as staff declared it: at one station, or
// at all of them, for a time.
type Amnesty struct {
	Scopes  tokens.Scopes
	Station Station // zero: every station
	From    int64   // Unix seconds
	Until   int64   // Unix seconds, exclusive
}

func amnestyOf(r *Record) Amnesty { return Amnesty{r.Scopes, r.Station, r.From, r.Until} }

// valid reports whether the amnesty has scopes and a duration of at most [MaxAmnesty].
func (a *Amnesty) valid() bool {
	return a.Scopes != 0 && a.Scopes&^tokens.AllScopes == 0 && a.From < a.Until && a.Until-a.From <= MaxAmnesty
}

// compareAmnesties is the order of their encodings in a snapshot.
func compareAmnesties(a, b Amnesty) int {
	return cmp.Or(cmp.Compare(a.Scopes, b.Scopes), bytes.Compare(a.Station[:], b.Station[:]), cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until))
}

// amnesties is an immutable set. A nil set has none, so that a scan costs one load while there is none.
type amnesties struct {
	all []Amnesty             // by compareAmnesties
	at  map[Station][]Amnesty // those of each station; the zero station has those of every station
}

// amnestyBytes is approximately the memory of one amnesty.
const amnestyBytes = 96

// newAmnesties returns the set of a list that compareAmnesties has ordered.
func newAmnesties(all []Amnesty) *amnesties {
	if len(all) == 0 {
		return nil
	}
	s := &amnesties{all: all, at: map[Station][]Amnesty{}}
	for _, a := range all {
		s.at[a.Station] = append(s.at[a.Station], a)
	}
	return s
}

// list returns all amnesties in their order.
func (s *amnesties) list() []Amnesty {
	if s == nil {
		return nil
	}
	return s.all
}

// with returns the set with one more. fits is false if there is no room, and s is returned if it contains the
// amnesty.
func (s *amnesties) with(a Amnesty, most int) (grown *amnesties, fits bool) {
	all := s.list()
	at, there := slices.BinarySearchFunc(all, a, compareAmnesties)
	switch {
	case there:
		return s, true
	case len(all) >= most:
		return s, false
	}
	return newAmnesties(slices.Insert(slices.Clone(all), at, a)), true
}

// without returns the set without those that were over at now, Unix seconds.
func (s *amnesties) without(now int64) *amnesties {
	over := func(a Amnesty) bool { return a.Until <= now }
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

// Amnesties returns all stored amnesties, over or to come included. The slice must not be changed.
func (r *Replica) Amnesties() []Amnesty { return r.amnesties.Load().list() }
