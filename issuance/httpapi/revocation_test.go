package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
)

// Staff revoke and lift; a repetition gets the first answer and wakes nobody.
func TestRevocation(t *testing.T) {
	w := newWorld(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
	drain(w.woken)
	type accepted struct {
		Serial string `json:"serial"`
		At     int64  `json:"accepted_at_ms"`
	}
	revoke := func() accepted {
		return as[accepted](t, w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "lost_phone"}), http.StatusAccepted)
	}
	first := revoke()
	if first.Serial != h.Serial || first.At != w.clock.Now().UnixMilli() {
		t.Fatalf("accepted %+v", first)
	}
	if drain(w.woken) != 1 {
		t.Fatal("the publisher was not woken once")
	}
	w.clock.Move(time.Second)
	if again := revoke(); again != first || drain(w.woken) != 0 {
		t.Fatalf("again %+v", again)
	}
	if st := as[holder](t, w.call("GET", h.path(""), h.Token, nil), http.StatusOK); st.Status != "revoked" {
		t.Fatalf("status %q", st.Status)
	}
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.CredentialRevoked)
	refused(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusConflict, credential.CredentialRevoked)

	lifted := as[accepted](t, w.call("POST", "/v1/credentials/"+h.Serial+"/unrevoke", w.staff, object{}), http.StatusAccepted)
	if lifted.At != w.clock.Now().UnixMilli() || drain(w.woken) != 1 {
		t.Fatalf("lifted %+v", lifted)
	}
	if a := w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil); a.Status != http.StatusOK {
		t.Fatalf("after lifting: %d", a.Status)
	}
	for _, serial := range []string{"20494-999", "1-1", "x", "020494-0", strings.Split(h.Serial, "-")[0] + "-2147483648"} {
		refused(t, w.call("POST", "/v1/credentials/"+serial+"/revoke", w.staff, object{"reason": "staff"}), http.StatusNotFound, credential.CredentialNotFound)
	}
	refused(t, w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "whim"}), http.StatusUnprocessableEntity, credential.ReasonInvalid)
}

func drain(c chan struct{}) (n int) {
	for {
		select {
		case <-c:
			n++
		default:
			return n
		}
	}
}
