package crash

import "slices"

// What follows is called with the book in hand (see settle), unless it says
// otherwise. Two answers that contradict each other are a fault at once.

// passed notes a passed check.
func (b *book) passed(check, application string) {
	if other, twice := b.checks[check]; twice {
		b.faultf("check %s was given twice, for %s and %s", check, other, application)
	}
	b.checks[check] = application
}

// approved notes a serial that was told for an application; empty: none was.
func (b *book) approved(application, serial string) {
	if serial == "" {
		return
	}
	if owner, known := b.owners[serial]; known && owner != application {
		b.faultf("serial %s was given to %s and to %s", serial, owner, application)
	} else if !known {
		b.owners[serial] = application
		b.latest = append(b.latest, serial)
	}
	// An application whose own answer was lost is met again by who comes back to it.
	if a := b.applications[application]; a != nil {
		if a.serial != "" && a.serial != serial {
			b.faultf("application %s was told serial %s and then %s", application, a.serial, serial)
		}
		a.serial = serial
	}
}

// opened notes a session.
func (b *book) opened(o *opened) {
	if other, twice := b.used[o.check]; twice {
		b.faultf("check %s opened sessions %s and %s", o.check, other, o.id)
	}
	b.used[o.check] = o.id
	b.sessions[o.id] = o
	b.open = append(b.open, o)
}

// close notes that the sessions are closed that were acknowledged before the
// request that closed them was sent. Of others under way nothing is known.
func (b *book) close(sent, acked int64, which func(*opened) bool) {
	left := b.open[:0]
	for _, o := range b.open {
		if o.acked < sent && which(o) {
			o.closed = acked
		} else {
			left = append(left, o)
		}
	}
	b.open = left
}

// entered notes a new access token.
func (b *book) entered(application, person, token string) {
	a := b.applications[application]
	if a == nil { // its own answer was lost
		a = &applied{person: person, jumps: b.jumps}
		b.applications[application] = a
	}
	a.tokens = append(a.tokens, token)
}

// leftWith notes that a page was left: its token opens nothing any more.
func (b *book) leftWith(application, token string) {
	a := b.applications[application]
	a.left = append(a.left, token)
}

// opens reports whether a token that was told may be the one that is good.
func (a *applied) opens(is func(token string) bool) bool { return slices.ContainsFunc(a.tokens, is) }

// dead reports whether a page was left with this token.
func (a *applied) dead(is func(token string) bool) bool { return slices.ContainsFunc(a.left, is) }
