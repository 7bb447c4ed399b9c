package httpapi_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
)

type awaitingPage struct {
	Entries []struct{ Account, Passenger string }
	Next    string
}

// The authority goes through all that waits, page by page, and nothing twice.
func TestAuthorityPagesThroughWhatWaits(t *testing.T) {
	w := newWorld(t, setup{})
	page := func(query string) awaitingPage {
		t.Helper()
		return as[awaitingPage](t, w.by(staff.Authority, "GET", "/v1/authority/awaiting"+query, nil), http.StatusOK)
	}
	if p := page(""); p.Entries == nil || len(p.Entries) != 0 || p.Next != "" {
		t.Fatalf("nothing waits: %+v", p)
	}
	k := w.openDesk()
	if p := page(""); len(p.Entries) != 1 || p.Entries[0].Account != k.member.Account || p.Entries[0].Passenger != k.waiting || p.Next != "" {
		t.Fatalf("one waits: %+v", p)
	}
	for range registry.MaxAwaiting {
		w.visits()
	}
	if _, err := w.store.Database().Writer().Exec(`UPDATE holders SET status = 4 WHERE status = 3`); err != nil {
		t.Fatal(err)
	}
	first := page("")
	second := page("?after=" + first.Next)
	if len(first.Entries) != registry.MaxAwaiting || len(second.Entries) != 1 || second.Next != "" {
		t.Fatalf("%d and %d wait, then %q", len(first.Entries), len(second.Entries), second.Next)
	}
	if slices.Contains(first.Entries, second.Entries[0]) {
		t.Error("one waits twice")
	}
	before := w.state()
	for _, query := range []string{
		"?after=", "?after", "?limit=1", "?after=" + first.Next + "&limit=1", "?after=" + first.Next + "&after=" + first.Next, "?After=" + first.Next, "?%zz", "?a=1;b=2",
		"?after=%20", "?after=%C2%B7", "?after=x%27--", "?after=" + first.Next + "%0A",
	} {
		refused(t, w.by(staff.Authority, "GET", "/v1/authority/awaiting"+query, nil), http.StatusBadRequest, "query_malformed")
	}
	for table, now := range w.state() {
		if now != before[table] {
			t.Errorf("%s changed", table)
		}
	}
}

// What the authority found is about what it looked at, and found once.
func TestAuthoritySettlesOnce(t *testing.T) {
	w := newWorld(t, setup{})
	k := w.openDesk()
	result := and(k.member.ref(k.waiting), object{"version": 2, "matches": false})
	forgotten := and(result, object{})
	delete(forgotten, "matches")
	refused(t, w.by(staff.Authority, "POST", "/v1/authority/results", forgotten), http.StatusBadRequest, "body_malformed")
	refused(t, w.by(staff.Authority, "POST", "/v1/authority/results", and(result, object{"version": 1})), http.StatusConflict, registry.EntryChanged)
	got := w.atOnce(6, func(int) answer { return w.by(staff.Authority, "POST", "/v1/authority/results", result) })
	if got[""] != 1 || got[registry.EntryChanged] != 5 {
		t.Fatalf("six results at once: %v", got)
	}
	for _, p := range k.member.passengers().Passengers {
		if p.Passenger == k.waiting && p.Status != "failed" {
			t.Fatalf("the passenger is %s", p.Status)
		}
	}
}
