package articles_test

import (
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance"
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
		p.TryCode().Refused(t, issuance.SessionOver)
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
		v := h.Gate.Scan(stale, "entry")
		v.Denied(t, "code_stale")
		if !strings.Contains(v.Text.Zh, "刷新") || !strings.Contains(v.Text.En, "refresh") {
			t.Errorf("the gate says %+v", v.Text)
		}
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}
