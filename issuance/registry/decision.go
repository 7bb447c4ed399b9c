package registry

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
)

// DecisionKind is the kind of a question.
type DecisionKind uint8

// Kinds of questions.
const (
	// Buy: may the account buy these tickets (rule B5)?
	Buy DecisionKind = iota + 1
	// RefundOnline: may the account have this ticket refunded online (rule B6)?
	RefundOnline
	// ChangeOnline: may the account change this ticket online (rule B6)?
	ChangeOnline
	// Serve: does a counter perform this service for the ticket, and after which step (rule B7)?
	Serve
)

var decisionNames = rules.Names[DecisionKind]{Buy: "buy", RefundOnline: "refund_online", ChangeOnline: "change_online", Serve: "serve"}

// ParseDecisionKind parses a kind's stable name. Any other name is [rules.ErrName].
func ParseDecisionKind(name string) (DecisionKind, error) { return decisionNames.Parse(name) }

func (k DecisionKind) String() string { return decisionNames.Of(k) }

// DecisionRequest is a question from a ticketing system, or from a counter about its own service.
// Fields that do not belong to the kind must be empty.
type DecisionRequest struct {
	Principal
	Kind    DecisionKind
	Account string // Buy, RefundOnline, ChangeOnline: the account
	// For is a passenger's id for each ticket (Buy), empty for the holder, at most [MaxOrder]. A
	// child without a document travels on an adult's (rule B9): name the adult once more.
	For    []string
	Ticket string // RefundOnline, ChangeOnline, Serve: the ticketing system's reference
	// Serve is for the kind Serve. A ticketing system states the counter or machine in At; a
	// counter or machine leaves At 0, since its credential states it.
	Serve rules.Serving
}

// hasGuess reports whether the question contains a value that could be guessed.
func (q *DecisionRequest) hasGuess() bool { return q.Serve.Order != "" || q.Serve.Card != rules.Card{} }

// Decision is the answer of the rules.
type Decision struct {
	// Refused is the reason; nil: allowed.
	Refused *problem.Error
	// First is what must happen before an allowed service (Serve).
	First rules.Step
}

// Allowed reports whether the rules allow it.
func (d Decision) Allowed() bool { return d.Refused == nil }

// asDecision converts a rule's result to a decision. A fault remains an error.
func asDecision(first rules.Step, err error) (Decision, error) {
	d := Decision{First: first}
	if errors.As(err, &d.Refused) {
		return d, nil
	}
	return d, err
}

// Decide answers a question by the rules as of now. A refusal of the rules is a Decision. An error
// is about the question: a role that may not ask, an invalid form, an account or passenger that
// does not exist or, for Serve, an unknown ticket. A decision reserves nothing: a purchase is final
// only when [Store.RecordTicketEvent] accepts it. The ticketing system must know the tariff and
// whether the money was already refunded.
func (s *Store) Decide(ctx context.Context, q DecisionRequest) (d Decision, err error) {
	action := staff.AskDecision
	if q.Kind == Serve && q.Serve.At == 0 {
		if q.Serve.At, err = q.servingCounter(); err != nil {
			return Decision{}, err
		}
		action = serviceActions[q.Serve.Service]
	} else if err := q.By.May(action); err != nil {
		return Decision{}, err
	}
	if err := q.check(); err != nil {
		return Decision{}, err
	}
	if q.hasGuess() {
		d, err = s.serveGuess(ctx, q)
	} else {
		d, err = database.Read(ctx, s.Database, "answer a question", func(ctx context.Context, db database.Queries) (Decision, error) {
			switch q.Kind {
			case Buy:
				return s.mayBuy(ctx, db, q)
			case Serve:
				return s.mayServe(ctx, db, q, "")
			}
			return s.mayOnline(ctx, db, q)
		})
	}
	if err == nil && d.Allowed() && action != staff.AskDecision {
		err = q.By.May(action) // package staff must also allow the action
	}
	return d, err
}

var serviceActions = map[rules.Service]staff.Action{
	rules.Exchange: staff.ExchangeTicket, rules.Change: staff.ChangeTicket, rules.Refund: staff.RefundTicket,
}

func (q *DecisionRequest) check() error {
	wrong := func(detail string) error { return problem.New(QuestionInvalid, detail) }
	online := q.Kind == RefundOnline || q.Kind == ChangeOnline
	switch {
	case q.Kind < Buy || q.Kind > Serve:
		return wrong("kind must be buy, refund_online, change_online or serve")
	case q.Kind == Buy && (len(q.For) < 1 || len(q.For) > MaxOrder):
		return wrong("for must name a passenger for each ticket, 1 to 20")
	case q.Kind != Buy && q.For != nil:
		return wrong("for is allowed only for buy")
	case q.Kind != Serve && !isID(q.Account):
		return wrong("account must be an account's id")
	case q.Kind == Serve && q.Account != "":
		return wrong("account is not allowed for serve")
	case (online || q.Kind == Serve) && !isID(q.Ticket):
		return wrong(referenceError)
	case q.Kind == Buy && q.Ticket != "":
		return wrong("ticket is not allowed for buy")
	case q.Kind == Serve:
		return q.checkServing()
	case q.Serve != rules.Serving{}:
		return wrong("at, service, original, order and card are allowed only for serve")
	}
	return nil
}

// maxCard bounds the name and the number of a card, in bytes.
const maxCard = 256

func (q *DecisionRequest) checkServing() error {
	wrong := func(detail string) error { return problem.New(QuestionInvalid, detail) }
	s := q.Serve
	switch {
	case s.At != rules.Window && s.At != rules.Agency && s.At != rules.Machine || serviceActions[s.Service] == "":
		return wrong("at must be window, agency or machine, and service exchange, change or refund")
	case s.Order != "" && (!isID(s.Order) || s.At == rules.Machine):
		return wrong(`order must be an order number of 1 to 64 letters, digits and "_.:-", and must be empty for machines`)
	case s.Card == rules.Card{}:
		return nil
	case s.At != rules.Machine:
		return wrong("card is allowed only for machines")
	case s.Card.Name == "" || s.Card.Number == "" || len(s.Card.Name) > maxCard || len(s.Card.Number) > maxCard:
		return wrong("card must contain the name and the number that the machine read")
	}
	return nil
}

const referenceError = `ticket must be a reference of 1 to 64 letters, digits and "_.:-"`

func (s *Store) mayBuy(ctx context.Context, db database.Queries, q DecisionRequest) (Decision, error) {
	o, err := s.readOrder(ctx, db, q.Account, "", q.For)
	if err != nil {
		return Decision{}, err
	}
	for _, passenger := range q.For {
		if err := o.buy(passenger); err != nil {
			return asDecision(rules.Nothing, err)
		}
	}
	return Decision{}, nil
}

// mayOnline treats an unknown ticket as another account's.
func (s *Store) mayOnline(ctx context.Context, db database.Queries, q DecisionRequest) (Decision, error) {
	t, found, err := s.findTicket(ctx, db, q.Ticket)
	if err != nil {
		return Decision{}, err
	}
	its := found && t.account == q.Account
	if q.Kind == RefundOnline || !its {
		return asDecision(rules.Nothing, rules.CanRefundOnline(its))
	}
	h, e, err := s.readEntry(ctx, db, Ref{t.account, t.passenger}, "")
	if problem.Is(err, EntryNotFound) {
		// A passenger is deleted only after the journey, so there is no one to change the ticket for.
		err = nil
	}
	if err != nil {
		return Decision{}, err
	}
	return asDecision(rules.Nothing, rules.CanChangeOnline(h.Account, e.Passenger, its, s.Limits()))
}

// serveGuess answers a question with an order number or a card. Wrong values are counted by ticket,
// under the lock of its account, as guesses at a proof are. After too many the answer is
// [throttle.TooManyFailures], whether right or wrong.
func (s *Store) serveGuess(ctx context.Context, q DecisionRequest) (Decision, error) {
	key := s.Lockout.Document(vault.PersonHash(s.Vault.Index(indexOrder, q.Ticket)))
	return database.Update(ctx, s.Database, "answer a question", func(ctx context.Context, tx *sql.Tx) (Decision, error) {
		d, err := s.mayServe(ctx, tx, q, s.Database.ForUpdate)
		if err != nil {
			return d, err
		}
		if err := s.Lockout.Check(ctx, tx, key); err != nil {
			return d, err
		}
		if d.Refused != nil && (d.Refused.Code == rules.OrderWrong || d.Refused.Code == rules.CardMismatch) {
			return d, s.Lockout.Add(ctx, tx, key)
		}
		return d, nil
	})
}

func (s *Store) mayServe(ctx context.Context, db database.Queries, q DecisionRequest, lock string) (Decision, error) {
	t, found, err := s.findTicket(ctx, db, q.Ticket)
	if err == nil && !found {
		err = errTicketUnknown
	}
	if err != nil {
		return Decision{}, err
	}
	_, e, err := s.readEntry(ctx, db, Ref{t.account, t.passenger}, lock)
	if err != nil {
		return Decision{}, err
	}
	i, err := s.decryptItinerary(t.id, t.itinerary)
	if err != nil {
		return Decision{}, err
	}
	return asDecision(rules.CanServe(e.Passenger, i.Order, q.Serve))
}
