package bundle

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Content is what the sections of a bundle contain. In a full bundle the fields are the whole state, in a delta
// the changes since the bundle that it follows, unless a field says otherwise. Empty fields have no section.
type Content struct {
	Proofs    [][]byte                         // signed control batches about keys; always with the gateway's announcement
	Policy    *Policy                          // always
	Revoked   *revocation.Set                  // serials
	Unrevoked *revocation.Set                  // serials; only in a delta
	Exempt    map[tokens.KeyID]*revocation.Set // serials that a key's cutoff does not apply to
	Cutoffs   []Cutoff                         // by subject
	Closed    []Session                        // by start, day and index
	Forgiven  []revocation.ForgivenSerial      // by serial
	Amnesties []revocation.Amnesty             // always all
	Passages  *Passages                        // nil: the gateway does not check second use for this device
	Bookings  *Bookings                        // of one train, always all; nil: none was asked for, or there is no data
}

// Cutoff refuses sessions of a subject that start before a time, Unix seconds.
type Cutoff struct {
	Subject tokens.Subject
	Before  int64
}

func compareCutoffs(a, b Cutoff) int { return bytes.Compare(a.Subject[:], b.Subject[:]) }

// Session is a closed session. When it was closed does not matter: bundles are for scans that come later.
type Session struct {
	Serial tokens.Serial
	Start  int64 // Unix seconds
}

func compareSessions(a, b Session) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), compareSerials(a.Serial, b.Serial))
}

func compareSerials(a, b tokens.Serial) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Index, b.Index))
}

// Passages are the recent passages at the device's station that the gateway knew. Passages at other stations are
// left out: what a handheld could do with them ends with the code's life, and they are a thousand times as many.
type Passages struct {
	// SinceMS is the time of the scan, Unix ms, from which passages are included.
	SinceMS int64
	Reach   passage.Reach // of the gateway when it made the bundle
	List    []Passage     // by comparePassages
}

// Passage is one passage at the station.
type Passage struct {
	Serial tokens.Serial
	Way    passage.Way
	State  passage.State
	Step   uint8
	AtMS   int64 // time of the scan, Unix ms, not before SinceMS
}

func comparePassages(a, b Passage) int {
	return cmp.Or(compareSerials(a.Serial, b.Serial), cmp.Compare(a.head(), b.head()), cmp.Compare(a.AtMS, b.AtMS))
}

// head is way (1 bit), state (2 bits) and step (5 bits).
func (p *Passage) head() uint8 { return uint8(p.Way)<<7 | uint8(p.State)<<5 | p.Step }

// Bookings are the tickets of one train.
type Bookings struct {
	Train string // 1 to 64 bytes
	// WatermarkMS is that of the stream of bookings, Unix ms.
	WatermarkMS int64
	// Whole reports whether the gateway has the bookings of all stations, and none is missing: only then is a
	// passenger without a booking known to have no ticket.
	Whole bool
	// Lost are the railway days for whose pseudonyms a booking may be missing.
	Lost []uint16
	// Bodies are bookings in the form of package booking, ascending.
	Bodies []string
}

// Sections is encoded content, in order of the kinds. It is immutable, so a gateway makes the sections that are
// equal for all devices once.
type Sections struct{ list []section }

// Encode encodes the fields of c that have content. It sorts the lists of c. The bounds that are not those of
// the types are checked: the error says which one was exceeded.
func Encode(c *Content) (*Sections, error) {
	s := &Sections{}
	add := func(kind sectionKind, some bool, write func(*writer)) {
		if some {
			var w writer
			write(&w)
			s.list = append(s.list, newSection(kind, w.b))
		}
	}
	if c.Policy != nil {
		if err := c.Policy.check(); err != nil {
			return nil, err
		}
	}
	if err := c.checkLists(); err != nil {
		return nil, err
	}
	add(sectionProofs, len(c.Proofs) > 0, func(w *writer) { w.proofs(c.Proofs) })
	add(sectionPolicy, c.Policy != nil, func(w *writer) { w.policy(c.Policy) })
	add(sectionRevoked, isSome(c.Revoked), func(w *writer) { w.serials(c.Revoked) })
	add(sectionUnrevoked, isSome(c.Unrevoked), func(w *writer) { w.serials(c.Unrevoked) })
	exempt := exemptIDs(c.Exempt)
	add(sectionExempt, len(exempt) > 0, func(w *writer) { w.exempt(exempt, c.Exempt) })
	add(sectionCutoffs, len(c.Cutoffs) > 0, func(w *writer) { w.cutoffs(c.Cutoffs) })
	add(sectionClosed, len(c.Closed) > 0, func(w *writer) { w.closed(c.Closed) })
	add(sectionForgiven, len(c.Forgiven) > 0, func(w *writer) { w.forgiven(c.Forgiven) })
	add(sectionAmnesties, len(c.Amnesties) > 0, func(w *writer) { w.amnesties(c.Amnesties) })
	add(sectionPassages, c.Passages != nil, func(w *writer) { w.passages(c.Passages) })
	add(sectionBookings, c.Bookings != nil, func(w *writer) { w.bookings(c.Bookings) })
	return s, nil
}

// With returns the sections together with others, which must be of other kinds.
func (s *Sections) With(others *Sections) *Sections {
	joined := &Sections{slices.Concat(s.list, others.list)}
	slices.SortFunc(joined.list, func(a, b section) int { return cmp.Compare(a.kind, b.kind) })
	for i := 1; i < len(joined.list); i++ {
		if joined.list[i].kind == joined.list[i-1].kind {
			panic("BUG: a section of a bundle was encoded twice")
		}
	}
	return joined
}

func isSome(set *revocation.Set) bool {
	if set == nil {
		return false
	}
	n, _ := set.Len()
	return n > 0
}

// exemptIDs returns the keys that have exempt serials, in order.
func exemptIDs(exempt map[tokens.KeyID]*revocation.Set) (ids []tokens.KeyID) {
	for id, set := range exempt {
		if isSome(set) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// decode reads all sections but the proofs, which were read before.
func (c *Content) decode(sections []section) error {
	for _, s := range sections {
		r := reader{rest: s.body}
		switch s.kind {
		case sectionProofs:
			continue
		case sectionPolicy:
			c.Policy = r.policy()
		case sectionRevoked:
			c.Revoked = r.set()
		case sectionUnrevoked:
			c.Unrevoked = r.set()
		case sectionExempt:
			c.Exempt = r.exempt()
		case sectionCutoffs:
			c.Cutoffs = r.cutoffs()
		case sectionClosed:
			c.Closed = r.closed()
		case sectionForgiven:
			c.Forgiven = r.forgiven()
		case sectionAmnesties:
			c.Amnesties = r.amnesties()
		case sectionPassages:
			c.Passages = r.passages()
		case sectionBookings:
			c.Bookings = r.bookings()
		default:
			// A reader that does not know a section does not know what it forbids.
			return ErrVersion
		}
		if !r.ended() {
			return ErrContradict
		}
	}
	return nil
}
