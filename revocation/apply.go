package revocation

import (
	"errors"

	"github.com/railgate/railgate/tokens"
)

// Apply verifies one message read from a partition and applies it. Whatever the
// bytes are, it neither fails nor panics; the outcome says what became of them.
func (r *Replica) Apply(number int, raw []byte, now int64) Outcome {
	m := read(raw)
	return r.take(number, &m, now)
}

// take applies a message, and verifies it first if nobody has.
func (r *Replica) take(number int, m *message, now int64) Outcome {
	if r.past(number, m.batch, now) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.counts.Outcomes[PastHeartbeat]++
		return PastHeartbeat
	}
	err := r.authority.open(m) // outside the lock: the signature is the slow part

	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	issued := p.issued
	outcome := r.apply(number, m, err, now)
	r.counts.Outcomes[outcome]++
	if p.issued > issued {
		p.heard = now
	}
	if outcome == WrongAuthority {
		r.foreign = now
	}
	r.settle()
	return outcome
}

// past reports whether a message is a heartbeat that can say nothing new: one
// from before this gateway's start, or older than what the partition has. A week
// of heartbeats is a minute of signatures, so these are ignored unverified. The
// first message of a log is looked at in any case: it tells where the log begins.
func (r *Replica) past(number int, b *Batch, now int64) bool {
	if b == nil || b.count != 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since-now > MaxSkew.Milliseconds() {
		r.since = now // the clock was ahead at the start and has been set back since
	}
	p := &r.partitions[number]
	return p.next != 0 && b.IssuedAt < max(r.since, p.issued)
}

func (r *Replica) apply(number int, m *message, err error, now int64) Outcome {
	b := m.batch
	switch {
	case errors.Is(err, ErrNewer):
		return NewerVersion
	case errors.Is(err, ErrAuthority):
		return WrongAuthority
	case errors.Is(err, ErrSignature):
		return Forged
	case err != nil:
		return Unreadable
	case int(b.Partition) != number:
		return WrongPartition
	}
	future := b.IssuedAt > now+MaxSkew.Milliseconds()
	p := &r.partitions[number]
	through := p.through
	a := p.admit(b, now, future)
	if !future && a.outcome != OldEpoch {
		r.newest = max(r.newest, b.IssuedAt)
		r.turnDay(now)
	}
	lifted := p.aside() // in a second reading
	if lifted == nil && a.aside {
		lifted = NewSet()
	}
	switch a.outcome {
	case Applied, Gap, RolledBack:
	case Duplicate:
		if !a.aside {
			return a.as(future)
		}
	default:
		return a.outcome
	}
	keys := false
	live := r.live && a.outcome == Applied && p.again == nil
	for at, record := range b.Records() {
		if a.skip > 0 {
			a.skip--
			continue
		}
		if a.outcome == RolledBack && record.Kind == KindUnrevoke {
			continue // what it would lift may have been revoked since
		}
		was := r.counts.Revoked + r.counts.Closed
		if record.Kind == KindRevokeSession {
			if !r.closeSession(&record, now, b.IssuedAt) && p.unfit == 0 {
				p.unfit, p.through = at, through
			}
		} else {
			keys = r.record(&record, lifted, now, b.IssuedAt) || keys
		}
		if live && r.counts.Revoked+r.counts.Closed > was { // what is only said again took no time
			r.counts.Delay.note(now - record.At)
		}
	}
	if keys {
		r.keep(m.raw)
	}
	if a.aside && p.again == nil {
		r.lift(lifted)
	}
	return a.as(future)
}

// as is the outcome to count.
func (a *admission) as(future bool) Outcome {
	if future {
		return FutureDated
	}
	return a.outcome
}

// record applies one record; r.mu is held, times are Unix ms. Lifts go to lifted if
// it is not nil. What is dropped by its date cannot matter: its day is over by this
// clock and by the issuer's, or it has not come by either. It reports whether the
// keyring changed.
func (r *Replica) record(rec *Record, lifted *Set, nowMS, issuedMS int64) (keys bool) {
	past, latest := r.over(nowMS), max(nowMS, issuedMS)/1000
	switch rec.Kind {
	case KindRevoke, KindUnrevoke, KindExempt:
		if !r.ofALivingDay(rec.Serial, past, latest) {
			return false
		}
	}
	switch rec.Kind {
	case KindRevoke:
		if lifted != nil {
			lifted.Remove(rec.Serial)
		}
		if r.set.Add(rec.Serial) {
			r.counts.Revoked++
		}
	case KindUnrevoke:
		if lifted != nil {
			lifted.Add(rec.Serial)
		} else if r.set.Remove(rec.Serial) {
			r.counts.Unrevoked++
		}
	case KindExempt:
		changed, ok := r.keys.rescue(rec.Key, rec.Serial)
		if changed {
			r.counts.Exempted++
		}
		return r.onKey(changed, ok)
	case KindRevokeSubject:
		switch {
		case rec.CutOff > latest+subjectLead:
			r.counts.OutOfDay++
		case rec.CutOff+shownFor <= past:
			r.counts.Late++
		case r.subjects.cut(rec.Subject, rec.CutOff):
			r.counts.Subjects++
		}
	case KindAnnounceKey:
		return r.onKey(r.keys.announce(rec.Key, rec.Public))
	case KindRetireKey:
		return r.onKey(r.keys.retire(rec.Key, rec.CutOff))
	default:
		r.counts.Unknown++
	}
	return false
}

// ofALivingDay reports whether a credential can have the serial's day, and counts a
// record for which none can.
func (r *Replica) ofALivingDay(s tokens.Serial, past, latest int64) bool {
	switch {
	case past >= tokens.DayOver(s.Day):
		r.counts.Late++
	// A clock a day ahead is no reason to refuse; two days ahead no credential can be.
	case int64(s.Day) > tokens.DayOf(latest)+1:
		r.counts.OutOfDay++
	default:
		return true
	}
	return false
}

// closeSession applies one KindRevokeSession; r.mu is held, times are Unix ms. fits is
// false if there was no room for it.
func (r *Replica) closeSession(rec *Record, nowMS, issuedMS int64) (fits bool) {
	past, latest := r.over(nowMS), max(nowMS, issuedMS)/1000
	if !r.ofALivingDay(rec.Serial, past, latest) {
		return true
	}
	if rec.Start+shownFor <= past {
		r.counts.Late++
		return true
	}
	if _, ok := closedWord(rec.Serial, rec.Start); !ok {
		r.counts.OutOfDay++
		return true
	}
	changed, fits := r.closed.Add(rec.Serial, rec.Start, rec.At/1000)
	if !fits && r.closed.Forget(past) > 0 { // a long log may bring sessions that are over by now
		changed, fits = r.closed.Add(rec.Serial, rec.Start, rec.At/1000)
	}
	if changed {
		r.counts.Closed++
	}
	if !fits {
		r.counts.NoRoom++
	}
	return fits
}

// onKey counts a record about a key that was refused.
func (r *Replica) onKey(changed, ok bool) bool {
	if !ok {
		r.counts.KeyClash++
	}
	return changed
}
