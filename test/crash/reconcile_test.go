package crash

import (
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// reconcileDatabase compares the database, while no issuer runs, with itself and with the
// model.
func (sys *system) reconcileDatabase(db *database.DB) *rows {
	sys.t.Helper()
	r := observe(sys.t, db)
	now := sys.now()
	sys.model.mu.Lock()
	defer sys.model.mu.Unlock()
	r.checkAll(now, sys.model.faultLocked)
	sys.model.reconcile(r)
	sys.incomplete = slices.Contains(slices.Collect(maps.Values(r.load())), 0)
	sys.verifyAuditLog(db)
	return r
}

// reconcile compares rows with what was acknowledged. The issuer is dead, or has ended: what
// the model took in since the rows were read was answered before.
func (m *model) reconcile(r *rows) {
	checked := slices.Collect(maps.Values(m.checks))
	for id, a := range m.applications {
		row := r.applications[id]
		if row == nil && !slices.Contains(checked, id) && time.Duration(m.jumps-a.jumps+1)*clockJump > credential.UncheckedLife {
			continue // never checked, and erased; it may be from before the jump in which it was noted
		}
		if row == nil {
			m.faultLocked("application %s was acknowledged and is not there", id)
			continue
		}
		m.reconcileAccess(id, a, row)
	}
	for serial, id := range m.owners {
		s, err := tokens.ParseSerial(serial)
		c := r.credentials[s]
		if err != nil || c == nil || c.application != id || r.applications[id].state != credential.StateApproved {
			m.faultLocked("application %s was approved as %s, and the database says %+v", id, serial, c)
		}
	}
	for id, application := range m.checks {
		if c := r.checks[id]; c == nil || c.application != application {
			m.faultLocked("check %s of %s was acknowledged, and the database says %+v", id, application, c)
		}
	}
	for id, o := range m.sessions {
		s := r.sessions[id]
		if s == nil || s.application != o.application || s.check != o.check || (s.login != "") != (o.login != "") {
			m.faultLocked("session %s was acknowledged as %+v, and the database says %+v", id, o, s)
		} else if o.closed != 0 && !s.closed {
			m.faultLocked("session %s was acknowledged to be closed and is open", id)
		}
	}
	m.reconcileLeft(r)
	for serial, decisions := range m.decisions {
		m.reconcileDecisions(serial, decisions, r)
	}
	for id := range m.accounts {
		if _, there := r.accounts[id]; !there {
			m.faultLocked("account %s was acknowledged and is not there", id)
		}
	}
	ended := map[string]bool{}
	for _, l := range r.logins {
		ended[l.hash] = l.ended
	}
	for token, out := range m.logins {
		if was, there := ended[hashOf(token)]; !there || out && !was {
			m.faultLocked("a login was acknowledged, its end %v; it is there %v, ended %v", out, there, was)
		}
	}
	m.reconcileUnknown(r)
}

// reconcileAccess compares the access token of an application with those that were given.
func (m *model) reconcileAccess(id string, a *applied, row *applicationRow) {
	is := func(token string) bool { return hashOf(token) == row.access }
	switch {
	case a.account != (row.account != ""):
		m.faultLocked("application %s is bound to an account: %v, and was handed in so: %v", id, row.account != "", a.account)
	case a.wasLeft(is):
		m.faultLocked("application %s opens to an access token that its page was left with", id)
	case !a.account && len(a.left) == 0 && m.uncertain[accessOf(a.person)] == 0 && !a.isOpenTo(is):
		m.faultLocked("application %s opens to none of the access tokens that were told", id)
	}
}

// reconcileLeft looks for open sessions that no client can use: an application that
// opens to no access token that was ever told was left or entered again, and either
// closes every session that was opened with one.
func (m *model) reconcileLeft(r *rows) {
	for id, s := range r.sessions {
		a, row := m.applications[s.application], r.applications[s.application]
		if a == nil || row == nil || a.account || s.login != "" || s.closed {
			continue
		}
		if !a.isOpenTo(func(token string) bool { return hashOf(token) == row.access }) {
			m.faultLocked("session %s of %s is open, and its page was left", id, s.application)
		}
	}
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return string(sum[:])
}

// verifyAuditLog checks the audit log's chain, and the places it has shown before; the
// model is in hand.
func (sys *system) verifyAuditLog(db *database.DB) audit.Report {
	sys.t.Helper()
	auditLog, err := audit.New(audit.Config{DB: db, Key: vault.New(vaultMaster).AuditKey()})
	if err != nil {
		sys.t.Fatal(err)
	}
	report, err := auditLog.Verify(sys.t.Context(), sys.anchors, nil)
	if err != nil {
		sys.t.Fatal(err)
	}
	if report.Broken != nil {
		sys.model.faultLocked("the trail is broken: %s", report.Broken)
	}
	sys.anchors = append(sys.anchors, report.Head)
	return report
}

// is reports whether a row is what staff was told of: the word's own, or that of
// the one before it which had changed the same already.
func (w *decision) is(row decisionRow) bool {
	return w.acked != 0 && row.atMs == w.atMs && row.lifted != w.revoke
}

// reconcileDecisions compares a credential with the answers that staff got.
func (m *model) reconcileDecisions(serial string, decisions []*decision, r *rows) {
	s, _ := tokens.ParseSerial(serial)
	c := r.credentials[s]
	if c == nil {
		return // said already
	}
	for _, w := range decisions {
		there := w.acked == 0 || !w.revoke && w.atMs == c.approvedMs // it was never revoked when it was lifted
		for _, row := range c.decisions {
			there = there || w.is(row)
		}
		if !there {
			m.faultLocked("staff was told of %s: revoked %v at %d; the database has %+v", serial, w.revoke, w.atMs, c.decisions)
		}
	}
	if last := lastDecision(decisions); last != nil && last.revoke != (c.revokedMs != 0) && !c.superseded {
		m.faultLocked("the last word of staff on %s was %+v, and the database says %+v", serial, *last, *c)
	}
}

// lastDecision is the one that was sent when all others had been answered; nil if
// there is none, or one may still be carried out.
func lastDecision(decisions []*decision) (last *decision) {
	for _, w := range decisions {
		switch {
		case w.refused:
		case w.acked == 0:
			return nil
		case last == nil || w.sent > last.sent:
			last = w
		}
	}
	for _, w := range decisions {
		if last != nil && w != last && !w.refused && w.acked > last.sent {
			return nil
		}
	}
	return last
}

// reconcileUnknown compares rows that no answer told of with the requests whose answers
// were lost.
func (m *model) reconcileUnknown(r *rows) {
	said, told := 0, 0 // by staff, and of these those that an answer told of
	for serial, c := range r.credentials {
		for _, row := range c.decisions {
			if row.who != staffName {
				continue
			}
			said++
			for _, w := range m.decisions[serial.String()] {
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
		{anApplication, len(r.applications), len(m.applications)},
		{anApproval, len(r.credentials), len(m.owners)},
		{aCheck, len(r.checks), len(m.checks)},
		{aSession, len(r.sessions), len(m.sessions)},
		{anAccount, len(r.accounts), len(m.accounts)},
		{aLogin, len(r.logins), len(m.logins)},
		{aDecision, said, told},
	} {
		if more := k.there - k.known; more > m.uncertain[k.kind] {
			m.faultLocked("%d rows (%s) are there that nobody was told of, and %d answers were lost", more, k.kind, m.uncertain[k.kind])
		}
	}
}
