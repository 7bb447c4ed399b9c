package passage

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/railgate/railgate/tokens"
)

// Conflicts collects passages to find conflicts among them, off the hot path. It takes passages in any order and
// any number of times. Its methods may be called concurrently; they take a lock.
//
// Two collectors that were given the same passages within their bounds have the same list. A gateway's bounds make
// it an early warning; railgate-stream computes the complete list from the topic.
//
// A passage takes 44 bytes as long as it is the only one of its serial and way, because almost all are; serials
// with more have their passages whole. Names of places are stored once.
type Conflicts struct {
	window int64 // ms
	most   int   // passages in one generation

	mu     sync.Mutex
	single [2]*singles // current and previous
	groups map[tokens.Serial]*group
	whole  int // passages in groups
	places map[Located]uint32
	names  []Located
	stats  ConflictStats
}

const (
	// MaxGroups bounds the serials whose passages are stored whole: 10 to 40 MB.
	MaxGroups = 50_000
	// MaxGroup bounds the passages of one serial, and MaxGrouped those of all groups. Persons do not have so many; a
	// stolen gateway key can claim them.
	MaxGroup   = 64
	MaxGrouped = 4 * MaxGroups
	// MaxPlaces bounds the different places whose names are stored.
	MaxPlaces = 1 << 16
)

// group is the passages of one serial.
type group struct {
	passages []Passage // distinct
	latest   int64     // At of the newest
}

// ConflictStats describes a collector.
type ConflictStats struct {
	Passages int // stored, each alone of its serial and way
	Serials  int // stored with all passages
	Whole    int // passages of these serials
	Bytes    int // of the passages that are alone
	// Lost counts passages that were not stored because the collector was full; the list can be incomplete
	// since the first.
	Lost uint64
	// Dropped counts passages that were dropped before [Conflicts.Forget] allowed it, to make room for newer ones:
	// a late upload can then find its first passage missing.
	Dropped uint64
}

// ConflictsConfig are the bounds of a collector.
type ConflictsConfig struct {
	Window   time.Duration // longest window of any policy
	Passages int           // stored at most, in two generations; 0: 1,000,000, which are 44 MB
}

// defaultPassages is the bound on passages if the configuration has none.
const defaultPassages = 1_000_000

// NewConflicts returns an empty collector.
func NewConflicts(c ConflictsConfig) (*Conflicts, error) {
	if c.Passages == 0 {
		c.Passages = defaultPassages
	}
	if w := c.Window.Milliseconds(); w < CodeLife || w > MaxWindow || c.Passages < 2 || c.Passages > MaxEntries {
		return nil, fmt.Errorf("passage: conflicts of %d passages within %v, want 2 to %d within %v to %v",
			c.Passages, c.Window, MaxEntries, CodeLife*time.Millisecond, MaxWindow*time.Millisecond)
	}
	n := (c.Passages + 1) / 2
	return &Conflicts{window: c.Window.Milliseconds(), most: n, single: [2]*singles{newSingles(n)},
		groups: map[tokens.Serial]*group{}, places: map[Located]uint32{}}, nil
}

// Add adds a passage.
func (c *Conflicts) Add(p *Passage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.groups[p.Serial]; g != nil {
		c.addTo(g, p)
		return
	}
	for _, s := range c.single {
		if i, found := s.find(keyOf(p.Serial, p.Way)); found {
			alone := c.passageOf(&s.records[i])
			if identityOf(&alone) != identityOf(p) {
				c.openGroup(p)
			} else if r, ok := c.recordOf(joined(alone, *p)); ok {
				r.next = s.records[i].next
				s.records[i] = r
			}
			return
		}
	}
	c.addSingle(p)
}

// addSingle stores the first passage of a serial and way; c.mu is held.
func (c *Conflicts) addSingle(p *Passage) {
	r, ok := c.recordOf(*p)
	if !ok {
		c.stats.Lost++
		return
	}
	if len(c.single[0].records) == c.most {
		c.stats.Dropped += uint64(c.single[1].count())
		c.single = [2]*singles{newSingles(c.most), c.single[0]}
	}
	c.single[0].add(r)
}

// openGroup makes a group of the serial's passages, of both ways, and p; c.mu is held. The single passages stay
// where they are: the group is found first.
func (c *Conflicts) openGroup(p *Passage) {
	if len(c.groups) >= MaxGroups || c.whole >= MaxGrouped {
		c.stats.Lost++
		return
	}
	g := &group{}
	c.groups[p.Serial] = g
	for _, s := range c.single {
		for _, way := range []Way{In, Out} {
			if i, found := s.find(keyOf(p.Serial, way)); found {
				alone := c.passageOf(&s.records[i])
				c.addTo(g, &alone)
			}
		}
	}
	c.addTo(g, p)
}

// addTo adds a passage to a group; c.mu is held.
func (c *Conflicts) addTo(g *group, p *Passage) {
	g.latest = max(g.latest, p.At)
	for i := range g.passages {
		if identityOf(&g.passages[i]) == identityOf(p) {
			g.passages[i] = joined(g.passages[i], *p)
			return
		}
	}
	if len(g.passages) >= MaxGroup || c.whole >= MaxGrouped {
		c.stats.Lost++
		return
	}
	g.passages = append(g.passages, *p)
	c.whole++
}

// Of returns the conflict of a passage with the one before it, or else with the one after it. It adds the passage
// first, so the answer depends only on the passages that are stored, and is the same when it is asked again.
func (c *Conflicts) Of(p *Passage) (found Conflict, ok bool) {
	c.Add(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.groups[p.Serial]
	if g == nil {
		return Conflict{}, false
	}
	id := identityOf(p)
	for _, one := range appendConflicts(nil, g.passages, c.window) {
		switch {
		case one.Second.Way == p.Way && identityOf(&one.Second) == id:
			return one, true
		case one.First.Way == p.Way && identityOf(&one.First) == id:
			found, ok = one, true
		}
	}
	return found, ok
}

// List returns the conflicts among the passages of serials that are stored whole, as [Find] does.
func (c *Conflicts) List() []Conflict {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Conflict
	for _, g := range c.groups {
		all = appendConflicts(all, g.passages, c.window)
	}
	sortConflicts(all)
	return all
}

// Forget drops serials and, in whole generations, passages that are all older than before, Unix ms. Keep passages as
// long as uploads of offline scans are expected, and call it every minute.
func (c *Conflicts) Forget(before int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for serial, g := range c.groups {
		if g.latest < before {
			c.whole -= len(g.passages)
			delete(c.groups, serial)
		}
	}
	if s := c.single[1]; s != nil && s.latest < before {
		c.single[1] = nil
	}
	if s := c.single[0]; len(s.records) > 0 && c.single[1] == nil && s.oldest < before {
		c.single = [2]*singles{newSingles(c.most), s}
	}
}

// Stats returns the counts.
func (c *Conflicts) Stats() ConflictStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Serials, s.Whole = len(c.groups), c.whole
	for _, of := range c.single {
		if of != nil {
			s.Passages += len(of.records)
			s.Bytes += cap(of.records)*int(unsafe.Sizeof(record{})) + 4*len(of.heads)
		}
	}
	return s
}
