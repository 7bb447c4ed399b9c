package revocation

import "github.com/railgate/railgate/tokens"

// applyRecord applies one record. r.mu is held; times are Unix ms. If unrevoked is not nil, unrevocations are
// stored there instead of in the set. Records that are dropped because of their date have no effect: their
// day is over by this clock and the issuer's, or has not begun by either. proof reports whether the keys of
// issuers or gateways changed, so that the signed batch must be kept.
func (r *Replica) applyRecord(rec *Record, unrevoked *Set, nowMS, issuedMS int64) (proof bool) {
	past, latest := r.forgetBefore(nowMS), max(nowMS, issuedMS)/1000
	switch rec.Kind {
	case KindRevoke, KindUnrevoke, KindExempt, KindForgive:
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
	case KindAnnounceGateway:
		return r.countGateway(r.gateways.announce(rec.Gateway, rec.Public))
	case KindWithdrawGateway:
		return r.countGateway(r.gateways.withdraw(rec.Gateway, rec.Cutoff))
	case KindForgive:
		r.countForgiven(r.forgiven.add(rec.Serial, rec.At))
	case KindAmnesty, KindEndAmnesty:
		r.applyAmnesty(rec, past)
	default:
		panic("BUG: no effect is defined for records of kind " + rec.Kind.String())
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

// countGateway counts a record about a gateway.
func (r *Replica) countGateway(changed, ok bool) bool {
	switch {
	case !ok:
		r.counts.GatewayRefused++
	case changed:
		r.counts.Gateways++
	}
	return changed
}

// countForgiven counts a record that forgives a serial.
func (r *Replica) countForgiven(changed, fits bool) {
	switch {
	case !fits:
		r.counts.ForgiveRefused++
	case changed:
		r.counts.Forgiven++
	}
}

// applyAmnesty applies one KindAmnesty or KindEndAmnesty. r.mu is held; past is Unix seconds.
func (r *Replica) applyAmnesty(rec *Record, past int64) {
	a := amnestyOf(rec)
	switch {
	case !a.valid():
		r.counts.AmnestyRefused++
		return
	case a.Until <= past:
		r.counts.Late++
		return
	}
	old := r.amnesties.Load()
	grown, fits := old.with(a, MaxAmnesties)
	if !fits {
		grown, fits = old.without(past).with(a, MaxAmnesties)
	}
	if !fits {
		r.counts.AmnestyRefused++
	} else if grown != old {
		r.counts.Amnesties++
		r.amnesties.Store(grown)
	}
}

// applyBooking passes one KindBooking on. r.mu is held; now is Unix ms.
func (r *Replica) applyBooking(rec *Record, now int64) {
	r.counts.Bookings++
	if r.Bookings != nil {
		r.Bookings.Apply(rec.Body, rec.At, now)
	}
}
