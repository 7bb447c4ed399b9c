package articles_test

import (
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/test/harness"
)

func TestT13_CodeChangesEverySixtySeconds(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p, check := h.Approved(h.Person())
		p.Host(check)
		first := p.Code()
		h.Clock.Move(59 * time.Second)
		if p.Code() != first {
			t.Error("the code changed within its 60 seconds")
		}
		h.Clock.Move(time.Second)
		if p.Code() == first {
			t.Error("the code is the same after 60 seconds")
		}
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// A gate accepts the 30th code for the same extra minute as every code.
func TestT14_NewFaceCheckAfterThirtyMinutes(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p, check := h.Approved(h.Person())
		p.Host(check)
		h.Clock.Move(30*time.Minute - time.Second)
		last := p.Code()
		h.Gate.Scan(last, "entry").Allowed(t)
		h.Clock.Move(time.Second)
		p.TryCode().Refused(t, credential.SessionOver)
		h.Clock.Move(time.Minute)
		h.Gate.Scan(last, "entry").Denied(t, "session_over")
		p.Host(p.Check())
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// The current code opens the gate after the refresh.
func TestT31_StaleCodeIsRefusedWithTheHintToRefresh(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		stale := p.Code()
		h.Clock.Move(5 * time.Minute)
		h.Gate.Scan(stale, "entry").Denied(t, "code_stale").Text.Has(t, "刷新", "refresh")
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// The phone and the gate show the same prompt.
func TestT15_PromptAfterThirtyMinutesAsksForAFaceCheck(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p, check := h.Approved(h.Person())
		p.Host(check)
		last := p.Code()
		h.Clock.Move(30 * time.Minute)
		p.TryCode().Refused(t, credential.SessionOver).NextStep.Has(t, "重新进行实人核验", "face check")
		h.Clock.Move(time.Minute)
		h.Gate.Scan(last, "entry").Denied(t, "session_over").Text.Has(t, "重新进行实人核验", "face check")
	})
}

// New face checks within the 24 hours use no application either.
func TestT17_ViewingUsesNoApplication(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		p := h.Showing(who)
		for range 5 {
			p.Show(p.Check())
			p.Leave().OK(t)
			var check string
			p, check = h.View(who)
			p.Show(check)
			h.Gate.Scan(p.Code(), "entry").Allowed(t)
			h.Clock.Move(30 * time.Minute)
		}
		// The other two applications of the month remain.
		for range 2 {
			h.Clock.Move(24 * time.Hour)
			h.Approved(who)
		}
		h.Clock.Move(24 * time.Hour)
		h.Apply(who).TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded)
	})
}

// The gate says to apply again or to use the staffed channel. A new application opens the exit.
func TestT30_CredentialThatExpiredOnTheJourney(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		p, _ := h.Approved(who)
		h.Clock.Move(24*time.Hour - time.Minute)
		p.Show(p.Check())
		h.Clock.Move(time.Minute)
		h.Gate.Scan(p.Code(), "exit").Denied(t, "credential_expired").Text.Has(t, "重新申请", "人工通道", "staffed channel")
		h.Gate.Scan(h.Showing(who).Code(), "exit").Allowed(t)
	})
}
