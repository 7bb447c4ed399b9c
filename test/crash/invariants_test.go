package crash

import (
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
)

// whole holds the rows to themselves: nothing is there by half, whatever was
// acknowledged. say takes what is wrong.
func (r *rows) whole(now time.Time, say func(format string, args ...any)) {
	r.wholeApplications(say)
	r.wholeCredentials(say)
	r.wholePersons(now.UnixMilli(), say)
	r.wholePages(say)
	r.wholeTrail(say)
	for id, consents := range r.accounts {
		if consents == 0 {
			say("account %s has no consent", id)
		}
	}
}

func (r *rows) wholeApplications(say func(string, ...any)) {
	for id, a := range r.applications {
		if (a.state == store.Approved) != (a.credential != nil) {
			say("application %s has state %d and its credential is %v", id, a.state, a.credential)
		}
		if (a.state == store.Approved || a.state == store.Checked) && a.checks == 0 {
			say("application %s has state %d and no check", id, a.state)
		}
		if a.state == store.Submitted && a.checks > 0 {
			say("application %s has a check and waits for one", id)
		}
		if a.credential != nil && r.persons[a.person] == (tokens.Serial{}) {
			say("application %s is approved and its person has no credential", id)
		}
	}
}

// wholeCredentials holds a credential to what was said of it. That no serial is
// there twice the database itself sees to; that none may come once more is seen
// from what is still to be given.
func (r *rows) wholeCredentials(say func(string, ...any)) {
	for serial, c := range r.credentials {
		if serial.Index >= r.nextIndex[serial.Day] {
			say("serial %s is given and is to be given once more, after %d", serial, r.nextIndex[serial.Day])
		}
		revoked, changed := int64(0), c.approvedMs
		for i, w := range c.words {
			if w.lifted == (i%2 == 0) {
				say("what was said of %s is no row of revocations and lifts in turn: %+v", serial, c.words)
			}
			if changed, revoked = w.atMs, w.atMs; w.lifted {
				revoked = 0
			}
		}
		if c.revokedMs != revoked || c.changedMs != changed {
			say("credential %s is revoked %d, changed %d, and what was said of it is %+v", serial, c.revokedMs, c.changedMs, c.words)
		}
		n := len(c.words)
		if latest := r.persons[r.applications[c.application].person]; c.superseded && (c.revokedMs == 0 || latest == serial) {
			say("credential %s is superseded: revoked %d, the person's latest is %s", serial, c.revokedMs, latest)
		}
		if bySuperseding := n > 0 && c.words[n-1].reason == "superseded"; c.superseded != bySuperseding {
			say("credential %s is superseded: %v, and what was said of it is %+v", serial, c.superseded, c.words)
		}
	}
}

// wholePersons holds persons to rules A7 and A9.
func (r *rows) wholePersons(nowMs int64, say func(string, ...any)) {
	approvals, inForce := map[quota]int{}, map[string][]tokens.Serial{}
	for serial, c := range r.credentials {
		person := r.applications[c.application].person
		month := time.UnixMilli(c.approvedMs).In(identity.Beijing)
		approvals[quota{person, month.Year()*100 + int(month.Month())}]++
		if c.revokedMs == 0 && nowMs < c.expiresMs {
			inForce[person] = append(inForce[person], serial)
		}
	}
	for q, n := range approvals {
		if n > credential.ApplicationsPerMonth || r.quotas[q] != n {
			say("%d approvals of a person in month %d, counted are %d", n, q.month, r.quotas[q])
		}
	}
	for q, used := range r.quotas {
		if approvals[q] != used {
			say("%d approvals are counted of a person in month %d, there are %d", used, q.month, approvals[q])
		}
	}
	for person, all := range inForce {
		if len(all) > 1 || r.persons[person] != all[0] {
			say("credentials %v of one person are in force, the latest is %s", all, r.persons[person])
		}
	}
	for person, serial := range r.persons {
		if c := r.credentials[serial]; c == nil || r.applications[c.application].person != person {
			say("a person's latest credential is %s, which is not that person's", serial)
		}
	}
}

func (r *rows) wholePages(say func(string, ...any)) {
	for id, c := range r.checks {
		if c.sessions > 1 || c.used != (c.sessions == 1) {
			say("check %s is used: %v, and opened %d sessions", id, c.used, c.sessions)
		}
	}
	starts := map[opening]string{}
	for id, s := range r.sessions {
		at := opening{s.application, s.startMs / 1000}
		if other := starts[at]; other != "" {
			say("sessions %s and %s of one credential start in one second: %+v, %+v", id, other, s, r.sessions[other])
		}
		starts[at] = id
		switch login := r.logins[s.login]; {
		case r.checks[s.check].application != s.application:
			say("session %s was opened by another application's check", id)
		case r.applications[s.application].credential == nil:
			say("session %s was opened without a credential", id)
		case s.closed && s.secrets:
			say("session %s is closed and could show codes", id)
		case s.login != "" && !s.closed && (login == nil || login.ended):
			say("session %s is open, and its login has ended", id)
		}
	}
}

// opening is what gates know a session by.
type opening struct {
	application string
	start       int64 // Unix seconds
}

// wholeTrail compares what staff said of credentials with the trail.
func (r *rows) wholeTrail(say func(string, ...any)) {
	said := map[act]int{}
	for serial, c := range r.credentials {
		for _, w := range c.words {
			if w.who != deskName {
				continue
			}
			a := act{w.who, string(staff.Revoke), string(audit.Credential) + " " + serial.String(), w.reason, w.atMs}
			if w.lifted {
				a.action = string(staff.Lift)
			}
			said[a]++
		}
	}
	for a, n := range said {
		if r.acts[a] != n {
			say("staff did %+v %d times, the trail says %d", a, n, r.acts[a])
		}
	}
	for a, n := range r.acts {
		if a.who == deskName && said[a] != n {
			say("the trail says %+v %d times, staff did it %d times", a, n, said[a])
		}
	}
}

// load counts what a run must have done to show anything.
func (r *rows) load() map[string]int {
	n := map[string]int{"approvals": len(r.credentials), "sessions": len(r.sessions), "logins": len(r.logins),
		"sessions closed": 0, "revocations": 0, "lifts": 0, "supersessions": 0}
	for _, s := range r.sessions {
		if s.closed {
			n["sessions closed"]++
		}
	}
	for _, c := range r.credentials {
		if c.superseded {
			n["supersessions"]++
		}
		for _, w := range c.words {
			if w.lifted {
				n["lifts"]++
			} else {
				n["revocations"]++
			}
		}
	}
	return n
}
