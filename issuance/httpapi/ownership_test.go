package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/credential"
)

// Nobody gets at an application with anything but its own token, and the answer
// does not tell whether the application exists.
func TestForeignTokensLookLikeNone(t *testing.T) {
	w := newWorld(t, setup{})
	mine, other := w.apply(), w.apply()
	check := mine.pass()
	s := mine.host(mine.pass())
	wrong := map[string]string{
		"none": "", "another application's": other.Token, "staff": w.staff, "unknown": "rga_" + strings.Repeat("0", 64),
		"capitals": strings.ToUpper(mine.Token), "cut short": mine.Token[:len(mine.Token)-1], "garbage": "x",
	}
	paths := []struct {
		method, path string
		body         any
	}{
		{"GET", mine.path(""), nil},
		{"POST", mine.path("/checks"), object{"evidence": "sandbox:pass"}},
		{"POST", mine.path("/sessions"), object{"check": check, "mode": "hosted"}},
		{"GET", "/v1/applications/app_" + strings.Repeat("0", 32), nil},
		{"GET", "/v1/applications/x", nil},
	}
	var first []byte
	for why, token := range wrong {
		for _, p := range paths {
			a := w.call(p.method, p.path, token, p.body)
			refused(t, a, http.StatusUnauthorized, credential.Unauthorized)
			if first == nil {
				first = a.Body
			}
			if string(a.Body) != string(first) {
				t.Fatalf("%s at %s %s is told something else: %s", why, p.method, p.path, a.Body)
			}
		}
	}
	// A session of another application is answered like one that never was.
	never := w.call("GET", "/v1/sessions/ses_"+strings.Repeat("0", 32)+"/code", other.Token, nil)
	foreign := w.call("GET", "/v1/sessions/"+s.Session+"/code", other.Token, nil)
	refused(t, foreign, http.StatusNotFound, credential.SessionNotFound)
	if string(never.Body) != string(foreign.Body) {
		t.Fatalf("%s is not %s", foreign.Body, never.Body)
	}
	// Passengers are no staff.
	for _, token := range []string{"", mine.Token, "rgs_" + strings.Repeat("0", 64), w.staff + "0"} {
		refused(t, w.call("POST", "/v1/credentials/"+mine.Serial+"/revoke", token, object{"reason": "staff"}), http.StatusUnauthorized, "staff_unauthorized")
		refused(t, w.call("POST", "/v1/credentials/"+mine.Serial+"/unrevoke", token, object{}), http.StatusUnauthorized, "staff_unauthorized")
	}
	if st := as[holder](t, w.call("GET", mine.path(""), mine.Token, nil), http.StatusOK); st.Status != "approved" {
		t.Fatalf("someone changed it to %q", st.Status)
	}
}
