package httpapi_test

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens/signing"
)

// Operators see the issuer keys with their states and the keys of gateways, and no secret.
func TestOperatorsListKeys(t *testing.T) {
	w := newSystem(t, setup{})
	store, err := keyring.NewStore(keyring.Config{Outbox: w.outbox, Sessions: credential.Sessions{}, AuditLog: w.auditLog})
	runtest.Must(t, err)
	by := audit.Entry{AtMs: w.clock.Now().UnixMilli(), Who: "night-shift", Role: staff.Operator}
	own := keyring.Public{ID: w.keys.IssuerID, Key: w.keys.Issuer.Public()}
	other := keyring.Public{ID: w.keys.IssuerID + 1, Key: signing.NewKey([signing.SeedSize]byte{7}).Public()}
	for _, k := range []keyring.Public{own, other} {
		_, err = store.Announce(t.Context(), k, by)
		runtest.Must(t, err)
	}
	gateway := signing.NewKey([signing.SeedSize]byte{8}).Public()
	_, err = store.AnnounceGateway(t.Context(), 7, gateway, by)
	runtest.Must(t, err)
	_, _, err = store.WithdrawGateway(t.Context(), 7, 1770000000, by)
	runtest.Must(t, err)

	before := w.tableHashes()
	a := w.call("GET", "/v1/keys", w.staffOf[staff.Operator], nil)
	w.wantUnchanged("a list of the keys", before)
	got := as[struct {
		IssuerKeys []struct {
			Key       int
			PublicKey string `json:"public_key"`
			State     string
			Here      bool
		} `json:"issuer_keys"`
		GatewayKeys []struct {
			Gateway   int
			PublicKey string `json:"public_key"`
			Cutoff    int64
		} `json:"gateway_keys"`
	}](t, a, http.StatusOK)
	if len(got.IssuerKeys) != 2 || len(got.GatewayKeys) != 1 {
		t.Fatalf("the keys: %s", a.Body)
	}
	for i, k := range got.IssuerKeys {
		want := []keyring.Public{own, other}[i]
		if k.Key != int(want.ID) || k.PublicKey != hex.EncodeToString(want.Key[:]) || k.State != "announced" || k.Here != (i == 0) {
			t.Errorf("key %d: %+v", want.ID, k)
		}
	}
	if g := got.GatewayKeys[0]; g.Gateway != 7 || g.PublicKey != hex.EncodeToString(gateway[:]) || g.Cutoff != 1770000000 {
		t.Errorf("the gateway: %+v", g)
	}
}

// Operators see the records that wait and what is wrong, without a change.
func TestOperatorsReadStreams(t *testing.T) {
	trouble := ""
	w := newSystem(t, setup{trouble: func() string { return trouble }})
	h := w.apply()
	h.passCheck()
	w.publish()
	type state struct {
		Ready     bool
		WaitingOn []string `json:"waiting_on"`
		Streams   []struct {
			Stream     string
			Waiting    int64
			Oldest     int64 `json:"oldest_ms"`
			Partitions []struct{ Waiting, Last int64 }
		}
	}
	read := func() state {
		t.Helper()
		before := w.tableHashes()
		a := w.call("GET", "/v1/streams", w.staffOf[staff.Operator], nil)
		w.wantUnchanged("a read of the streams", before)
		s := as[state](t, a, http.StatusOK)
		if len(s.Streams) != 1 || s.Streams[0].Stream != "control" || len(s.Streams[0].Partitions) != 4 {
			t.Fatalf("the streams: %s", a.Body)
		}
		return s
	}
	if s := read(); s.Streams[0].Waiting != 0 || s.Streams[0].Oldest != 0 || len(s.WaitingOn) != 0 && s.Ready {
		t.Fatalf("nothing waits, and the state is %+v", s)
	}
	w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "fraud"})
	trouble = "publishing to the control topic has failed since noon"
	s := read()
	if s.Streams[0].Waiting != 1 || s.Streams[0].Oldest != w.clock.Now().UnixMilli() || !slices.Contains(s.WaitingOn, trouble) {
		t.Fatalf("a revocation waits, and the state is %+v", s)
	}
	w.publish()
	if s := read(); s.Streams[0].Waiting != 0 || !slices.ContainsFunc(s.Streams[0].Partitions, func(p struct{ Waiting, Last int64 }) bool { return p.Last > 0 }) {
		t.Fatalf("after publication the state is %+v", s)
	}
}

type chainPage struct {
	Head    struct{ Position int64 }
	Entries []struct {
		Position     int64
		Action       staff.Action
		Hash, Digest string
	}
	Broken *struct {
		Position int64
		Because  string
	}
	Unchained int64
}

// Operators verify the chain in parts. Each part is recorded, and a changed entry is named.
func TestOperatorsVerifyTheAuditLog(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.passCheck()
	path := "/v1/credentials/" + h.Serial
	for range 2 {
		w.call("POST", path+"/revoke", w.staff, object{"reason": "fraud"})
		w.call("POST", path+"/unrevoke", w.staff, object{})
	}
	chain := func() {
		t.Helper()
		_, err := w.auditLog.Chain(t.Context())
		runtest.Must(t, err)
	}
	chain()
	verify := func(query string) (chainPage, string) {
		t.Helper()
		a := w.call("GET", "/v1/audit-log/chain"+query, w.staffOf[staff.Operator], nil)
		return as[chainPage](t, a, http.StatusOK), string(a.Body)
	}
	p, body := verify("?limit=3")
	if len(p.Entries) != 3 || p.Broken != nil || p.Head.Position != 4 || p.Unchained != 0 || strings.Contains(body, "proof") {
		t.Fatalf("the first part: %s", body)
	}
	if p, body = verify("?after=3&limit=3"); len(p.Entries) != 1 || p.Entries[0].Position != 4 || p.Broken != nil || p.Unchained != 1 {
		t.Fatalf("the last part: %s", body)
	}
	chain()
	if p, body = verify("?after=4"); len(p.Entries) != 2 || p.Entries[0].Action != staff.VerifyAuditLog || p.Broken != nil {
		t.Fatalf("the entries of the verification: %s", body)
	}
	w.execSQL(`DROP TRIGGER audit_update`)
	w.execSQL(`UPDATE audit SET who = 'window-99' WHERE position = 2`)
	if p, body = verify(""); len(p.Entries) != 1 || p.Broken == nil || p.Broken.Position != 2 || strings.Contains(body, "window-99") {
		t.Fatalf("a changed entry: %s", body)
	}
}
