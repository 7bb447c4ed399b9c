package bundle

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// text appends a length of one byte and at most 255 bytes.
func (w *writer) text(s string) {
	w.u8(uint8(len(s)))
	w.bytes([]byte(s))
}

func (r *reader) text() string { return string(r.bytes(int(r.u8()))) }

// checkLists sorts the lists and returns which of their values cannot be written.
func (c *Content) checkLists() error {
	slices.SortFunc(c.Cutoffs, compareCutoffs)
	slices.SortFunc(c.Closed, compareSessions)
	slices.SortFunc(c.Forgiven, compareForgiven)
	slices.SortFunc(c.Amnesties, compareAmnesties)
	for _, p := range c.Proofs {
		if len(p) == 0 || len(p) > revocation.MaxBatch {
			return fmt.Errorf("bundle: a proof of %d bytes", len(p))
		}
	}
	for _, s := range c.Closed {
		if days := tokens.DayOf(s.Start) - int64(s.Serial.Day); s.Start < 0 || s.Start > maxSecond || days != 0 && days != 1 {
			return fmt.Errorf("bundle: session %s cannot have started at %d", s.Serial, s.Start)
		}
	}
	if p := c.Passages; p != nil {
		slices.SortFunc(p.List, comparePassages)
		for i := range p.List {
			if p.SinceMS < 0 || p.List[i].AtMS < p.SinceMS || p.List[i].Step >= tokens.MaxLength {
				return fmt.Errorf("bundle: a passage of %s is older than the list", p.List[i].Serial)
			}
		}
	}
	if b := c.Bookings; b != nil {
		slices.Sort(b.Bodies)
		slices.Sort(b.Lost)
		if len(b.Train) == 0 || len(b.Train) > maxDevice {
			return fmt.Errorf("bundle: the name of a train has 1 to %d bytes", maxDevice)
		}
		if slices.ContainsFunc(b.Bodies, func(body string) bool { return !isOf(b.Train, body) }) {
			return errors.New("bundle: a booking is cancelled or of another train")
		}
	}
	return nil
}

// maxSecond is the greatest time of 4 bytes, Unix seconds.
const maxSecond = 1<<32 - 1

func (w *writer) proofs(proofs [][]byte) {
	w.number(uint64(len(proofs)))
	for _, p := range proofs {
		w.number(uint64(len(p)))
		w.bytes(p)
	}
}

// proofs reads the section of signed batches. It is read before anything is verified.
func (r *reader) proofs() (proofs [][]byte) {
	for n := r.count(2); n > 0 && !r.failed; n-- {
		p := r.bytes(int(r.number(revocation.MaxBatch)))
		r.require(len(p) > 0)
		proofs = append(proofs, p)
	}
	return proofs
}

func (r *reader) set() *revocation.Set {
	set := revocation.NewSet()
	r.serials(set)
	r.require(isSome(set))
	return set
}

func (w *writer) exempt(ids []tokens.KeyID, sets map[tokens.KeyID]*revocation.Set) {
	w.number(uint64(len(ids)))
	for _, id := range ids {
		w.u16(uint16(id))
		w.serials(sets[id])
	}
}

func (r *reader) exempt() map[tokens.KeyID]*revocation.Set {
	all, last := map[tokens.KeyID]*revocation.Set{}, -1
	for n := r.count(2); n > 0 && !r.failed; n-- {
		id := r.u16()
		r.require(int(id) > last && len(all) < maxIssuerKeys)
		last = int(id)
		all[tokens.KeyID(id)] = r.set()
	}
	r.require(len(all) > 0)
	return all
}

func (w *writer) cutoffs(list []Cutoff) {
	w.number(uint64(len(list)))
	for _, c := range list {
		w.bytes(c.Subject[:])
		w.u32(uint32(c.Before))
	}
}

func (r *reader) cutoffs() []Cutoff {
	return listOf(r, len(tokens.Subject{})+4, compareCutoffs, func() (c Cutoff) {
		copy(c.Subject[:], r.bytes(len(c.Subject)))
		c.Before = int64(r.u32())
		return c
	})
}

// closed appends sessions by their start: the number of different starts, and for each its distance to the start
// before (the first: the start), the number of its sessions less 1, and the sessions. A session is its index and,
// above it, 1 if its serial is of the day of the start and 0 if it is of the day before: the first as it is, the
// others less the one before and 1.
func (w *writer) closed(list []Session) {
	starts := 0
	for i := range list {
		if i == 0 || list[i].Start != list[i-1].Start {
			starts++
		}
	}
	w.number(uint64(starts))
	last := int64(-1)
	for len(list) > 0 {
		start, n := list[0].Start, 1
		for n < len(list) && list[n].Start == start {
			n++
		}
		w.number(uint64(start - last - 1))
		w.number(uint64(n - 1))
		last = start
		name := int64(-1)
		for _, s := range list[:n] {
			w.number(uint64(s.name() - name - 1))
			name = s.name()
		}
		list = list[n:]
	}
}

// name identifies a session among those of one start.
func (s *Session) name() int64 {
	return (int64(s.Serial.Day)-tokens.DayOf(s.Start)+1)<<32 | int64(s.Serial.Index)
}

func (r *reader) closed() (list []Session) {
	start := int64(-1)
	for starts := r.count(3); starts > 0 && !r.failed; starts-- {
		start += 1 + int64(r.number(maxSecond))
		day := tokens.DayOf(start)
		r.require(start <= maxSecond && day > 0)
		name := int64(-1)
		for n := 1 + r.count(1); n > 0 && !r.failed; n-- {
			name += 1 + int64(r.number(1<<33-1))
			r.require(name < 1<<33)
			list = append(list, Session{tokens.Serial{Day: uint16(day - 1 + name>>32), Index: uint32(name)}, start})
		}
	}
	r.require(len(list) > 0)
	return list
}

func compareForgiven(a, b revocation.ForgivenSerial) int { return compareSerials(a.Serial, b.Serial) }

func (w *writer) forgiven(list []revocation.ForgivenSerial) {
	w.number(uint64(len(list)))
	for _, f := range list {
		w.serial(f.Serial)
		w.u64(uint64(f.Until))
	}
}

func (r *reader) forgiven() []revocation.ForgivenSerial {
	return listOf(r, 6+8, compareForgiven, func() revocation.ForgivenSerial {
		return revocation.ForgivenSerial{Serial: r.serial(), Until: r.time()}
	})
}

func compareAmnesties(a, b revocation.Amnesty) int {
	return cmp.Or(cmp.Compare(a.Scopes, b.Scopes), bytes.Compare(a.Station[:], b.Station[:]), cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until))
}

func (w *writer) amnesties(list []revocation.Amnesty) {
	w.number(uint64(len(list)))
	for _, a := range list {
		w.u8(uint8(a.Scopes))
		w.bytes(a.Station[:])
		w.u32(uint32(a.From))
		w.u32(uint32(a.Until))
	}
}

func (r *reader) amnesties() []revocation.Amnesty {
	return listOf(r, 1+8+4+4, compareAmnesties, func() (a revocation.Amnesty) {
		a.Scopes = tokens.Scopes(r.u8())
		copy(a.Station[:], r.bytes(len(a.Station)))
		a.From, a.Until = int64(r.u32()), int64(r.u32())
		r.require(a.Scopes != 0 && a.Scopes&^tokens.AllScopes == 0 && a.From < a.Until)
		return a
	})
}

// listOf reads a count and as many elements of at least size bytes, which must ascend. An empty list is a fault.
func listOf[T any](r *reader, size int, compare func(a, b T) int, read func() T) []T {
	n := r.count(size)
	r.require(n > 0)
	list := make([]T, 0, n)
	for range n {
		v := read()
		r.require(len(list) == 0 || compare(list[len(list)-1], v) < 0)
		if r.failed {
			return nil
		}
		list = append(list, v)
	}
	return list
}
