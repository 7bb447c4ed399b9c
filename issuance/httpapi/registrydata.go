package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/problem"
)

type heldPassenger struct {
	passenger
	FailedProofs heldFailures `json:"failed_proofs"`
}

type heldTicket struct {
	Passenger  string `json:"passenger"`
	State      string `json:"state"`
	ReportedAt int64  `json:"reported_at"`
	EndsAt     int64  `json:"ends_at"`
	// The rest is missing for a ticket that was reported before it was asked.
	Order     string   `json:"order,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Journey   *journey `json:"journey,omitempty"`
}

// heldInRegistry is all that the registry holds of an account (rule B12).
type heldInRegistry struct {
	Holder       own             `json:"holder"`
	FailedProofs heldFailures    `json:"failed_proofs"`
	Passengers   []heldPassenger `json:"passengers"`
	Tickets      []heldTicket    `json:"tickets"`
}

// heldInRegistry is nil where there is no registry.
func (a *API) heldInRegistry(ctx context.Context, h account.Holder) (*heldInRegistry, error) {
	if a.registry == nil {
		return nil, nil
	}
	held, err := a.registry.PersonalData(ctx, h)
	if err != nil {
		return nil, err
	}
	out := &heldInRegistry{
		Holder: a.newOwn(held.Own), FailedProofs: heldFailures(held.FailedProofs), Passengers: []heldPassenger{}, Tickets: []heldTicket{},
	}
	for _, p := range held.Passengers {
		out.Passengers = append(out.Passengers, heldPassenger{a.newPassenger(p.Line), heldFailures(p.FailedProofs)})
	}
	for _, t := range held.Tickets {
		out.Tickets = append(out.Tickets, heldTicket{passengerName(t.Passenger), t.State.String(), t.ReportedAt.Unix(), t.Ends.Unix(), t.Order, t.Reference, newJourney(t.Journey)})
	}
	return out, nil
}

// ifClosed tells the holder beforehand what closing the account would mean.
func (a *API) ifClosed(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	c, err := a.registry.PreviewClosing(r.Context(), h)
	if err != nil {
		return err
	}
	out := struct {
		decision
		TakenUntil int64 `json:"identity_taken_until,omitempty"`
	}{decision: decision{Allowed: c.Refused == nil}}
	if no := new(problem.Error); errors.As(c.Refused, &no) {
		out.Refused = newRefused(no)
	}
	if !c.TakenUntil.IsZero() {
		out.TakenUntil = c.TakenUntil.Add(time.Second - 1).Unix() // free at the told second
	}
	return writeJSON(w, http.StatusOK, out)
}
