package offline

import (
	"slices"
	"sync"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// common is the content that is equal for all devices, as of one moment.
type common struct {
	madeMS   int64
	head     bundle.Head // but for MadeMS and SinceMS
	contents revocation.Contents
	full     *bundle.Sections
	passages *recent // nil: none

	mu     sync.Mutex
	deltas map[int64]*bundle.Sections // by the watermark that they follow; nil: the log does not reach back so far
	recent map[int64]*bundle.Sections // passages, by the same; 0: all
	trains map[string]*bundle.Sections
}

// delta returns the changes since a watermark, Unix ms, or nil if a full bundle is needed.
func (c *common) delta(b *Builder, since int64) *bundle.Sections {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, made := c.deltas[since]; made {
		return s
	}
	s := c.makeDelta(b, since)
	if len(c.deltas) < maxKept {
		c.deltas[since] = s
	}
	return s
}

// makeDelta looks up the current state of all that changed.
func (c *common) makeDelta(b *Builder, since int64) *bundle.Sections {
	changes, ok := b.Replica.ChangesSince(since)
	if !ok {
		return nil
	}
	content := &bundle.Content{Revoked: revocation.NewSet(), Unrevoked: revocation.NewSet(), Exempt: map[tokens.KeyID]*revocation.Set{}, Amnesties: slices.Clone(c.contents.Amnesties)}
	content.Proofs, _ = bundle.ProofsFor(b.Signer.ID(), since, c.contents.Proofs)
	closed, cutoffs, forgiven := map[bundle.Session]bool{}, map[tokens.Subject]bool{}, map[tokens.Serial]bool{}
	for _, change := range changes {
		switch change.Kind {
		case revocation.KindRevoke, revocation.KindUnrevoke:
			if b.Replica.Revoked(change.Serial) {
				content.Revoked.Add(change.Serial)
				content.Unrevoked.Remove(change.Serial)
			} else {
				content.Unrevoked.Add(change.Serial)
				content.Revoked.Remove(change.Serial)
			}
		case revocation.KindExempt:
			if content.Exempt[change.Key] == nil {
				content.Exempt[change.Key] = revocation.NewSet()
			}
			content.Exempt[change.Key].Add(change.Serial)
		case revocation.KindRevokeSession:
			closed[bundle.Session{Serial: change.Serial, Start: change.Start}] = true
		case revocation.KindRevokeSubject:
			cutoffs[change.Subject] = true
		case revocation.KindForgive:
			forgiven[change.Serial] = true
		}
	}
	for s := range closed {
		content.Closed = append(content.Closed, s)
	}
	for subject := range cutoffs {
		if before := b.Replica.Cutoff(subject); before > 0 {
			content.Cutoffs = append(content.Cutoffs, bundle.Cutoff{Subject: subject, Before: before})
		}
	}
	for serial := range forgiven {
		if until := b.Replica.Forgiven(serial); until > 0 {
			content.Forgiven = append(content.Forgiven, revocation.ForgivenSerial{Serial: serial, Until: until})
		}
	}
	s, err := bundle.Encode(content)
	if err != nil {
		return nil
	}
	return s
}

// recent are the passages at the station, by time.
type recent struct {
	sinceMS int64
	reach   passage.Reach
	list    []bundle.Passage
}

// recent copies the passages of the window, the newest maxPassages of them.
func (b *Builder) recent(now int64) *recent {
	r := &recent{sinceMS: now - max(b.Window.Milliseconds(), passage.CodeLife), reach: b.Reach(now)}
	for p := range b.Passages.Recent(b.Station, r.sinceMS, now) {
		if p.Step >= tokens.MaxLength { // no code has such a step
			continue
		}
		r.list = append(r.list, bundle.Passage{Serial: p.Serial, Way: p.Way, State: p.State, Step: p.Step, AtMS: p.At})
	}
	slices.SortFunc(r.list, func(a, b bundle.Passage) int { return int(a.AtMS - b.AtMS) })
	if n := len(r.list); n > maxPassages {
		r.list = r.list[n-maxPassages:]
		r.sinceMS = r.list[0].AtMS + 1
		r.reach = min(r.reach, passage.Unknown)
	}
	return r
}

// passagesSince returns the passages for a delta that follows a watermark, Unix ms; 0: all.
func (c *common) passagesSince(watermark int64) *bundle.Sections {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.recent[watermark]; s != nil {
		return s
	}
	r := c.passages
	p := &bundle.Passages{SinceMS: r.sinceMS, Reach: r.reach}
	if watermark > 0 {
		p.SinceMS = max(p.SinceMS, watermark-overlap)
	}
	first, _ := slices.BinarySearchFunc(r.list, p.SinceMS, func(a bundle.Passage, at int64) int { return int(a.AtMS - at) })
	p.List = distinct(r.list[first:])
	s := mustEncode(&bundle.Content{Passages: p})
	if len(c.recent) < maxKept {
		c.recent[watermark] = s
	}
	return s
}

// mustEncode encodes content whose bounds the gateway's own tables keep.
func mustEncode(c *bundle.Content) *bundle.Sections {
	s, err := bundle.Encode(c)
	if err != nil {
		panic("BUG: a table contains what no bundle can: " + err.Error())
	}
	return s
}

// distinct returns a copy without repetitions, which a table yields while its generations change.
func distinct(list []bundle.Passage) []bundle.Passage {
	seen := make(map[bundle.Passage]bool, len(list))
	var once []bundle.Passage
	for _, p := range list {
		if !seen[p] {
			seen[p] = true
			once = append(once, p)
		}
	}
	return once
}

// train returns the bookings of a train; no sections if the gateway has no usable data. now is Unix ms.
func (c *common) train(b *Builder, train string, now int64) *bundle.Sections {
	if b.Bookings == nil || b.BookingReplica == nil {
		return new(bundle.Sections)
	}
	f := b.BookingReplica.Freshness(now)
	if !f.Usable || f.State == revocation.Booting || f.State == revocation.Expired {
		return new(bundle.Sections)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.trains[train]; s != nil {
		return s
	}
	list, lost := b.Bookings.OfTrain(train)
	t := &bundle.Bookings{Train: train, WatermarkMS: f.WatermarkMS, Lost: lost,
		Whole: b.Bookings.Whole() && f.State != revocation.Suspect} // suspect: bookings are missing
	for i := range list {
		t.Bodies = append(t.Bodies, string(list[i].Append(nil)))
	}
	s := mustEncode(&bundle.Content{Bookings: t})
	if len(c.trains) < maxKept {
		c.trains[train] = s
	}
	return s
}
