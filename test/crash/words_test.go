package crash

import "github.com/railgate/railgate/tokens"

// is reports whether a row is what staff was told of: the word's own, or that of
// the one before it which had changed the same already.
func (w *word) is(row wordRow) bool {
	return w.acked != 0 && row.atMs == w.atMs && row.lifted != w.revoke
}

// holdWords holds a credential to what staff was told.
func (b *book) holdWords(serial string, words []*word, r *rows) {
	s, _ := tokens.ParseSerial(serial)
	c := r.credentials[s]
	if c == nil {
		return // said already
	}
	for _, w := range words {
		there := w.acked == 0 || !w.revoke && w.atMs == c.approvedMs // it was never revoked when it was lifted
		for _, row := range c.words {
			there = there || w.is(row)
		}
		if !there {
			b.faultf("staff was told of %s: revoked %v at %d; the database has %+v", serial, w.revoke, w.atMs, c.words)
		}
	}
	if last := lastWord(words); last != nil && last.revoke != (c.revokedMs != 0) && !c.superseded {
		b.faultf("the last word of staff on %s was %+v, and the database says %+v", serial, *last, *c)
	}
}

// lastWord is the one that was sent when all others had been answered; nil if
// there is none, or one may still be carried out.
func lastWord(words []*word) (last *word) {
	for _, w := range words {
		switch {
		case w.refused:
		case w.acked == 0:
			return nil
		case last == nil || w.sent > last.sent:
			last = w
		}
	}
	for _, w := range words {
		if last != nil && w != last && !w.refused && w.acked > last.sent {
			return nil
		}
	}
	return last
}

// holdUnknown holds what nobody was told of to the requests whose answers were lost.
func (b *book) holdUnknown(r *rows) {
	said, told := 0, 0 // by staff, and of these what somebody knows of
	for serial, c := range r.credentials {
		for _, row := range c.words {
			if row.who != deskName {
				continue
			}
			said++
			for _, w := range b.words[serial.String()] {
				if w.is(row) {
					told++
					break
				}
			}
		}
	}
	for _, k := range []struct {
		kind         kind
		there, known int
	}{
		{anApplication, len(r.applications), len(b.applications)},
		{anApproval, len(r.credentials), len(b.owners)},
		{aCheck, len(r.checks), len(b.checks)},
		{aSession, len(r.sessions), len(b.sessions)},
		{anAccount, len(r.accounts), len(b.accounts)},
		{aLogin, len(r.logins), len(b.logins)},
		{aWord, said, told},
	} {
		if more := k.there - k.known; more > b.maybe[k.kind] {
			b.faultf("%d rows (%s) are there that nobody was told of, and %d answers were lost", more, k.kind, b.maybe[k.kind])
		}
	}
}
