package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

// employs has one more staff credential in the settings.
func (d *system) employs(name string, role staff.Role) (secret string) {
	d.t.Helper()
	secret, c, err := staff.New(name, role)
	runtest.Must(d.t, err)
	f, err := os.OpenFile(d.file, os.O_APPEND|os.O_WRONLY, 0)
	runtest.Must(d.t, err)
	defer f.Close()
	_, err = fmt.Fprintf(f, "[[staff]]\nname = %q\nsha256 = %q\nroles = [%q]\n", c.Name, c.SHA256, role)
	runtest.Must(d.t, err)
	return secret
}

// A lock is lifted by whom it is about; the name or number stands neither in what is
// printed nor in the audit log.
func TestOperatorLiftsLocks(t *testing.T) {
	d := newSystem(t)
	stop := d.serves()
	locked := func() bool {
		status, _ := d.call("POST", "/v1/logins", "", `{"login_name":"passenger_1","password":"wrong and long"}`)
		return status == http.StatusTooManyRequests
	}
	for range 6 {
		locked()
	}
	p := d.approved("sandbox:pass")
	fails := func() int {
		status, _ := d.call("POST", p.Path("/checks"), p.Access, `{"evidence":"sandbox:fail"}`)
		return status
	}
	for range 5 {
		fails()
	}
	if !locked() || fails() != http.StatusTooManyRequests {
		t.Fatal("six failures did not lock")
	}
	number := person(d.people).DocumentNumber
	file := d.textFile("locks", "login passenger_1\ndocument resident_id "+number+"\nlogin nobody_here\n")
	out := d.orders("-clear-lockouts", file)
	runtest.Has(t, out, "line 1: lifted, 1 counts", "line 2: lifted, 2 counts", "line 3: nothing was counted")
	runtest.HasNot(t, out, "passenger_1", number)
	if status := fails(); locked() || status != http.StatusUnprocessableEntity {
		t.Errorf("locked still: %d", status)
	}
	stop()
	auditLog := d.orders("-audit-log")
	runtest.Has(t, auditLog, "clear_lockout", "lock:account-", "lock:faces-")
	runtest.HasNot(t, auditLog, "passenger_1", number)
	for _, wrong := range []string{"passenger_1\n", "login x\n", "document card 1\n"} {
		d.refused("line 1: write login NAME", "-by", "night-shift", "-clear-lockouts", d.textFile("wrong", wrong))
	}
}

// What a stolen staff credential revoked is counted first, and unrevoked with the
// count; a credential that another staff credential revoked, too, stays revoked.
func TestOperatorUndoesAStolenCredential(t *testing.T) {
	d := newSystem(t)
	thief, police := d.employs("window-7", staff.Window), d.employs("police-1", staff.Police)
	stop := d.serves()
	began := time.Now().Add(-time.Second).UTC().Format(time.RFC3339)
	var all []approved
	for range 3 {
		p := d.approved("sandbox:pass")
		d.gets(http.StatusAccepted, "/v1/credentials/"+p.Serial.String()+"/revoke", thief, `{"reason":"fraud"}`, &struct{}{})
		all = append(all, p)
	}
	d.gets(http.StatusAccepted, "/v1/credentials/"+all[2].Serial.String()+"/revoke", police, `{"reason":"lost_phone"}`, &struct{}{})
	args := []string{"-unrevoke-by", "window-7", "-from", began}
	runtest.Has(t, d.orders(args...), "2 credentials would be unrevoked", "-confirm 2")
	d.refused("not the number of credentials", append([]string{"-by", "night-shift", "-confirm", "3"}, args...)...)
	runtest.Has(t, d.orders(append(args, "-confirm", "2")...), "2 credentials are unrevoked", "published")
	for i, p := range all {
		status, answer := d.call("GET", "/v1/credentials/"+p.Serial.String(), police, "")
		if status != http.StatusOK || (i == 2) != strings.Contains(answer, `"revoked"`) {
			t.Errorf("credential %d: %d %s", i, status, answer)
		}
	}
	stop()
	runtest.Has(t, d.orders("-audit-log", "-object", "credential:"+all[0].Serial.String()), "unrevoke", "night-shift", "all that window-7 revoked")
	d.refused("needs -from", "-by", "night-shift", "-unrevoke-by", "window-7")
	if revoked := d.gateway(); fmt.Sprint(revoked.Revoked(all[0].Serial), revoked.Revoked(all[2].Serial)) != "false true" {
		t.Error("a gateway knows it otherwise")
	}
}
