package main

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// testGatewayKey is the public key of test gateway n.
func testGatewayKey(n byte) [tokens.PublicKeySize]byte {
	return signing.NewKey([signing.SeedSize]byte{n}).Public()
}

// gatewayKey is the key as railgate-gateway prints it.
func gatewayKey(n byte) string {
	public := testGatewayKey(n)
	return hex.EncodeToString(public[:])
}

// An operator announces and withdraws gateways. The commands print what they did, wait until
// it is in the stream, and can be repeated.
func TestOperatorAnnouncesAndWithdrawsGateways(t *testing.T) {
	h := newHarness(t)
	h.announce()
	one, two := gatewayKey(1), gatewayKey(2)
	for i := range 2 {
		out := h.asOperator("-announce-gateway", "7:"+one)
		runtest.Has(t, out, "committed: gateway 7 is announced with key "+one, "published; a gateway", "identity.id to 7")
		if repeated := strings.Contains(out, "(unchanged: "); repeated != (i == 1) {
			t.Errorf("run %d: %s", i, out)
		}
	}
	h.asOperator("-announce-gateway", "8:"+two)
	runtest.Has(t, h.asOperator("-withdraw-gateway", "8", "-from", "2026-02-10T08:00:00+08:00"),
		"what gateway 8 dates at 2026-02-10T00:00:00Z or later is refused", "published; a gateway", "a new key and a\nnew id")
	runtest.Has(t, h.asOperator("-withdraw-gateway", "8"), "2026-02-10T00:00:00Z or later is refused (unchanged: ")

	lines := strings.Split(strings.TrimSpace(h.mustRun("-list-gateways")), "\n")
	if len(lines) != 3 || strings.Fields(lines[0])[0] != "ID" {
		t.Fatalf("%q", lines)
	}
	for i, want := range [][]string{{"7", one, "-"}, {"8", two, "2026-02-10T00:00:00Z"}} {
		if f := strings.Fields(lines[i+1]); len(f) != 4 || f[0] != want[0] || f[1] != want[1] || f[3] != want[2] {
			t.Errorf("line %d is %q, want %q", i+1, f, want)
		}
	}

	replica := h.gateway()
	for id, want := range map[revocation.GatewayID]revocation.GatewayKey{
		7: {Public: testGatewayKey(1), Cutoff: tokens.Never}, 8: {Public: testGatewayKey(2), Cutoff: 1770681600},
	} {
		if key, ok := replica.Gateway(id); !ok || key != want || replica.GatewayProof(id) == nil {
			t.Errorf("gateway %d is %+v (%v) to other gateways, want %+v", id, key, ok, want)
		}
	}

	for _, c := range []struct{ want, flag, value string }{
		{"belongs to another public key: gateway 7", "-announce-gateway", "7:" + gatewayKey(3)},
		{"the key belongs to another gateway", "-announce-gateway", "9:" + one},
		{"withdrawn: give gateway 9 a new key and a new id", "-announce-gateway", "9:" + two},
		{"was ever announced: gateway 10; -list-gateways", "-withdraw-gateway", "10"},
	} {
		h.wantError(c.want, "-by", "night-shift", c.flag, c.value)
	}
	h.wantAudit("operator", "night-shift announce_gateway gateway:7", "night-shift announce_gateway gateway:8", "night-shift withdraw_gateway gateway:8")
}

// A value other than an id and a key is refused before the database is opened.
func TestMistypedGatewaysAreRefused(t *testing.T) {
	h := newHarness(t)
	key := gatewayKey(1)
	for _, value := range []string{"7", "7:", ":" + key, "0:" + key, "65536:" + key, "07:" + key, "+7:" + key, "7:" + key[1:], "7:" + key + "0", "7:" + strings.ToUpper(key), "7:" + key + "\n", " 7:" + key} {
		h.wantError("must be ID:HEX", "-by", "night-shift", "-announce-gateway", value)
	}
	for _, value := range []string{"0", "65536", "x", "07", "7:" + key} {
		h.wantError("must be the id of a gateway", "-by", "night-shift", "-withdraw-gateway", value)
	}
	h.wantError("-from must be a time", "-by", "night-shift", "-withdraw-gateway", "7", "-from", "yesterday")
	h.wantError("-by must name", "-announce-gateway", fmt.Sprint("7:", key))
}

// What staff call exceptions from passback is at gateways soon, also at those that start in
// a new epoch.
func TestExceptionsFromPassbackReachGateways(t *testing.T) {
	h := newHarness(t)
	window, police, operator := h.addStaff("window-7", staff.Window), h.addStaff("police-7", staff.Police), h.addStaff("operator-7", staff.Operator)
	stop := h.startReady()
	serial := h.approved(passenger.FacePasses).Serial
	now := time.Now().Unix()
	var forgiven, declared struct {
		AcceptedAtMs int64 `json:"accepted_at_ms"`
	}
	h.mustPost(http.StatusAccepted, "/v1/passages/forgive", window, fmt.Sprintf(`{"serial":%q,"reason":"gate_fault"}`, serial.String()), &forgiven)
	h.mustPost(http.StatusAccepted, "/v1/amnesties", police, fmt.Sprintf(`{"scopes":["entry"],"stations":["北京南"],"ends_at":%d,"reason":"drill"}`, now+7200), &declared)
	h.mustPost(http.StatusAccepted, "/v1/amnesties", operator, fmt.Sprintf(`{"scopes":["exit"],"stations":["*"],"starts_at":%d,"ends_at":%d,"reason":"drill"}`, now+3600, now+7200), &declared)
	south, other := revocation.StationOf("北京南"), revocation.StationOf("上海虹桥")
	knows := func(r *revocation.Replica) bool {
		return r.Forgiven(serial) == forgiven.AcceptedAtMs &&
			r.Amnesty(south, tokens.Entry, now+60) && !r.Amnesty(other, tokens.Entry, now+60) && !r.Amnesty(south, tokens.Entry, now+7200) &&
			r.Amnesty(other, tokens.Exit, now+3600) && !r.Amnesty(other, tokens.Exit, now+3599)
	}
	runtest.Eventually(t, timeout, "the exceptions at a gateway", func() bool { return knows(h.gateway()) })
	h.mustPost(http.StatusAccepted, "/v1/amnesties/1/end", police, "{}", &declared)
	before := knows
	knows = func(r *revocation.Replica) bool { // a second that has begun is not covered any more
		ended := declared.AcceptedAtMs / 1000
		return r.Forgiven(serial) == forgiven.AcceptedAtMs && r.Amnesty(other, tokens.Exit, now+3600) && !r.Amnesty(south, tokens.Entry, ended)
	}
	runtest.Eventually(t, timeout, "the end of an amnesty at a gateway", func() bool { r := h.gateway(); return knows(r) && !before(r) })
	stop()

	h.flags = []string{"-kafka.topic", "railgate.control.2"} // a topic without the first records
	h.config.Kafka.Topic = "railgate.control.2"
	h.asOperator("-move-stream")
	if !knows(h.gateway()) {
		t.Error("a gateway of the new topic does not know the exceptions")
	}
}
