package revocation

import "errors"

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
	proof := false
	live := r.live && a.outcome == Applied && p.retry == nil
	for at, record := range b.Records() {
		if a.skip > 0 {
			a.skip--
			continue
		}
		if a.outcome == RolledBack && record.Kind == KindUnrevoke {
			continue // the serial may have been revoked again since
		}
		was, changes := r.counts.effects(), r.counts.changes()
		switch {
		case !b.Domain.knows(record.Kind):
			r.counts.Unknown++
		case record.Kind == KindRevokeSession:
			if !r.closeSession(&record, now, b.IssuedAt) && p.noRoomFrom == 0 {
				p.noRoomFrom, p.through = at, through
			}
		case record.Kind == KindBooking:
			r.applyBooking(&record, now)
		default:
			proof = r.applyRecord(&record, unrevoked, now, b.IssuedAt) || proof
		}
		if live && r.counts.effects() > was { // a repeated record took no time
			r.counts.Delay.Observe(now - record.At)
		}
		if r.counts.changes() > changes {
			r.changes.add(&record, b.IssuedAt)
		}
	}
	if proof {
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
