package passage

import (
	"cmp"
	"slices"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Conflict is a passage inside the window of the passage before it: a second use of a code that a gate admitted
// because it could not know the first.
type Conflict struct {
	First, Second Passage
	GapMS         int64 // from First to Second by the clocks of their devices
	// The true gap is between LowMS and HighMS: GapMS less and plus both clock errors.
	LowMS, HighMS int64
	// Certain says that First was first whatever the clocks: LowMS is above 0.
	Certain bool
	// Class is tokens.ClassFraud if the same code passed at two stations within CodeLife, else
	// tokens.ClassPassenger. It is that of a refusal by [Table].
	Class tokens.Class
}

// Find returns the conflicts among passages, which may be in any order and repeated. The result depends only on the
// set of passages, so all readers of the same passages have the same list. Second passages are in order.
//
// The rule: of the passages of one serial and way that passed, in order of time, then device, then station, a
// passage is in conflict with the one before it if it is less than CodeLife later, or less than the window later
// and no passage of the other way is later than the first of them. A repetition, which the same device read within RepeatFor, is
// left out. Several reports with one Upload of one device are one passage: the first of them in that order. What
// staff forgave counts, because staff want to see it.
func Find(passages []Passage, window time.Duration) []Conflict {
	bySerial := make(map[tokens.Serial][]Passage)
	for i := range passages {
		s := passages[i].Serial
		bySerial[s] = append(bySerial[s], passages[i])
	}
	var all []Conflict
	for _, of := range bySerial {
		all = appendConflicts(all, of, window.Milliseconds())
	}
	sortConflicts(all)
	return all
}

func sortConflicts(all []Conflict) {
	slices.SortFunc(all, func(a, b Conflict) int {
		return cmp.Or(compare(&a.Second, &b.Second), compare(&a.First, &b.First))
	})
}

// appendConflicts appends the conflicts of one serial.
func appendConflicts(all []Conflict, passages []Passage, window int64) []Conflict {
	passed := slices.DeleteFunc(distinct(passages), func(p Passage) bool { return p.State != Passed })
	slices.SortFunc(passed, func(a, b Passage) int { return compare(&a, &b) })
	for _, way := range []Way{In, Out} {
		last := -1 // index of the passage before
		for i := range passed {
			p := &passed[i]
			if p.Way != way {
				continue
			}
			if last >= 0 {
				before := &passed[last]
				if repeats(p, before) {
					continue
				}
				if gap := p.At - before.At; gap < CodeLife || gap < window && !followed(passed[last:], p) {
					all = append(all, conflictOf(before, p))
				}
			}
			last = i
		}
	}
	return all
}

// followed reports whether a passage of the other way is later than the first one and not later than p.
func followed(passed []Passage, p *Passage) bool {
	for i := range passed {
		o := &passed[i]
		if o.At > p.At {
			break
		}
		if o.Way != p.Way && o.At > passed[0].At {
			return true
		}
	}
	return false
}

// repeats reports whether the device of p read the same code again.
func repeats(p, before *Passage) bool {
	return p.At-before.At < RepeatFor && p.Device == before.Device && p.Station == before.Station && sameCode(p, before)
}

func sameCode(p, q *Passage) bool { return p.Step == q.Step && p.Start == q.Start }

func conflictOf(first, second *Passage) Conflict {
	gap, doubt := second.At-first.At, int64(first.ErrorMS)+int64(second.ErrorMS)
	c := Conflict{First: *first, Second: *second, GapMS: gap, LowMS: gap - doubt, HighMS: gap + doubt,
		Certain: gap > doubt, Class: tokens.ClassPassenger}
	if first.Station != second.Station && sameCode(first, second) && gap < CodeLife {
		c.Class = tokens.ClassFraud
	}
	return c
}

// compare is the order of passages. It is total on different passages of one serial.
func compare(a, b *Passage) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Station, b.Station),
		cmp.Compare(a.Upload, b.Upload), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Start, b.Start),
		cmp.Compare(a.Serial.Day, b.Serial.Day), cmp.Compare(a.Serial.Index, b.Serial.Index), cmp.Compare(a.Way, b.Way),
		cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.ErrorMS, b.ErrorMS))
}

// identity is what makes two reports of one serial the same passage.
type identity struct {
	way     Way
	device  string
	upload  uint64 // and if it is 0:
	at      int64
	station string
	step    uint8
	start   int64
}

func identityOf(p *Passage) identity {
	if p.Upload != 0 {
		return identity{way: p.Way, device: p.Device, upload: p.Upload}
	}
	return identity{way: p.Way, device: p.Device, at: p.At, station: p.Station, step: p.Step, start: p.Start}
}

// distinct returns the passages of one serial, each once.
func distinct(passages []Passage) []Passage {
	known := make(map[identity]Passage, len(passages))
	for _, p := range passages {
		id := identityOf(&p)
		if q, again := known[id]; again {
			p = joined(p, q)
		}
		known[id] = p
	}
	all := make([]Passage, 0, len(known))
	for _, p := range known {
		all = append(all, p)
	}
	return all
}

// joined returns the passage of two reports: the first in order, in the latest state of both. The result does not
// depend on the order of several reports.
func joined(p, q Passage) Passage {
	state := p.State
	if q.State == Passed || state == Held {
		state = q.State
	}
	if compare(&q, &p) < 0 {
		p = q
	}
	p.State = state
	return p
}
