package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/railgate/railgate/issuance/account"
)

// A hundred cheap requests, names that are taken, hold back nothing else of the
// network that they came from: neither face checks nor logins.
func TestTakenNamesLockNobodyOut(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	h := w.apply()
	for range 100 {
		if a := w.call("POST", "/v1/accounts", "", m.form); a.Status != http.StatusTooManyRequests {
			refused(t, a, http.StatusConflict, account.LoginTaken)
		}
	}
	h.pass()
	as[object](t, w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": testPassword}), http.StatusCreated)
}
