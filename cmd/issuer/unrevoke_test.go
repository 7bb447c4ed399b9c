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

// addStaff adds a staff credential to the settings.
func (h *harness) addStaff(name string, role staff.Role) (secret string) {
	h.t.Helper()
	secret, c, err := staff.New(name, role)
	runtest.Must(h.t, err)
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_WRONLY, 0)
	runtest.Must(h.t, err)
	defer f.Close()
	_, err = fmt.Fprintf(f, "[[staff]]\nname = %q\nsha256 = %q\nroles = [%q]\n", c.Name, c.SHA256, role)
	runtest.Must(h.t, err)
	return secret
}

// -clear-lockouts clears lockouts by login name and document. Neither its output nor the
// audit log contains the name or number.
func TestOperatorClearsLockouts(t *testing.T) {
	h := newHarness(t)
	stop := h.startReady()
	locked := func() bool {
		status, _ := h.call("POST", "/v1/logins", "", `{"login_name":"passenger_1","password":"wrong and long"}`)
		return status == http.StatusTooManyRequests
	}
	for range 6 {
		locked()
	}
	p := h.approved("sandbox:pass")
	fails := func() int {
		status, _ := h.call("POST", p.Path("/checks"), p.Access, `{"evidence":"sandbox:fail"}`)
		return status
	}
	for range 5 {
		fails()
	}
	if !locked() || fails() != http.StatusTooManyRequests {
		t.Fatal("six failures caused no lockout")
	}
	number := person(h.people).DocumentNumber
	file := h.textFile("locks", "login passenger_1\ndocument resident_id "+number+"\nlogin nobody_here\n")
	out := h.asOperator("-clear-lockouts", file)
	runtest.Has(t, out, "line 1: cleared 1 failure counts", "line 2: cleared 2 failure counts", "line 3: no failures were counted")
	runtest.HasNot(t, out, "passenger_1", number)
	if status := fails(); locked() || status != http.StatusUnprocessableEntity {
		t.Errorf("still locked out after -clear-lockouts: %d", status)
	}
	stop()
	log := h.asOperator("-audit-log")
	runtest.Has(t, log, "clear_lockout", "lock:account-", "lock:faces-")
	runtest.HasNot(t, log, "passenger_1", number)
	for _, wrong := range []string{"passenger_1\n", "login x\n", "document card 1\n"} {
		h.wantError("line 1: write login NAME", "-by", "night-shift", "-clear-lockouts", h.textFile("wrong", wrong))
	}
}

// -unrevoke-by counts the credentials that a stolen staff credential revoked, then
// unrevokes them with -confirm. A credential that another staff credential revoked as well
// stays revoked.
func TestOperatorUnrevokesByStolenCredential(t *testing.T) {
	h := newHarness(t)
	thief, police := h.addStaff("window-7", staff.Window), h.addStaff("police-1", staff.Police)
	stop := h.startReady()
	began := time.Now().Add(-time.Second).UTC().Format(time.RFC3339)
	var all []approved
	for range 3 {
		p := h.approved("sandbox:pass")
		h.mustPost(http.StatusAccepted, "/v1/credentials/"+p.Serial.String()+"/revoke", thief, `{"reason":"fraud"}`, &struct{}{})
		all = append(all, p)
	}
	h.mustPost(http.StatusAccepted, "/v1/credentials/"+all[2].Serial.String()+"/revoke", police, `{"reason":"lost_phone"}`, &struct{}{})
	args := []string{"-unrevoke-by", "window-7", "-from", began}
	runtest.Has(t, h.asOperator(args...), "2 credentials would be unrevoked", "-confirm 2")
	h.wantError("not the number of credentials", append([]string{"-by", "night-shift", "-confirm", "3"}, args...)...)
	runtest.Has(t, h.asOperator(append(args, "-confirm", "2")...), "2 credentials are unrevoked", "published")
	for i, p := range all {
		status, answer := h.call("GET", "/v1/credentials/"+p.Serial.String(), police, "")
		if status != http.StatusOK || (i == 2) != strings.Contains(answer, `"revoked"`) {
			t.Errorf("credential %d: %d %s", i, status, answer)
		}
	}
	stop()
	runtest.Has(t, h.asOperator("-audit-log", "-object", "credential:"+all[0].Serial.String()), "unrevoke", "night-shift", "all that window-7 revoked")
	h.wantError("needs -from", "-by", "night-shift", "-unrevoke-by", "window-7")
	if revoked := h.gateway(); fmt.Sprint(revoked.Revoked(all[0].Serial), revoked.Revoked(all[2].Serial)) != "false true" {
		t.Error("a gateway has other revocations than the issuer")
	}
}
