package articles_test

import (
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/test/harness"
)

// The QR code changes every 60 seconds by itself.
func TestT13_TheCodeChangesEverySixtySeconds(t *testing.T) {
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

// After 30 minutes the face must be checked again, and not before. The gate grants
// the 30th code the minute that it grants every code.
func TestT14_AfterThirtyMinutesTheFaceIsCheckedAgain(t *testing.T) {
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

// A code shows and the gate stays shut: it was not renewed. The gate says to press
// refresh, and the code of now opens it.
func TestT31_AStaleCodeIsRefusedWithTheHintToRefresh(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		stale := p.Code()
		h.Clock.Move(5 * time.Minute)
		h.Gate.Scan(stale, "entry").Denied(t, "code_stale").Text.Has(t, "刷新", "refresh")
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// The prompt after 30 minutes tells to have the face checked again, on the phone and at
// the gate.
func TestT15_ThePromptTellsToCheckTheFaceAgain(t *testing.T) {
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

// Within the 24 hours, viewing and new face checks never use an application.
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
		// The other two of the month are still there.
		for range 2 {
			h.Clock.Move(24 * time.Hour)
			h.Approved(who)
		}
		h.Clock.Move(24 * time.Hour)
		h.Apply(who).TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded)
	})
}

// A credential that lapsed on the journey: the gate says to apply again, or to use the
// staffed channel; a new application opens the exit.
func TestT30_LapsedOnTheJourney(t *testing.T) {
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
