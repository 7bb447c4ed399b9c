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

// reconcileDatabase checks the rows of the database and compares them with the model, while no
// issuer runs.
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

// reconcile compares rows with what was acknowledged. The issuer has ended: everything in the model
// was answered before the rows were read.
func (m *model) reconcile(r *rows) {
	checked := slices.Collect(maps.Values(m.checks))
	for id, a := range m.applications {
		row := r.applications[id]
		if row == nil && !slices.Contains(checked, id) && time.Duration(m.jumps-a.jumps+1)*clockJump > credential.UncheckedLife {
			continue // never checked, and erased; it may be from before the jump in which it was recorded
		}
		if row == nil {
			m.faultLocked("application %s was acknowledged and is missing", id)
			continue
		}
		m.reconcileAccess(id, a, row)
	}
	for serial, id := range m.owners {
		s, err := tokens.ParseSerial(serial)
		c := r.credentials[s]
		if err != nil || c == nil || c.application != id || r.applications[id].state != credential.StateApproved {
			m.faultLocked("application %s was approved as %s, and the database has %+v", id, serial, c)
		}
	}
	for id, application := range m.checks {
		if c := r.checks[id]; c == nil || c.application != application {
			m.faultLocked("check %s of %s was acknowledged, and the database has %+v", id, application, c)
		}
	}
	for id, o := range m.sessions {
		s := r.sessions[id]
		if s == nil || s.application != o.application || s.check != o.check || (s.login != "") != (o.login != "") {
			m.faultLocked("session %s was acknowledged as %+v, and the database has %+v", id, o, s)
		} else if o.closed != 0 && !s.closed {
			m.faultLocked("the closing of session %s was acknowledged, and it is open", id)
		}
	}
	m.reconcileLeft(r)
	for serial, decisions := range m.decisions {
		m.reconcileDecisions(serial, decisions, r)
	}
	m.reconcileForgiven(r)
	for id := range m.accounts {
		if _, there := r.accounts[id]; !there {
			m.faultLocked("account %s was acknowledged and is missing", id)
		}
	}
	ended := map[string]bool{}
	for _, l := range r.logins {
		ended[l.hash] = l.ended
	}
	for token, out := range m.logins {
		if was, there := ended[hashOf(token)]; !there || out && !was {
			m.faultLocked("a login was acknowledged, its end: %v; the database has it: %v, ended: %v", out, there, was)
		}
	}
	m.reconcileUnknown(r)
}

// reconcileAccess compares the access token of an application with the reported ones.
func (m *model) reconcileAccess(id string, a *applied, row *applicationRow) {
	is := func(token string) bool { return hashOf(token) == row.access }
	switch {
	case a.account != (row.account != ""):
		m.faultLocked("application %s is bound to an account: %v, and was submitted with one: %v", id, row.account != "", a.account)
	case a.wasLeft(is):
		m.faultLocked("application %s accepts an access token with which its page was left", id)
	case !a.account && len(a.left) == 0 && m.uncertain[accessOf(a.person)] == 0 && !a.isOpenTo(is):
		m.faultLocked("application %s accepts none of the reported access tokens", id)
	}
}

// reconcileLeft looks for open sessions that no client can use. If an application accepts no access
// token that was ever reported, its page was left or entered again. Either closes every session
// that was opened with an access token.
func (m *model) reconcileLeft(r *rows) {
	for id, s := range r.sessions {
		a, row := m.applications[s.application], r.applications[s.application]
		if a == nil || row == nil || a.account || s.login != "" || s.closed {
			continue
		}
		if !a.isOpenTo(func(token string) bool { return hashOf(token) == row.access }) {
			m.faultLocked("session %s of %s is open after its page was left", id, s.application)
		}
	}
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return string(sum[:])
}

// verifyAuditLog checks the audit log's chain and earlier anchors; it needs the model's lock.
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
		sys.model.faultLocked("the audit log is broken: %s", report.Broken)
	}
	sys.anchors = append(sys.anchors, report.Head)
	return report
}

// is reports whether a row is the decision that staff were told: their own, or the previous one
// that had the same effect.
func (w *decision) is(row decisionRow) bool {
	return w.acked != 0 && row.atMs == w.atMs && row.unrevoked != w.revoke
}

// reconcileDecisions compares a credential with the answers to staff.
func (m *model) reconcileDecisions(serial string, decisions []*decision, r *rows) {
	s, _ := tokens.ParseSerial(serial)
	c := r.credentials[s]
	if c == nil {
		return // already reported
	}
	for _, w := range decisions {
		there := w.acked == 0 || !w.revoke && w.atMs == c.approvedMs // it was not revoked when it was unrevoked
		for _, row := range c.decisions {
			there = there || w.is(row)
		}
		if !there {
			m.faultLocked("the answer to staff about %s: revoked %v at %d; the database has %+v", serial, w.revoke, w.atMs, c.decisions)
		}
	}
	if last := lastDecision(decisions); last != nil && last.revoke != (c.revokedMs != 0) && !c.superseded {
		m.faultLocked("the last decision of staff on %s was %+v, and the database has %+v", serial, *last, *c)
	}
}

// reconcileForgiven compares what was forgiven with the answers to staff.
func (m *model) reconcileForgiven(r *rows) {
	there, known, all := 0, 0, r.forgivings()
	for _, n := range all {
		there += n
	}
	for text, times := range m.forgiven {
		serial, _ := tokens.ParseSerial(text)
		answered := map[int64]int{}
		for _, at := range times {
			answered[at]++
			known++
		}
		for at, n := range answered {
			if have := all[forgiving{serial, at}]; have < n {
				m.faultLocked("passages of %s up to %d were forgiven %d times, and the audit log has it %d times", text, at, n, have)
			}
		}
	}
	if there-known > m.uncertain[aForgiving] {
		m.faultLocked("the audit log has %d forgivings, %d were reported, and only %d answers were lost", there, known, m.uncertain[aForgiving])
	}
}

// lastDecision returns the decision that was sent after all others had been answered; nil if there
// is none, or if one may still be carried out.
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

// reconcileUnknown compares rows that no answer reported with the requests whose answers were lost.
func (m *model) reconcileUnknown(r *rows) {
	decided, reported := 0, 0 // decisions of staff, and those that an answer reported
	for serial, c := range r.credentials {
		for _, row := range c.decisions {
			if row.who != staffName {
				continue
			}
			decided++
			for _, w := range m.decisions[serial.String()] {
				if w.is(row) {
					reported++
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
		{aDecision, decided, reported},
	} {
		if more := k.there - k.known; more > m.uncertain[k.kind] {
			m.faultLocked("%d rows (%s) were never reported, and only %d answers were lost", more, k.kind, m.uncertain[k.kind])
		}
	}
}
