package httpapi_test

import (
	"net/http"
	"strings"

	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// callRegistryOperations calls the operations of the registry.
func callRegistryOperations(w *system) {
	k := w.newRegistryFixture()
	callPassengerOperations(w, k)
	callAsTicketing(w, k)
	callAsCounter(w, w.newRegistryFixture())
	callAsAuthority(w, w.newRegistryFixture())
	other := w.newRegistryFixture().member
	wantProblem(w.t, other.call("POST", "/v1/account/close", object{"password": testPassword}), http.StatusConflict, registry.TicketsUnfinished)
}

// sendInvalid sends requests that every operation with a body refuses: without a token, with
// a list as the body, and with a role that is not allowed.
func (w *system) sendInvalid(method, path, token string, good object) {
	w.t.Helper()
	w.call(method, path, "", good)
	w.call(method, path, token, "[]")
	if strings.HasPrefix(path, "/v1/account/") {
		return
	}
	w.by(staff.Police, method, path, good)
}

func callPassengerOperations(w *system, k *registryFixture) {
	m, path := k.member, "/v1/account/passengers"
	w.call("GET", path, "", nil)
	m.passengers()
	w.call("GET", "/v1/account/close", "", nil)
	m.call("GET", "/v1/account/close", nil)

	w.sendInvalid("POST", path, m.Token, visitor(1))
	m.call("POST", path, visitor(1))
	m.call("POST", path, visitor(1))
	m.call("POST", path, object{"policy": testPolicy})

	line := path + "/" + k.pending.Passenger
	edit := and(resident(910), object{"version": 1})
	w.sendInvalid("PUT", line, m.Token, edit)
	w.call("DELETE", line, "", nil)
	for _, id := range []string{k.pending.Passenger, k.waiting, "psg_" + strings.Repeat("0", 32)} {
		m.call("PUT", path+"/"+id, edit)
		m.call("PUT", path+"/"+id, object{"policy": testPolicy})
		m.call("DELETE", path+"/"+id, nil)
	}
}

func callAsTicketing(w *system, k *registryFixture) {
	token := w.staffOf[staff.Ticketing]
	ask := object{"kind": "buy", "account": k.member.Account, "for": []string{"holder"}}
	w.sendInvalid("POST", "/v1/decisions", token, ask)
	for _, body := range []object{ask, {"kind": "sell"}, {"kind": "serve", "ticket": "unknown", "at": "window", "service": "change"}} {
		w.call("POST", "/v1/decisions", token, body)
	}
	event := k.member.purchase("W", "holder")
	w.sendInvalid("POST", "/v1/tickets", token, event)
	for _, body := range []object{event, {"kind": "bought"}, {"kind": "refunded", "ticket": "unknown"}, k.member.purchase("V", k.waiting), w.join().purchase("W", "holder")} {
		w.call("POST", "/v1/tickets", token, body)
	}
}

func callAsCounter(w *system, k *registryFixture) {
	window, agency := w.staffOf[staff.Window], w.staffOf[staff.Agency]
	own := k.member.form["document_number"]
	for _, act := range []struct {
		path string
		good object
	}{
		{"/v1/counter/searches", object{"document_type": "resident_id", "document_number": k.pending.Number}},
		{"/v1/counter/looks", k.member.ref(k.pending.Passenger)},
		{"/v1/counter/looks", k.member.ref(k.waiting)}, // already pre-verified
		{"/v1/counter/verifications", k.member.counterResult(k.pending.Passenger, true)},
		{"/v1/counter/duplicates", object{"document_type": "resident_id", "document_number": own, "original": true, "in_date": true, "readable": true}},
		{"/v1/counter/services", object{"ticket": k.ticket, "service": "exchange"}},
	} {
		path, good := act.path, act.good
		w.sendInvalid("POST", path, window, good)
		w.call("POST", path, window, good)
		w.call("POST", path, window, good)
		w.call("POST", path, window, and(good, object{"document_type": "licence", "service": "sell"}))
		w.call("POST", path, window, and(good, object{"service": "sell"}))
		w.call("POST", path, window, and(good, object{"document_type": "licence"}))
		w.call("POST", path, window, and(good, object{"account": "acc_" + strings.Repeat("0", 32)}))
		w.call("POST", path, window, and(good, object{"ticket": "unknown"}))
		w.call("POST", path, agency, and(good, object{"document_type": "passport", "document_number": "P0000001", "nationality": "NZL"}))
	}
	callCorrectionOperations(w, k)
	wrong := object{"ticket": w.newRegistryFixture().ticket, "service": "exchange", "original": true, "card": object{"name": testName, "document_number": number(980)}}
	for range throttle.DefaultRules.Document.Failures + 1 {
		w.by(staff.Machine, "POST", "/v1/counter/services", wrong)
	}
	w.by(staff.Ticketing, "POST", "/v1/decisions", and(wrong, object{"kind": "serve", "at": "machine"}))
	rare := w.joinAs(and(registration(int(w.people.Add(1))-1), object{"name": "測試"}))
	guess := and(rare.counterResult("holder", true), object{"proof": object{"kind": "phone_end", "value": "wrong"}})
	for range throttle.DefaultRules.Document.Failures + 1 {
		w.call("POST", "/v1/counter/verifications", window, guess)
	}
}

// callCorrectionOperations calls the operations by which windows replace identities.
func callCorrectionOperations(w *system, k *registryFixture) {
	window := w.staffOf[staff.Window]
	m, squatter := w.join(), w.join()
	m.verifyAtCounter("holder")
	as := object{"version": 2, "name": "测试乙", "document_type": "resident_id", "document_number": m.form["document_number"],
		"original": true, "in_date": true, "readable": true, "proof": m.phoneEnd()}
	claim := and(as, object{"account": m.Account, "version": 3, "document_number": squatter.form["document_number"]})
	for path, good := range map[string]object{"/v1/counter/corrections": and(m.ref("holder"), as), "/v1/counter/claims": claim} {
		w.sendInvalid("POST", path, window, good)
		w.call("POST", path, window, and(good, object{"document_type": "licence"}))
		w.call("POST", path, window, and(good, object{"account": "acc_" + strings.Repeat("0", 32)}))
	}
	w.by(staff.Window, "POST", "/v1/counter/searches", object{"document_type": "resident_id", "document_number": m.form["document_number"], "purpose": "correction"})
	w.by(staff.Window, "POST", "/v1/counter/looks", and(m.ref("holder"), object{"purpose": "correction"}))
	w.by(staff.Window, "POST", "/v1/counter/corrections", and(m.ref("holder"), as))
	w.by(staff.Window, "POST", "/v1/counter/corrections", and(m.ref("holder"), as))
	w.by(staff.Window, "POST", "/v1/counter/claims", claim)
	w.by(staff.Window, "POST", "/v1/counter/claims", claim)
	locked := w.join()
	locked.verifyAtCounter("holder")
	wrong := object{"kind": "phone_end", "value": "none"}
	for range throttle.DefaultRules.Document.Failures + 1 {
		w.by(staff.Window, "POST", "/v1/counter/corrections", and(as, and(locked.ref("holder"), object{"proof": wrong})))
		w.by(staff.Window, "POST", "/v1/counter/claims", and(claim, object{"account": locked.Account, "version": 2, "proof": wrong}))
	}
}

func callAsAuthority(w *system, k *registryFixture) {
	token, path := w.staffOf[staff.Authority], "/v1/authority/awaiting"
	for _, t := range []string{"", w.staff, token} {
		w.call("GET", path, t, nil)
	}
	w.call("GET", path+"?limit=1", token, nil)
	w.call("GET", path+"?after=%20", token, nil)
	unknown := object{"account": "acc_" + strings.Repeat("0", 32)}
	for _, path := range []string{"/v1/authority/looks", "/v1/authority/results"} {
		good := k.member.ref(k.waiting)
		if path == "/v1/authority/results" {
			good = and(good, object{"version": 2, "matches": true})
		}
		w.sendInvalid("POST", path, token, good)
		w.call("POST", path, token, good)
		w.call("POST", path, token, and(good, unknown))
		w.call("POST", path, token, and(good, object{"passenger": "holder"}))
	}
}
