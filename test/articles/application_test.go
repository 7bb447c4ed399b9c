package articles_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/harness"
)

const zeros = "00000000000000000000000000000000" // an unused id

// useMonthlyQuota uses up a month: each application is renewed three hours before its end.
func useMonthlyQuota(h *harness.Harness, who harness.Person) {
	h.T.Helper()
	for range 3 {
		h.Approved(who)
		h.Clock.Move(21 * time.Hour)
	}
}

// The fourth application of a calendar month is refused, even from another phone or with an account.
func TestT01_ThreeApplicationsPerPersonAndMonth(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		useMonthlyQuota(h, who)
		a := h.Register(who)
		a.Apply().TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded)
		h.Apply(who).TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded)
		h.Approved(h.Person()) // another person has three of their own
	})
}

// The limit is exact to the second.
func TestT22_CredentialIsValidFor24Hours(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p, _ := h.Approved(h.Person())
		h.Clock.Move(24*time.Hour - time.Minute)
		p.Show(p.Check())
		h.Clock.Move(time.Minute - time.Second)
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		h.Clock.Move(time.Second)
		h.Gate.Scan(p.Code(), "entry").Denied(t, "credential_expired")
		p.TryCheck(harness.FacePasses).Refused(t, credential.CredentialExpired)
	})
}

// An application is approved only after a successful face check.
func TestT11_ApplyingNeedsTheFaceCheck(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Apply(h.Person())
		session := harness.Object{"check": "chk_" + zeros, "mode": "hosted"}
		p.Call("POST", "/sessions", session).Refused(t, credential.NotApproved)
		p.TryCheck(harness.FaceFails).Refused(t, credential.CheckFailed)
		p.Call("POST", "/sessions", session).Refused(t, credential.NotApproved)
		if s := p.Now(); s.Status != "submitted" || s.Serial != "" {
			t.Errorf("after a failed check: %+v", s)
		}
		p.Show(p.Check())
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// The applicant sees approval, refusal with its reason, or a pending review.
func TestT12_ResultIsShownAfterTheCheck(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		p, _ := h.Approved(who)
		now := h.Clock.Now().Unix()
		if s := p.Now(); s.Status != "approved" || s.Serial == "" || s.ApprovedAt != now || s.ExpiresAt != now+24*3600 {
			t.Errorf("approved: %+v", s)
		}
		again := h.Apply(who)
		again.TryCheck(harness.FacePasses).Refused(t, credential.RenewalTooEarly)
		if s := again.Now(); s.Status != "refused" || s.RefusedFor != string(credential.RenewalTooEarly) {
			t.Errorf("refused: %+v", s)
		}
		silent := h.Apply(h.Person().Named(provider.SandboxFault))
		if a := silent.TryCheck(harness.FacePasses); a.Status != http.StatusAccepted {
			t.Errorf("without an answer of the resident registry: %d %s", a.Status, a.Body)
		}
		if s := silent.Now(); s.Status != "checked" {
			t.Errorf("under review: %+v", s)
		}
	})
}

// The new credential replaces the old one.
func TestT26_RenewalFromThreeHoursBeforeTheEnd(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		old, _ := h.Approved(who)
		h.Clock.Move(21 * time.Hour)
		old.Show(old.Check())
		h.Gate.Scan(old.Code(), "entry").Allowed(t)
		p := h.Showing(who)
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		h.Gate.Scan(old.Code(), "entry").Denied(t, "revoked")
		if p.ExpiresAt != h.Clock.Now().Add(24*time.Hour).Unix() {
			t.Errorf("the new credential ends at %d", p.ExpiresAt)
		}
	})
}

// An earlier application is refused with the time of the next one, and does not count.
func TestT27_EarlierRenewalIsRefused(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		p, _ := h.Approved(who)
		h.Clock.Move(21*time.Hour - time.Second)
		problem := h.Apply(who).TryCheck(harness.FacePasses).Refused(t, credential.RenewalTooEarly)
		if from := h.Clock.Now().Add(time.Second).Unix(); problem.RetryAt != from || p.RenewableAt != from {
			t.Errorf("possible from %d, the answers say %d and %d", from, problem.RetryAt, p.RenewableAt)
		}
		h.Clock.Move(time.Second)
		h.Approved(who) // the second
		h.Clock.Move(21 * time.Hour)
		h.Approved(who) // the third: the refused one was not counted
	})
}

// A renewal before the end counts as one of the three applications.
func TestT28_RenewalCountsAsAnApplication(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		for range 3 {
			h.Approved(who)
			h.Clock.Move(22 * time.Hour)
		}
		h.Apply(who).TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded)
	})
}

func TestT38_MinorWithACardMayApply(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Born("20180601"))
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// A minor without a resident ID card is sent to the police window, whatever the document.
func TestT39_MinorWithoutACardMayNotApply(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		child := h.Born("20180601")
		for _, document := range []string{"passport", "household_register", "birth_certificate", ""} {
			child.DocumentType = document
			problem := h.Call("POST", "/v1/applications", "", child.Application()).Refused(t, credential.DocumentTypeNotSupported)
			if !strings.Contains(problem.NextStep.Zh, policeWindow) {
				t.Errorf("%s: the next step is %+v", document, problem.NextStep)
			}
		}
	})
}

func TestT41_LostCardOrCardAtHomeMayApply(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, name := range []string{"测试甲", provider.SandboxLost} {
			p := h.Showing(h.Person().Named(name))
			h.Gate.Scan(p.Code(), "entry").Allowed(t)
		}
	})
}

// The applications of February remain used up until its last second in Beijing.
func TestT42_CalendarMonthIsInBeijingTime(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		useMonthlyQuota(h, who)
		h.Clock.Set(time.Date(2026, 2, 28, 23, 59, 59, 0, harness.Beijing))
		problem := h.Apply(who).TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded)
		if march := time.Date(2026, 3, 1, 0, 0, 0, 0, harness.Beijing).Unix(); problem.RetryAt != march {
			t.Errorf("the next application is possible from %d, want %d", problem.RetryAt, march)
		}
		h.Clock.Move(time.Second)
		h.Approved(who)
	})
}
