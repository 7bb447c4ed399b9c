package bundle

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Store is what a device has of bundles: a full one and the deltas that followed it. It implements
// [tokens.Keys] and [tokens.Revocations]. It is not safe for concurrent use.
//
// The device keeps the bytes of the full bundle and of each delta in files, in the order in which they were
// accepted, and gives them to a new Store after a restart. It fetches a full bundle when the files take too much
// room.
type Store struct {
	authority *revocation.Authority
	device    string

	full      bool // a full bundle was accepted
	head      Head // of the newest bundle
	keys      *Keys
	keySet    *tokens.KeySet
	policy    *Policy
	revoked   *revocation.Set
	exempt    map[tokens.KeyID]*revocation.Set
	cutoffs   map[tokens.Subject]int64
	closed    *revocation.ClosedSessions
	forgiven  map[tokens.Serial]int64
	amnesties []revocation.Amnesty
	passages  *Passages
	bookings  *Bookings
	time      timeline
}

var (
	_ tokens.Keys        = (*Store)(nil)
	_ tokens.Revocations = (*Store)(nil)
)

// Reasons why a store refuses a verified bundle. What it has stays.
var (
	ErrRolledBack = errors.New("bundle: older than the bundle that this device has")
	ErrNoBase     = errors.New("bundle: a delta that does not follow the bundle that this device has; fetch a full bundle")
	ErrDevice     = errors.New("bundle: made for another device")
	ErrAhead      = errors.New("bundle: dated more than a minute ahead of the time that an earlier bundle gives")
	ErrFull       = errors.New("bundle: more closed sessions than fit in memory")
)

// NewStore returns an empty store. It accepts bundles for one device, by its id in the gateway's settings.
func NewStore(authority *revocation.Authority, device string) *Store {
	keys := new(Keys)
	set, err := tokens.NewKeySet()
	if err != nil {
		panic("BUG: an empty set of keys is refused: " + err.Error())
	}
	return &Store{authority: authority, device: device, keys: keys, keySet: set, closed: revocation.NewClosedSessions(), revoked: revocation.NewSet()}
}

// Accept verifies a bundle that a gateway has just answered and adds it to the store. c is the reading of the
// clocks when the first byte of the answer arrived: the store measures time from there, see [Clock].
func (s *Store) Accept(raw []byte, c Clock) error { return s.accept(raw, c, true) }

// Load is Accept for a bundle from a file: one that was kept over a restart, or was shipped with the device. Its
// time says nothing about now.
func (s *Store) Load(raw []byte) error { return s.accept(raw, Clock{}, false) }

func (s *Store) accept(raw []byte, c Clock, live bool) error {
	b, err := Open(raw, s.authority, s.keys)
	if err != nil {
		return err
	}
	if b.Policy.Device != s.device {
		return ErrDevice
	}
	if s.full && (b.Epoch < s.head.Epoch || b.WatermarkMS < s.head.WatermarkMS) {
		return fmt.Errorf("%w: watermark %d in epoch %d after %d in epoch %d", ErrRolledBack, b.WatermarkMS, b.Epoch, s.head.WatermarkMS, s.head.Epoch)
	}
	if !b.Full() && (!s.full || s.head.WatermarkMS < b.SinceMS) {
		return ErrNoBase
	}
	if now, _ := s.time.now(c); live && s.time.isAnchored(c) && b.MadeMS > now+maxAhead {
		return ErrAhead
	}
	next := *s
	if b.Full() {
		next.revoked, next.closed, next.exempt = revocation.NewSet(), revocation.NewClosedSessions(), map[tokens.KeyID]*revocation.Set{}
		next.cutoffs, next.forgiven, next.passages = map[tokens.Subject]int64{}, map[tokens.Serial]int64{}, nil
	}
	if err := next.apply(b); err != nil {
		return err
	}
	next.time.accept(b.MadeMS, c, live)
	*s = next
	return nil
}

// apply adds the content of a bundle. Sets are changed in place: applying a delta a second time changes nothing.
func (s *Store) apply(b *Bundle) error {
	for _, session := range b.Closed {
		if _, fits := s.closed.Add(session.Serial, session.Start, session.Start); !fits {
			return ErrFull
		}
	}
	if b.Full() && b.Revoked != nil {
		s.revoked = b.Revoked
	} else {
		addAll(s.revoked, b.Revoked)
	}
	if b.Unrevoked != nil {
		for serial := range b.Unrevoked.All() {
			s.revoked.Remove(serial)
		}
	}
	s.exempt = maps.Clone(s.exempt)
	for id, set := range b.Exempt {
		if s.exempt[id] == nil {
			s.exempt[id] = revocation.NewSet()
		}
		addAll(s.exempt[id], set)
	}
	for _, c := range b.Cutoffs {
		s.cutoffs[c.Subject] = max(s.cutoffs[c.Subject], c.Before)
	}
	for _, f := range b.Forgiven {
		s.forgiven[f.Serial] = max(s.forgiven[f.Serial], f.Until)
	}
	list := b.Keys.Issuer()
	for i := range list {
		if set := s.exempt[list[i].ID]; set != nil {
			list[i].Exempted = set
		}
	}
	set, err := tokens.NewKeySet(list...)
	if err != nil {
		panic("BUG: an announced key is refused: " + err.Error())
	}
	s.full, s.head, s.keys, s.keySet = true, b.Head, b.Keys, set
	s.policy, s.amnesties, s.bookings = b.Policy, b.Amnesties, b.Bookings
	s.passages = s.passages.with(b.Passages, b.MadeMS-max(int64(b.Policy.Window)*1000, passage.CodeLife))
	s.Forget(b.MadeMS)
	return nil
}

func addAll(to, from *revocation.Set) {
	if from != nil {
		for serial := range from.All() {
			to.Add(serial)
		}
	}
}

// with returns the passages of both lists, without those of the older one before a time, Unix ms. A nil list has
// none.
func (p *Passages) with(newer *Passages, from int64) *Passages {
	if p == nil || newer == nil {
		return newer
	}
	joined := &Passages{SinceMS: min(p.SinceMS, newer.SinceMS), Reach: newer.Reach, List: slices.Clone(newer.List)}
	for _, old := range p.List {
		if _, again := slices.BinarySearchFunc(newer.List, old, comparePassages); !again && old.AtMS >= from {
			joined.List = append(joined.List, old)
		}
	}
	return joined
}

// Forget drops records that cannot matter at a time, Unix ms, or later. It bounds the memory of a store that
// accepts deltas for days.
func (s *Store) Forget(nowMS int64) {
	now := nowMS / 1000
	s.revoked.Forget(now)
	s.closed.Forget(now)
	for _, set := range s.exempt {
		set.Forget(now)
	}
	maps.DeleteFunc(s.cutoffs, func(_ tokens.Subject, before int64) bool { return before+shownFor <= now })
	maps.DeleteFunc(s.forgiven, func(serial tokens.Serial, _ int64) bool { return tokens.DayOver(serial.Day) <= now })
}

// shownFor is how long after its start any code of a session can pass, seconds.
const shownFor = tokens.MaxSession + tokens.PreviousSteps*tokens.MaxPeriod + MaxClockError/1000

// Key returns an issuer key, or nil.
func (s *Store) Key(id tokens.KeyID) *tokens.Key { return s.keySet.Key(id) }

// Revoked reports whether the credential was revoked.
func (s *Store) Revoked(serial tokens.Serial) bool { return s.revoked.Has(serial) }

// Cutoff returns the earliest valid session start of the subject, Unix seconds; 0: any.
func (s *Store) Cutoff(subject tokens.Subject) int64 { return s.cutoffs[subject] }

// Closed reports whether the session was closed. A bundle does not say when: it is for scans that come later.
func (s *Store) Closed(serial tokens.Serial, start, by int64) bool {
	return s.closed.Closed(serial, start, max(by, start))
}

// Forgiven returns the time up to which passages of the serial do not count, Unix ms; 0: all count.
func (s *Store) Forgiven(serial tokens.Serial) int64 { return s.forgiven[serial] }

// Amnesty reports whether a scan of the scope at the station and time, Unix seconds, neither needs nor leaves a
// passage.
func (s *Store) Amnesty(station revocation.Station, scope tokens.Scope, at int64) bool {
	for _, a := range s.amnesties {
		if a.From <= at && at < a.Until && a.Scopes.Has(scope) && (a.Station == (revocation.Station{}) || a.Station == station) {
			return true
		}
	}
	return false
}

// Gateway returns the key of a gateway that a bundle announced.
func (s *Store) Gateway(id revocation.GatewayID) (revocation.GatewayKey, bool) {
	return s.keys.Gateway(id)
}

// Head returns the head of the newest bundle; ok is false if there is none.
func (s *Store) Head() (h Head, ok bool) { return s.head, s.full }

// Policy returns the policy of the newest bundle, or nil.
func (s *Store) Policy() *Policy { return s.policy }
