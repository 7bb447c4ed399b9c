package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/problem"
)

// sendPhoneCode sends a code to a phone that the holder says is theirs (rule G40).
func (a *API) sendPhoneCode(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Phone    string `json:"phone"`
		Language filled `json:"language"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	expires, err := a.accounts.SendPhoneCode(r.Context(), h, in.Phone, string(in.Language), from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, struct {
		ExpiresAt int64 `json:"expires_at"`
	}{expires.Unix()})
}

// verifyPhone makes the phone the account's by the code that was sent to it.
func (a *API) verifyPhone(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Phone    string `json:"phone"`
		Code     string `json:"code"`
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	p, err := a.accounts.VerifyPhone(r.Context(), h, in.Phone, in.Code, in.Password, from)
	if err != nil {
		return err
	}
	return a.writeProfile(w, r, p, h)
}

// startRecovery begins the way back from a forgotten password. It answers alike whether or
// not there is such an account.
func (a *API) startRecovery(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		LoginName string `json:"login_name"`
		Phone     string `json:"phone"`
		Language  filled `json:"language"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	out, err := a.accounts.StartRecovery(r.Context(), in.LoginName, in.Phone, string(in.Language), from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, struct {
		Recovery  string `json:"recovery"`
		ExpiresAt int64  `json:"expires_at"`
	}{out.ID, out.Expires.Unix()})
}

// recovered is the notice to a person who has set a new password.
var recovered = bilingual{
	"Your password was changed. All logins of the account were ended, on every phone. A temporary ID stays good: log in and pass the face check to show it again.",
	"密码已重置，该账户在所有设备上的登录均已退出。电子临时乘车身份证明仍然有效：请重新登录并进行实人核验后再次出示。",
}

// finishRecovery sets a new password by the code of a recovery and ends all logins.
func (a *API) finishRecovery(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Recovery    string `json:"recovery"`
		Code        string `json:"code"`
		NewPassword string `json:"new_password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	ended, err := a.accounts.FinishRecovery(r.Context(), in.Recovery, in.Code, in.NewPassword, idOf(w), from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		LoginsEnded int       `json:"logins_ended"`
		Notice      bilingual `json:"notice"`
	}{ended, recovered})
}

// sandboxCode returns the last code that the sandbox was to send to a phone, to the client
// that plays the phone. It is on the admin listener only, and only with the sandbox.
func (a *API) sandboxCode(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Phone string `json:"phone"` // in the form of E.164
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	code, ok := a.codes.Code(in.Phone)
	if !ok {
		return &problem.Error{Code: NotFound}
	}
	return writeJSON(w, http.StatusOK, struct {
		Code string `json:"code"`
	}{code})
}
