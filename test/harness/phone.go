package harness

import (
	"net/http"
	"time"

	"github.com/railgate/railgate/test/runtest"
)

// Phone is the account's phone, as it was registered.
func (a *Account) Phone() string {
	a.h.T.Helper()
	phone, ok := a.Profile()["phone"].(string)
	if !ok {
		a.h.T.Fatal("the account has no phone")
	}
	return phone
}

// CodeTo is the last code that was sent to a mainland phone; empty: none was.
func (h *Harness) CodeTo(phone string) string {
	code, _ := h.Phones.Code("+86" + phone)
	return code
}

// SendCode has a code sent to a phone and returns it.
func (a *Account) SendCode(phone string) string {
	a.h.T.Helper()
	a.Call("POST", "/v1/account/phone/codes", Object{"phone": phone}).OK(a.h.T)
	return a.h.CodeTo(phone)
}

// VerifyPhone verifies the account's phone by a code.
func (a *Account) VerifyPhone() {
	a.h.T.Helper()
	phone := a.Phone()
	a.Call("POST", "/v1/account/phone/verifications", Object{"phone": phone, "code": a.SendCode(phone), "password": Password}).OK(a.h.T)
}

// StartRecovery begins the way back from a forgotten password, and waits for the code: it
// is sent after the answer.
func (h *Harness) StartRecovery(login, phone string) (recovery, code string) {
	h.T.Helper()
	before := h.CodeTo(phone)
	recovery = h.TryRecovery(login, phone)
	runtest.Eventually(h.T, patience, "the code to be sent", func() bool {
		code = h.CodeTo(phone)
		return code != before
	})
	return recovery, code
}

// TryRecovery begins one, whatever is sent.
func (h *Harness) TryRecovery(login, phone string) (recovery string) {
	h.T.Helper()
	out := As[struct {
		Recovery  string
		ExpiresAt int64 `json:"expires_at"`
	}](h.T, h.Call("POST", "/v1/recoveries", "", Object{"login_name": login, "phone": phone}), http.StatusAccepted)
	if want := h.Clock.Now().Add(5 * time.Minute).Unix(); out.ExpiresAt != want {
		h.T.Errorf("the recovery is over at %d, want %d", out.ExpiresAt, want)
	}
	return out.Recovery
}
