package httpapi

import (
	"context"
	"database/sql"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// refused is a refusal by the rules inside a successful response: the request asked for a
// decision, so it is not a problem.
type refused struct {
	Code     problem.Code `json:"code"`
	Detail   string       `json:"detail"`
	Text     bilingual    `json:"text"`
	NextStep *bilingual   `json:"next_step,omitempty"`
	RetryAt  int64        `json:"retry_at,omitempty"`
}

func newRefused(r *problem.Error) *refused {
	p := newProblem(r.Code, r.Detail)
	return &refused{p.Code, p.Detail, p.Text, p.NextStep, r.RetryAt}
}

// decision is the decision of the rules.
type decision struct {
	Allowed bool     `json:"allowed"`
	First   string   `json:"first,omitempty"` // what must happen first
	Refused *refused `json:"refused,omitempty"`
}

func decided(d registry.Decision, err error) (any, error) {
	out := decision{Allowed: d.Allowed()}
	if d.Refused != nil {
		out.Refused = newRefused(d.Refused)
	}
	if d.First != rules.Nothing {
		out.First = d.First.String()
	}
	return out, err
}

// decideTicketing decides a question of a ticketing system (rules B5 to B7).
func (a *API) decideTicketing(r *request, by registry.Principal, in struct {
	Kind    string   `json:"kind"`
	Account filled   `json:"account"`
	For     []string `json:"for"` // one passenger per ticket
	Ticket  filled   `json:"ticket"`
	At      filled   `json:"at"`
	serving
}) (any, error) {
	q := registry.DecisionRequest{Principal: by, Account: string(in.Account), Ticket: string(in.Ticket)}
	var err error
	if q.Serve, err = in.parse(); err != nil {
		return nil, err
	}
	if q.Kind, err = registry.ParseDecisionKind(in.Kind); err != nil {
		return nil, problem.New(registry.QuestionInvalid, "kind must be buy, refund_online, change_online or serve")
	}
	if q.Kind == registry.Serve || in.At != "" { // without a counter the registry would take the caller for one
		if q.Serve.At, err = rules.ParseActor(string(in.At)); err != nil {
			return nil, problem.New(registry.QuestionInvalid, "at must be window, agency or machine")
		}
	}
	if in.For != nil {
		q.For = make([]string, len(in.For))
	}
	for i, p := range in.For {
		if q.For[i], err = namedPassenger(p); err != nil {
			return nil, err
		}
	}
	return decided(a.registry.Decide(r.Context(), q))
}

// reportTickets records an event of tickets. Repeated reports have no further effect.
func (a *API) reportTickets(r *request, by registry.Principal, in struct {
	Kind    string `json:"kind"`
	Account filled `json:"account"`
	Order   filled `json:"order"`
	Ticket  filled `json:"ticket"`
	Issued  []struct {
		Reference string   `json:"reference"`
		Passenger filled   `json:"passenger"`
		EndsAt    int64    `json:"ends_at"`
		Journey   *journey `json:"journey"`
	} `json:"issued"`
}) (any, error) {
	e := registry.TicketEvent{Principal: by, Account: string(in.Account), Order: string(in.Order), Ticket: string(in.Ticket)}
	var err error
	if e.Kind, err = registry.ParseEventKind(in.Kind); err != nil {
		return nil, problem.New(registry.EventInvalid, "kind must be bought, changed, refunded or cancelled")
	}
	if in.Issued != nil {
		e.Issued = make([]registry.Ticket, len(in.Issued))
	}
	for i, t := range in.Issued {
		passenger := ""
		if e.Kind == registry.TicketsBought {
			passenger, err = namedPassenger(string(t.Passenger))
		} else if t.Passenger != "" {
			err = problem.New(registry.EventInvalid, "passenger is allowed for bought only: a changed ticket keeps its passenger")
		}
		if err != nil {
			return nil, err
		}
		e.Issued[i] = registry.Ticket{Reference: t.Reference, Passenger: passenger, Ends: time.Unix(t.EndsAt, 0), Journey: t.Journey.parse()}
	}
	return nil, a.registry.RecordTicketEvent(r.Context(), e)
}

// journey is the train journey of a ticket.
type journey struct {
	Train     string `json:"train"`
	From      string `json:"from"`
	To        string `json:"to"`
	DepartsAt int64  `json:"departs_at"`
	ArrivesAt int64  `json:"arrives_at"`
	Coach     string `json:"coach"`
	Seat      string `json:"seat"`
}

func newJourney(j *registry.Journey) *journey {
	if j == nil {
		return nil
	}
	return &journey{j.Train, j.From, j.To, j.Departs.Unix(), j.Arrives.Unix(), j.Coach, j.Seat}
}

func (j *journey) parse() *registry.Journey {
	if j == nil {
		return nil
	}
	return &registry.Journey{
		Train: j.Train, From: j.From, To: j.To, Departs: time.Unix(j.DepartsAt, 0), Arrives: time.Unix(j.ArrivesAt, 0), Coach: j.Coach, Seat: j.Seat,
	}
}

// deriveSubjects returns the pseudonyms of persons for a day to a ticketing system.
func (a *API) deriveSubjects(r *request, by registry.Principal, in struct {
	Day     int64 `json:"day"`
	Persons []struct {
		DocumentType   string `json:"document_type"`
		DocumentNumber string `json:"document_number"`
	} `json:"persons"`
}) (any, error) {
	persons := make([]credential.Carried, len(in.Persons))
	for i, p := range in.Persons {
		persons[i] = credential.Carried{Type: p.DocumentType, Number: p.DocumentNumber}
	}
	all, err := a.service.Subjects(r.Context(), by.By, in.Day, persons, by.Request)
	return struct {
		Day      int64    `json:"day"`
		Subjects []string `json:"subjects"`
	}{in.Day, each(all, tokens.Subject.String)}, err
}

// redeemCode returns the account of a one-time code to a ticketing system.
func (a *API) redeemCode(w http.ResponseWriter, r *request, by registry.Principal) error {
	entry, err := audit.By(by.By, staff.RedeemAccountCode, audit.Object{}, a.service.Now().UnixMilli())
	if err != nil {
		return err
	}
	var in struct {
		Code     string `json:"code"`
		Verifier filled `json:"verifier"`
	}
	if err := readJSON(w, r, &in, MaxBody); err != nil {
		return err
	}
	note := func(ctx context.Context, tx *sql.Tx, id, result string) error {
		entry.Object, entry.Detail, entry.Request = audit.Object{Kind: audit.Account, ID: id}, result, by.Request
		return a.service.AuditLog.Append(ctx, tx, entry)
	}
	id, err := a.accounts.Redeem(r.Context(), account.Redemption{Client: by.By.Name(), Code: in.Code, Verifier: string(in.Verifier)}, note)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Account string `json:"account"`
	}{id})
}
