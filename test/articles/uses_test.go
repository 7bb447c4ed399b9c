package articles_test

import (
	"net/http"
	"testing"

	"github.com/railgate/railgate/test/harness"
)

// A passenger with a multi-ride ticket passes: the gateway asks for no ticket, and its
// verdict names the pseudonym by which the ticketing system knows who may ride.
func TestT32_AMultiRideTicketPasses(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { ridesWithoutASingleTicket(t, h) })
}

// A passenger with a period ticket passes, in and out, as often as needed.
func TestT33_APeriodTicketPasses(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { ridesWithoutASingleTicket(t, h) })
}

// ridesWithoutASingleTicket has a passenger ride for whom no ticket was ever reported.
func ridesWithoutASingleTicket(t *testing.T, h *harness.Harness) {
	t.Helper()
	p := h.Showing(h.Person())
	subject := ""
	for _, scope := range []string{"entry", "onboard", "exit"} {
		v := h.Gate.Scan(p.Code(), scope)
		v.Allowed(t)
		if v.Subject == "" || subject != "" && v.Subject != subject {
			t.Errorf("%s: the pseudonym is %q after %q", scope, v.Subject, subject)
		}
		subject = v.Subject
	}
}

// Real-name verification, entry and exit: each device asks for its own use.
func TestT35_VerificationEntryAndExit(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		for _, scope := range []string{"verify", "entry", "exit"} {
			h.GateFor(scope).Scan(p.Code(), scope).Allowed(t)
		}
	})
}

// At a station without electronic tickets none of these: what a station's devices may
// ask for is their own credential's matter, and the gateway refuses the rest.
func TestT37_WithoutElectronicTicketsNoUse(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		station := h.GateFor("sale") // all that this station's device may ask for
		for _, scope := range []string{"refund", "change", "verify", "entry", "exit", "onboard"} {
			problem := harness.As[harness.Problem](t, station.TryScan(p.Code(), scope), http.StatusForbidden)
			if problem.Code != "scope_not_allowed" {
				t.Errorf("%s: %+v", scope, problem)
			}
		}
		station.Scan(p.Code(), "sale").Allowed(t)
	})
}
