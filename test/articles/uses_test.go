package articles_test

import (
	"net/http"
	"testing"

	"github.com/railgate/railgate/test/harness"
)

// The gateway needs no ticket. Its verdict contains the pseudonym by which the ticketing system knows
// who may ride.
func TestT32_MultiRideTicketPasses(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { rideWithoutATicket(t, h) })
}

func TestT33_PeriodTicketPasses(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { rideWithoutATicket(t, h) })
}

// rideWithoutATicket has a passenger ride without any reported ticket.
func rideWithoutATicket(t *testing.T, h *harness.Harness) {
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

// Each device has the scope of its use.
func TestT35_VerificationEntryAndExitAreScopes(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		for _, scope := range []string{"verify", "entry", "exit"} {
			h.GateFor(scope).Scan(p.Code(), scope).Allowed(t)
		}
	})
}

// A device's credential bounds its scopes; the gateway refuses all others.
func TestT37_StationWithoutElectronicTicketsHasNoUse(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		device := h.GateFor("sale") // the only scope of this station's device
		for _, scope := range []string{"refund", "change", "verify", "entry", "exit", "onboard"} {
			problem := harness.As[harness.Problem](t, device.TryScan(p.Code(), scope), http.StatusForbidden)
			if problem.Code != "scope_not_allowed" {
				t.Errorf("%s: %+v", scope, problem)
			}
		}
		device.Scan(p.Code(), "sale").Allowed(t)
	})
}
