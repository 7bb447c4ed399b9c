package crash

import (
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// holdRows holds the database, beside no issuer, to itself and to the book.
func (h *house) holdRows(db *database.DB) *rows {
	h.t.Helper()
	r := readRows(h.t, db)
	now := h.now()
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	r.whole(now, h.book.faultf)
	h.book.hold(r)
	h.idle = slices.Contains(slices.Collect(maps.Values(r.load())), 0)
	h.verify(db)
	return r
}

// hold holds rows to what was acknowledged. The issuer is dead, or has ended: what
// the book took in since the rows were read was answered before.
func (b *book) hold(r *rows) {
	checked := slices.Collect(maps.Values(b.checks))
	for id, a := range b.applications {
		row := r.applications[id]
		if row == nil && !slices.Contains(checked, id) && time.Duration(b.jumps-a.jumps+1)*clockJump > credential.UncheckedLife {
			continue // never checked, and erased; it may be from before the jump in which it was noted
		}
		if row == nil {
			b.faultf("application %s was acknowledged and is not there", id)
			continue
		}
		b.holdAccess(id, a, row)
	}
	for serial, id := range b.owners {
		s, err := tokens.ParseSerial(serial)
		c := r.credentials[s]
		if err != nil || c == nil || c.application != id || r.applications[id].state != store.Approved {
			b.faultf("application %s was approved as %s, and the database says %+v", id, serial, c)
		}
	}
	for id, application := range b.checks {
		if c := r.checks[id]; c == nil || c.application != application {
			b.faultf("check %s of %s was acknowledged, and the database says %+v", id, application, c)
		}
	}
	for id, o := range b.sessions {
		s := r.sessions[id]
		if s == nil || s.application != o.application || s.check != o.check || (s.login != "") != (o.login != "") {
			b.faultf("session %s was acknowledged as %+v, and the database says %+v", id, o, s)
		} else if o.closed != 0 && !s.closed {
			b.faultf("session %s was acknowledged to be closed and is open", id)
		}
	}
	b.holdLeft(r)
	for serial, words := range b.words {
		b.holdWords(serial, words, r)
	}
	for id := range b.accounts {
		if _, there := r.accounts[id]; !there {
			b.faultf("account %s was acknowledged and is not there", id)
		}
	}
	ended := map[string]bool{}
	for _, l := range r.logins {
		ended[l.hash] = l.ended
	}
	for token, out := range b.logins {
		if was, there := ended[hashOf(token)]; !there || out && !was {
			b.faultf("a login was acknowledged, its end %v; it is there %v, ended %v", out, there, was)
		}
	}
	b.holdUnknown(r)
}

// holdAccess holds an application to who may open it.
func (b *book) holdAccess(id string, a *applied, row *applicationRow) {
	is := func(token string) bool { return hashOf(token) == row.access }
	switch {
	case a.account != (row.account != ""):
		b.faultf("application %s is bound to an account: %v, and was handed in so: %v", id, row.account != "", a.account)
	case a.dead(is):
		b.faultf("application %s opens to an access token that its page was left with", id)
	case !a.account && len(a.left) == 0 && b.maybe[accessOf(a.person)] == 0 && !a.opens(is):
		b.faultf("application %s opens to none of the access tokens that were told", id)
	}
}

// holdLeft looks for sessions that go on where nobody can be: an application that
// opens to no access token that was ever told was left or entered again, and either
// closes every session that was opened with one.
func (b *book) holdLeft(r *rows) {
	for id, s := range r.sessions {
		a, row := b.applications[s.application], r.applications[s.application]
		if a == nil || row == nil || a.account || s.login != "" || s.closed {
			continue
		}
		if !a.opens(func(token string) bool { return hashOf(token) == row.access }) {
			b.faultf("session %s of %s is open, and its page was left", id, s.application)
		}
	}
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return string(sum[:])
}

// verify holds the trail to its chain and to the places it has shown before; the
// book is in hand.
func (h *house) verify(db *database.DB) audit.Report {
	h.t.Helper()
	trail, err := audit.New(audit.Config{DB: db, Key: vault.New(vaultMaster).AuditKey()})
	if err != nil {
		h.t.Fatal(err)
	}
	report, err := trail.Verify(h.t.Context(), h.anchors, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if report.Broken != nil {
		h.book.faultf("the trail is broken: %s", report.Broken)
	}
	h.anchors = append(h.anchors, report.Head)
	return report
}
