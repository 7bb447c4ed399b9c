package articles_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness"
	"github.com/railgate/railgate/test/harness/runtest"
)

// People without a login, registered or not, enter their identity and pass the face check for every
// application and every viewing.
func TestT21_IdentityAndCheckAreNeededEachTimeWithoutALogin(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		registered := h.Register(h.Person())
		registered.LogOut()
		for name, who := range map[string]harness.Person{"unregistered": h.Person(), "registered and logged out": registered.Person} {
			for _, field := range []string{"name", "document_type", "document_number"} {
				form := who.Application()
				delete(form, field)
				if a := h.Call("POST", "/v1/applications", "", form); a.Status != http.StatusUnprocessableEntity {
					t.Errorf("%s: an application without %s: %d", name, field, a.Status)
				}
				view := harness.With(who.Identity(), harness.Object{"evidence": harness.FacePasses, "policy": harness.Policy})
				delete(view, field)
				if a := h.Call("POST", "/v1/viewings", "", view); a.Status != http.StatusUnprocessableEntity {
					t.Errorf("%s: a viewing without %s: %d", name, field, a.Status)
				}
			}
			// Before the check nothing is approved or shown.
			p := h.Apply(who)
			p.Call("POST", "/sessions", harness.Object{"check": "chk_00000000000000000000000000000000", "mode": "hosted"}).Refused(t, credential.NotApproved)
			p.TryCheck(harness.FaceFails).Refused(t, credential.CheckFailed)
			p.Show(p.Check())
			h.Gate.Scan(p.Code(), "entry").Allowed(t)
			p.Leave().OK(t)
			// Neither the identity alone nor the check alone is enough.
			h.TryView(who, harness.FaceFails).Refused(t, credential.CheckFailed)
			h.Call("POST", "/v1/viewings", "", harness.Object{"evidence": harness.FacePasses, "policy": harness.Policy}).Refused(t, credential.DocumentTypeNotSupported)
			back, check := h.View(who)
			back.Show(check)
			h.Gate.Scan(back.Code(), "entry").Allowed(t)
			back.Leave().OK(t)
			h.Call("GET", "/v1/applications/"+back.Application, back.Token, nil).Refused(t, credential.Unauthorized)
		}
		registered.Call("POST", "/v1/applications", registered.Person.Application()).Refused(t, account.LoginRequired)
	})
}

// The public policy states purpose, manner and scope. People agree to its current version, with and
// without an account.
func TestG34_PeopleAgreeToThePublishedPolicy(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		policy := harness.As[struct {
			Version string
			Text    harness.Bilingual
		}](t, h.Call("GET", "/v1/privacy-policy", "", nil), http.StatusOK)
		policy.Text.Has(t, "Stored data, purpose and retention", "What you can do", "保存哪些信息、用途及期限", "您可以")

		who := h.Person()
		for _, version := range []any{nil, "", "2025-01"} {
			form := harness.With(who.Application(), harness.Object{"policy": version})
			if version == nil {
				delete(form, "policy")
			}
			p := h.Call("POST", "/v1/applications", "", form).Refused(t, account.ConsentRequired)
			if !strings.Contains(p.Detail, "/v1/privacy-policy") || p.NextStep.Zh == "" {
				t.Errorf("the problem does not name the policy: %+v", p)
			}
		}
		p, _ := h.Approved(who)
		view := harness.With(who.Identity(), harness.Object{"evidence": harness.FacePasses})
		h.Call("POST", "/v1/viewings", "", view).Refused(t, account.ConsentRequired)
		registration := h.Registration(h.Person())
		registration["policy"] = "2025-01"
		h.Call("POST", "/v1/accounts", "", registration).Refused(t, account.ConsentRequired)

		// The consent is stored with the application, exported, and erased with it.
		type personalData struct {
			Consent struct {
				Policy string
				At     int64
			}
		}
		if got := harness.As[personalData](t, p.Call("GET", "/data", nil), http.StatusOK).Consent; got.Policy != policy.Version || got.At != p.SubmittedAt {
			t.Errorf("consent %+v, want %s at %d", got, policy.Version, p.SubmittedAt)
		}
		// An account agreed at registration and need not agree again.
		a := h.Register(h.Person())
		form := a.Person.Application()
		delete(form, "policy")
		a.Call("POST", "/v1/applications", form).OK(t)

		h.Clock.Move(31*24*time.Hour + time.Second)
		if h.Erase() == 0 {
			t.Fatal("nothing was erased")
		}
		runtest.HasNot(t, rowsOf(t, h, "applications"), policy.Version)
	})
}

// Only the owner reads personal data, and a counter reads only the data of a person who comes there.
func TestG31_OnlyTheOwnerReadsPersonalData(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		p := a.Apply()
		p.Check()
		stranger, other := h.Apply(h.Person()), h.Register(h.Person())
		for _, token := range []string{"", stranger.Token, other.Token, h.Window().Secret, h.Police().Secret, h.Operator().Secret, h.Ticketing.Secret} {
			h.Call("GET", "/v1/applications/"+p.Application+"/data", token, nil).Refused(t, credential.Unauthorized)
		}
		for _, token := range []string{"", stranger.Token, h.Window().Secret, h.Operator().Secret} {
			h.Call("GET", "/v1/account/data", token, nil).Refused(t, account.LoginRequired)
		}
		// The gate gets no name and no number.
		p = h.Showing(h.Person())
		v := h.Gate.Scan(p.Code(), "entry")
		runtest.HasNot(t, fmt.Sprintf("%+v", v), p.Person.Name, p.Person.DocumentNumber)
		logs := h.Logs.String()
		for _, who := range []harness.Person{a.Person, p.Person, other.Person} {
			runtest.HasNot(t, logs, who.DocumentNumber, who.Name)
		}
	})
}

// People have the right to see, correct and erase their personal data.
func TestG32_PeopleSeeCorrectAndEraseTheirData(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		data := a.Call("GET", "/v1/account/data", nil)
		if text := string(data.Body); data.Status != http.StatusOK || !strings.Contains(text, a.Person.DocumentNumber) || !strings.Contains(text, a.Phone()) || !strings.Contains(text, `"consents"`) {
			t.Fatalf("%d %s", data.Status, text)
		}
		right := h.Person()
		a.EditIdentity(right).OK(t)
		if p := a.Profile(); p["document_number"] != right.DocumentNumber {
			t.Errorf("the profile has %v", p["document_number"])
		}
		a.Call("POST", "/v1/account/close", harness.Object{"password": harness.Password}).OK(t)
		a.Call("GET", "/v1/account", nil).Refused(t, account.LoginRequired)
		for _, table := range []string{"accounts", "logins", "consents", "holders", "passengers", "phone_codes"} {
			if rows := rowsOf(t, h, table); rows != "" {
				t.Errorf("%s still contains %s", table, rows)
			}
		}
	})
}

// The database alone reveals no personal data, and answers are not cached.
func TestG33_DataAreStoredEncrypted(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		phone := a.Phone()
		a.VerifyPhone()
		friend := h.Person()
		a.Add(friend)
		p := a.Apply()
		p.Check()
		h.Clock.Move(time.Minute)
		code := a.SendCode(phone)
		for _, table := range []string{"accounts", "applications", "holders", "passengers", "sessions", "checks", "identities", "failures", "phone_codes", "audit", "logins"} {
			rows := rowsOf(t, h, table)
			for what, mark := range map[string]string{"name": a.Person.Name, "number": a.Person.DocumentNumber, "a passenger's number": friend.DocumentNumber,
				"login name": a.LoginName, "password": harness.Password, "phone": phone, "city": "北京", "login token": a.Token, "code": code} {
				if strings.Contains(rows, mark) {
					t.Errorf("%s contains the %s in clear", table, what)
				}
			}
		}
		if answer := a.Call("GET", "/v1/account", nil); answer.Header.Get("Cache-Control") != "no-store" {
			t.Error("the profile may be cached")
		}
	})
}

// Customer service is named when an identity is not confirmed.
func TestG38_CustomerServiceIsNamed(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		contact := harness.As[struct{ Text harness.Bilingual }](t, h.Call("GET", "/v1/contact", "", nil), http.StatusOK).Text
		if !strings.Contains(contact.Zh, "12306") || contact.En == "" {
			t.Fatalf("%+v", contact)
		}
		p := h.Apply(h.Person().Named(provider.SandboxNotMatched))
		if refusal := p.TryCheck(harness.FacePasses).Refused(t, credential.IdentityNotConfirmed); refusal.Contact != contact {
			t.Errorf("the problem of an unconfirmed application names %+v", refusal.Contact)
		}
		a := h.Register(h.Person())
		a.Fail("holder")
		shown := harness.As[struct {
			Status  string
			Contact harness.Bilingual
		}](t, a.Call("GET", "/v1/account", nil), http.StatusOK)
		if shown.Status != "failed" || shown.Contact != contact {
			t.Errorf("a failed account is shown %+v", shown)
		}
	})
}

// 人证核验: a face check and the resident registry verify the account online.
func TestG39_FaceEntryVerifiesTheAccount(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		verify := func(a *harness.Account, evidence string) harness.Answer {
			return a.Call("POST", "/v1/account/verification", harness.Object{"evidence": evidence})
		}
		pending, failed := h.Register(h.Person()), h.Register(h.Person())
		failed.Fail("holder")
		for _, a := range []*harness.Account{pending, failed} {
			verify(a, harness.FacePasses).Refused(t, account.PhoneUnverified)
			a.VerifyPhone()
			verify(a, harness.FaceFails).Refused(t, credential.CheckFailed)
			verify(a, harness.FacePasses).OK(t)
			a.HasStatus("holder", "verified")
			a.Add(h.Person()) // not allowed for pending and failed accounts
			verify(a, harness.FacePasses).Refused(t, rules.TransitionRefused)
		}
		// No application was used up: all three of the month remain.
		for range 3 {
			p := pending.Apply()
			p.Check()
			h.Clock.Move(22 * time.Hour)
			pending = pending.LogIn()
		}
		// Names and documents for windows only, and numbers that the registry does not confirm.
		for _, c := range []struct {
			who  harness.Person
			code problem.Code
		}{
			{h.Person().Named("測試"), rules.StationWindowOnly}, {h.Visitor(), rules.StationWindowOnly},
			{h.Person().Named(provider.SandboxNotMatched), credential.IdentityNotConfirmed}, {h.Person().Named(provider.SandboxCancelled), credential.DocumentCancelled},
		} {
			a := h.Register(c.who)
			a.VerifyPhone()
			before := a.Entry("holder").Status
			verify(a, harness.FacePasses).Refused(t, c.code)
			a.HasStatus("holder", before)
		}
	})
}

// 手机核验: phone number and code. A code is valid once, for five minutes, and until five wrong
// entries. The verification ends when the phone changes.
func TestG40_PhoneNumberAndCode(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		phone := a.Phone()
		enter := func(code string) harness.Answer {
			return a.Call("POST", "/v1/account/phone/verifications", harness.Object{"phone": phone, "code": code, "password": harness.Password})
		}
		late := a.SendCode(phone)
		h.Clock.Move(5 * time.Minute)
		enter(late).Refused(t, account.CodeWrong)
		code := a.SendCode(phone)
		enter(differentCode(code)).Refused(t, account.CodeWrong)
		enter(code).OK(t)
		if p := a.Profile(); p["phone_verified_at"] != float64(h.Clock.Now().Unix()) {
			t.Errorf("the phone is verified since %v", p["phone_verified_at"])
		}
		enter(code).Refused(t, account.CodeWrong)

		a.Call("POST", "/v1/account/phone/codes", harness.Object{"phone": phone}).Refused(t, throttle.TooManyCodes)
		h.Clock.Move(time.Minute)
		code = a.SendCode(phone)
		for range 5 {
			enter(differentCode(code)).Refused(t, account.CodeWrong)
		}
		enter(code).Refused(t, account.CodeWrong)

		p := a.Profile()
		a.Call("PUT", "/v1/account", harness.With(a.Person.Identity(), harness.Object{"version": p["version"], "phone": "13900000001"})).OK(t)
		if p := a.Profile(); p["phone_verified_at"] != nil {
			t.Error("another phone is verified without a code")
		}
	})
}

// A forgotten password is reset by the verified phone. All logins end, and a code is shown again only
// after a face check. No answer reveals whether an account exists.
func TestT23_PasswordResetEndsTheCode(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		a.VerifyPhone()
		phone := a.Phone()
		p := a.ApplyShowing()
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		h.Clock.Move(time.Minute)

		finish := func(recovery, code string) harness.Answer {
			return h.Call("POST", "/v1/recoveries/password", "", harness.Object{"recovery": recovery, "code": code, "new_password": "battery staple 绿色"})
		}
		unknown := h.TryRecovery("no_such_account", "13700000001")
		finish(unknown, "123456").Refused(t, account.RecoveryFailed)
		if h.CodeTo("13700000001") != "" {
			t.Error("a code was sent for an account that does not exist")
		}
		recovery, code := h.StartRecovery(a.LoginName, phone)
		finish(recovery, differentCode(code)).Refused(t, account.RecoveryFailed)
		done := harness.As[struct {
			LoginsEnded int `json:"logins_ended"`
			Notice      harness.Bilingual
		}](t, finish(recovery, code), http.StatusOK)
		if done.LoginsEnded != 1 || !strings.Contains(done.Notice.Zh, "实人核验") {
			t.Errorf("%+v", done)
		}
		finish(recovery, code).Refused(t, account.RecoveryFailed)
		a.Call("GET", "/v1/account", nil).Refused(t, account.LoginRequired)
		h.Gate.Scan(p.Code(), "entry").Denied(t, "session_closed")
		h.Call("POST", "/v1/logins", "", harness.Object{"login_name": a.LoginName, "password": harness.Password}).Refused(t, account.LoginFailed)
		in := harness.As[struct{ Token string }](t, h.Call("POST", "/v1/logins", "", harness.Object{"login_name": a.LoginName, "password": "battery staple 绿色"}), http.StatusCreated)
		p.Token = in.Token
		p.Show(p.Check())
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// differentCode returns a code other than code.
func differentCode(code string) string {
	return code[:5] + string('0'+(code[5]-'0'+1)%10)
}

// rowsOf is the content of a table as text.
func rowsOf(t *testing.T, h *harness.Harness, table string) string {
	t.Helper()
	rows, err := h.Outbox.Database().Writer().Query(`SELECT * FROM ` + table)
	runtest.Must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	runtest.Must(t, err)
	var out strings.Builder
	for rows.Next() {
		cells := make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		runtest.Must(t, rows.Scan(into...))
		for i, cell := range cells {
			fmt.Fprintf(&out, "%s=%s ", columns[i], cell)
		}
		out.WriteByte('\n')
	}
	runtest.Must(t, rows.Err())
	return out.String()
}
