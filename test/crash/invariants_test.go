package crash

import (
	"strings"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// checkAll checks the consistency of the rows, independently of what was acknowledged: no change is
// stored partially. fault receives the violations.
func (r *rows) checkAll(now time.Time, fault func(format string, args ...any)) {
	r.checkApplications(fault)
	r.checkCredentials(fault)
	r.checkPersons(now.UnixMilli(), fault)
	r.checkSessions(fault)
	r.checkAuditLog(fault)
	for id, consents := range r.accounts {
		if consents == 0 {
			fault("account %s has no consent", id)
		}
	}
}

func (r *rows) checkApplications(fault func(string, ...any)) {
	for id, a := range r.applications {
		if (a.state == credential.StateApproved) != (a.credential != nil) {
			fault("application %s has state %d and its credential is %v", id, a.state, a.credential)
		}
		if (a.state == credential.StateApproved || a.state == credential.StateChecked) && a.checks == 0 {
			fault("application %s has state %d and no check", id, a.state)
		}
		if a.state == credential.StateSubmitted && a.checks > 0 {
			fault("application %s has a check and its state is submitted", id)
		}
		if a.credential != nil && r.persons[a.person] == (tokens.Serial{}) {
			fault("application %s is approved and its person has no credential", id)
		}
	}
}

// checkCredentials compares a credential with its revocations and their withdrawals. The database
// itself ensures unique serials; the next index shows that no serial can be assigned again.
func (r *rows) checkCredentials(fault func(string, ...any)) {
	for serial, c := range r.credentials {
		if serial.Index >= r.nextIndex[serial.Day] {
			fault("serial %s is assigned and will be assigned again: the next index is %d", serial, r.nextIndex[serial.Day])
		}
		revoked, changed := int64(0), c.approvedMs
		for i, w := range c.decisions {
			if w.unrevoked == (i%2 == 0) {
				fault("the decisions on %s do not alternate between revoke and unrevoke: %+v", serial, c.decisions)
			}
			if changed, revoked = w.atMs, w.atMs; w.unrevoked {
				revoked = 0
			}
		}
		if c.revokedMs != revoked || c.changedMs != changed {
			fault("credential %s is revoked %d, changed %d, and the decisions on it are %+v", serial, c.revokedMs, c.changedMs, c.decisions)
		}
		n := len(c.decisions)
		if latest := r.persons[r.applications[c.application].person]; c.superseded && (c.revokedMs == 0 || latest == serial) {
			fault("credential %s is superseded: revoked %d, the person's latest is %s", serial, c.revokedMs, latest)
		}
		if bySuperseding := n > 0 && c.decisions[n-1].reason == "superseded"; c.superseded != bySuperseding {
			fault("credential %s is superseded: %v, and the decisions on it are %+v", serial, c.superseded, c.decisions)
		}
	}
}

// checkPersons checks rules A7 and A9.
func (r *rows) checkPersons(nowMs int64, fault func(string, ...any)) {
	approvals, active := map[quota]int{}, map[string][]tokens.Serial{}
	for serial, c := range r.credentials {
		person := r.applications[c.application].person
		month := time.UnixMilli(c.approvedMs).In(identity.Beijing)
		approvals[quota{person, month.Year()*100 + int(month.Month())}]++
		if c.revokedMs == 0 && nowMs < c.expiresMs {
			active[person] = append(active[person], serial)
		}
	}
	for q, n := range approvals {
		if n > credential.ApplicationsPerMonth || r.quotas[q] != n {
			fault("%d approvals of a person in month %d, counted are %d", n, q.month, r.quotas[q])
		}
	}
	for q, used := range r.quotas {
		if approvals[q] != used {
			fault("%d approvals are counted of a person in month %d, there are %d", used, q.month, approvals[q])
		}
	}
	for person, all := range active {
		if len(all) > 1 || r.persons[person] != all[0] {
			fault("credentials %v of one person are active, the latest is %s", all, r.persons[person])
		}
	}
	for person, serial := range r.persons {
		if c := r.credentials[serial]; c == nil || r.applications[c.application].person != person {
			fault("a person's latest credential is %s, which belongs to another person", serial)
		}
	}
}

func (r *rows) checkSessions(fault func(string, ...any)) {
	for id, c := range r.checks {
		if c.sessions > 1 || c.used != (c.sessions == 1) {
			fault("check %s is used: %v, and opened %d sessions", id, c.used, c.sessions)
		}
	}
	starts := map[opening]string{}
	for id, s := range r.sessions {
		at := opening{s.application, s.startMs / 1000}
		if other := starts[at]; other != "" {
			fault("sessions %s and %s of one credential start in one second: %+v, %+v", id, other, s, r.sessions[other])
		}
		starts[at] = id
		switch login := r.logins[s.login]; {
		case r.checks[s.check].application != s.application:
			fault("session %s was opened by another application's check", id)
		case r.applications[s.application].credential == nil:
			fault("session %s was opened without a credential", id)
		case s.closed && s.secrets:
			fault("session %s is closed and still has its secrets", id)
		case s.login != "" && !s.closed && (login == nil || login.ended):
			fault("session %s is open, and its login has ended", id)
		}
	}
}

// opening is the identity of a session at gates.
type opening struct {
	application string
	start       int64 // Unix seconds
}

// checkAuditLog compares the decisions of staff with the audit log.
func (r *rows) checkAuditLog(fault func(string, ...any)) {
	decided := map[act]int{}
	for serial, c := range r.credentials {
		for _, w := range c.decisions {
			if w.who != staffName {
				continue
			}
			a := act{w.who, string(staff.Revoke), string(audit.Credential) + " " + serial.String(), w.reason, w.atMs}
			if w.unrevoked {
				a.action = string(staff.Unrevoke)
			}
			decided[a]++
		}
	}
	for a, n := range decided {
		if r.acts[a] != n {
			fault("staff did %+v %d times, the audit log has it %d times", a, n, r.acts[a])
		}
	}
	for serial, latest := range r.latestForgiving() {
		if at, there := r.forgiven[serial]; there && at != latest {
			fault("passages of %s are forgiven up to %d, and by the audit log up to %d", serial, at, latest)
		}
	}
	for a, n := range r.acts {
		if a.who == staffName && a.action != string(staff.Forgive) && decided[a] != n {
			fault("the audit log has %+v %d times, staff did it %d times", a, n, decided[a])
		}
	}
}

// forgivings returns how often passages were forgiven at each time, by the audit log.
func (r *rows) forgivings() map[forgiving]int {
	all := map[forgiving]int{}
	for a, n := range r.acts {
		if a.action == string(staff.Forgive) {
			serial, _ := tokens.ParseSerial(strings.TrimPrefix(a.object, string(audit.Credential)+" "))
			all[forgiving{serial, a.atMs}] += n
		}
	}
	return all
}

// forgiving is one acceptance of staff's request.
type forgiving struct {
	serial tokens.Serial
	atMs   int64
}

// latestForgiving returns the latest time of each serial, by the audit log.
func (r *rows) latestForgiving() map[tokens.Serial]int64 {
	latest := map[tokens.Serial]int64{}
	for f := range r.forgivings() {
		latest[f.serial] = max(latest[f.serial], f.atMs)
	}
	return latest
}

// load counts what a run must have done to prove anything.
func (r *rows) load() map[string]int {
	n := map[string]int{"approvals": len(r.credentials), "sessions": len(r.sessions), "logins": len(r.logins),
		"sessions closed": 0, "revocations": 0, "withdrawn revocations": 0, "supersessions": 0, "forgivings": len(r.forgivings())}
	for _, s := range r.sessions {
		if s.closed {
			n["sessions closed"]++
		}
	}
	for _, c := range r.credentials {
		if c.superseded {
			n["supersessions"]++
		}
		for _, w := range c.decisions {
			if w.unrevoked {
				n["withdrawn revocations"]++
			} else {
				n["revocations"]++
			}
		}
	}
	return n
}
