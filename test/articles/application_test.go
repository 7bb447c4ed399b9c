package articles_test

import (
	"testing"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/harness"
)

// three uses up a month: each application is renewed three hours before its end.
func three(h *harness.Harness, who harness.Person) {
	h.T.Helper()
	for range 3 {
		h.Approved(who)
		h.Clock.Move(21 * time.Hour)
	}
}

// A person may apply three times in a calendar month, however they apply: the fourth
// is refused although another phone, and an account, hand it in.
func TestT01_ThreeApplicationsAMonthForEachPerson(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		three(h, who)
		a := h.Register(who)
		a.Apply().TryCheck(harness.FacePasses).Refused(t, issuance.QuotaExceeded)
		h.Apply(who).TryCheck(harness.FacePasses).Refused(t, issuance.QuotaExceeded)
		h.Approved(h.Person()) // another person has three of their own
	})
}

// A credential is good for 24 hours from the approval, to the second.
func TestT22_ACredentialIsGoodFor24Hours(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p, _ := h.Approved(h.Person())
		h.Clock.Move(24*time.Hour - time.Minute)
		p.Show(p.Check())
		h.Clock.Move(time.Minute - time.Second)
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		h.Clock.Move(time.Second)
		h.Gate.Scan(p.Code(), "entry").Denied(t, "credential_expired")
		p.TryCheck(harness.FacePasses).Refused(t, issuance.CredentialExpired)
	})
}
