package revocation

import (
	"errors"

	"github.com/railgate/railgate/tokens"
)

// Apply verifies one message of a partition and applies it. It never fails and never panics, whatever the
// bytes are; the outcome says how the message was handled.
func (r *Replica) Apply(number int, raw []byte, now int64) Outcome {
	m := readMessage(raw, r.authority.domain)
	return r.applyMessage(number, &m, now)
}

// applyMessage applies a message and verifies it first if that was not done before.
func (r *Replica) applyMessage(number int, m *message, now int64) Outcome {
	if r.isPastHeartbeat(number, m.batch, now) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.counts.Outcomes[PastHeartbeat]++
		return PastHeartbeat
	}
	err := r.authority.verifyMessage(m) // outside the lock: verifying the signature takes longest

	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	issued := p.issued
	outcome := r.applyBatch(number, m, err, now)
	r.counts.Outcomes[outcome]++
	if p.issued > issued {
		p.heardAt = now
	}
	if outcome == WrongAuthority {
		r.foreignAt = now
	}
	r.updateState()
	return outcome
}

// isPastHeartbeat reports whether a message is a heartbeat without new content: one from before the start of
// this gateway, or older than the newest batch of the partition. A week of heartbeats is a minute of
// signature checks, so these are ignored without verification. The first message of a log is always verified,
// because it tells where the log begins.
func (r *Replica) isPastHeartbeat(number int, b *Batch, now int64) bool {
	if b == nil || b.count != 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since-now > MaxSkew.Milliseconds() {
		r.since = now // the clock was ahead at the start and was set back later
	}
	p := &r.partitions[number]
	return p.next != 0 && b.IssuedAt < max(r.since, p.issued)
}

func (r *Replica) applyBatch(number int, m *message, err error, now int64) Outcome {
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
	unrevoked := p.suspendedSet() // during a re-reading
	if unrevoked == nil && a.suspend {
		unrevoked = NewSet()
	}
	switch a.outcome {
	case Applied, Gap, RolledBack:
	case Duplicate:
		if !a.suspend {
			return a.as(future)
		}
	default:
		return a.outcome
	}
	keys := false
	live := r.live && a.outcome == Applied && p.retry == nil
	for at, record := range b.Records() {
		if a.skip > 0 {
			a.skip--
			continue
		}
		if a.outcome == RolledBack && record.Kind == KindUnrevoke {
			continue // the serial may have been revoked again since
		}
		was := r.counts.Revoked + r.counts.Closed
		if record.Kind == KindRevokeSession {
			if !r.closeSession(&record, now, b.IssuedAt) && p.noRoomFrom == 0 {
				p.noRoomFrom, p.through = at, through
			}
		} else {
			keys = r.applyRecord(&record, unrevoked, now, b.IssuedAt) || keys
		}
		if live && r.counts.Revoked+r.counts.Closed > was { // a repeated record took no time
			r.counts.Delay.observe(now - record.At)
		}
	}
	if keys {
		r.keepProof(m.raw)
	}
	if a.suspend && p.retry == nil {
		r.unrevokeAll(unrevoked)
	}
	return a.as(future)
}

// as returns the outcome to count.
func (a *admission) as(future bool) Outcome {
	if future {
		return FutureDated
	}
	return a.outcome
}

// applyRecord applies one record. r.mu is held; times are Unix ms. If unrevoked is not nil, unrevocations are
// stored there instead of in the set. Records that are dropped because of their date have no effect: their
// day is over by this clock and the issuer's, or has not begun by either. applyRecord reports whether the
// keyring changed.
func (r *Replica) applyRecord(rec *Record, unrevoked *Set, nowMS, issuedMS int64) (keys bool) {
	past, latest := r.forgetBefore(nowMS), max(nowMS, issuedMS)/1000
	switch rec.Kind {
	case KindRevoke, KindUnrevoke, KindExempt:
		if !r.isLiveDay(rec.Serial, past, latest) {
			return false
		}
	}
	switch rec.Kind {
	case KindRevoke:
		if unrevoked != nil {
			unrevoked.Remove(rec.Serial)
		}
		if r.set.Add(rec.Serial) {
			r.counts.Revoked++
		}
	case KindUnrevoke:
		if unrevoked != nil {
			unrevoked.Add(rec.Serial)
		} else if r.set.Remove(rec.Serial) {
			r.counts.Unrevoked++
		}
	case KindExempt:
		changed, ok := r.keys.exempt(rec.Key, rec.Serial)
		if changed {
			r.counts.Exempted++
		}
		return r.countKeyClash(changed, ok)
	case KindRevokeSubject:
		switch {
		case rec.Cutoff > latest+subjectLead:
			r.counts.OutOfDay++
		case rec.Cutoff+shownFor <= past:
			r.counts.Late++
		case r.subjects.setCutoff(rec.Subject, rec.Cutoff):
			r.counts.Subjects++
		}
	case KindAnnounceKey:
		return r.countKeyClash(r.keys.announce(rec.Key, rec.Public))
	case KindRetireKey:
		return r.countKeyClash(r.keys.retire(rec.Key, rec.Cutoff))
	default:
		r.counts.Unknown++
	}
	return false
}

// isLiveDay reports whether a credential of the serial's day can exist, and counts the record if not.
func (r *Replica) isLiveDay(s tokens.Serial, past, latest int64) bool {
	switch {
	case past >= tokens.DayOver(s.Day):
		r.counts.Late++
	// One day ahead is accepted, because a clock may be that wrong; two days ahead no credential can exist.
	case int64(s.Day) > tokens.DayOf(latest)+1:
		r.counts.OutOfDay++
	default:
		return true
	}
	return false
}

// closeSession applies one KindRevokeSession. r.mu is held; times are Unix ms. fits is false if the set is
// full.
func (r *Replica) closeSession(rec *Record, nowMS, issuedMS int64) (fits bool) {
	past, latest := r.forgetBefore(nowMS), max(nowMS, issuedMS)/1000
	if !r.isLiveDay(rec.Serial, past, latest) {
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
	if !fits && r.closed.Forget(past) > 0 { // a long log may contain sessions that have ended by now
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

// countKeyClash counts a record about a key if it was refused.
func (r *Replica) countKeyClash(changed, ok bool) bool {
	if !ok {
		r.counts.KeyClash++
	}
	return changed
}
