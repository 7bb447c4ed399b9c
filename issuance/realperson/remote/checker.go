package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/partner"
	"github.com/railgate/railgate/issuance/realperson"
)

// checksPath is where the provider takes checks, below its URL.
const checksPath = "v1/checks"

// Faults of a check, besides those of package partner.
var (
	// ErrContradiction: the provider said both, passed and failed.
	ErrContradiction = errors.New("real-person provider: it contradicts itself")
	errPerson        = errors.New("real-person provider: not a person who can be checked")
)

// Checker is a provider elsewhere. It runs nothing between calls.
type Checker struct {
	config   Config // immutable after construction
	client   *partner.Client
	receiver partner.Receiver
	log      *zap.Logger
	ledger   *ledger
	// promises opens when the provider says "later" and its callbacks do not
	// come: its answers look well, and every passenger would wait in vain.
	promises *partner.Breaker
	metrics  *metrics
}

var _ realperson.Checker = (*Checker)(nil)

// New makes a checker; it reports all faults of the configuration.
func New(c Config) (*Checker, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Waiting == 0 {
		c.Waiting = DefaultWaiting
	}
	callback, err := partner.ParseURL(c.CallbackURL)
	if err != nil {
		return nil, err
	}
	client, err := partner.New(c.Partner)
	if err != nil {
		return nil, err
	}
	promises := client.NewBreaker()
	m, err := newMetrics(c.Partner.Metrics, promises)
	if err != nil {
		return nil, err
	}
	log := c.Partner.Log
	if log == nil {
		log = zap.NewNop()
	}
	return &Checker{
		config: c, client: client, log: log, metrics: m, ledger: newLedger(c.Waiting), promises: promises,
		receiver: client.Receiver(callback.EscapedPath(), maxCallback),
	}, nil
}

// Label names the provider.
func (c *Checker) Label() string { return c.config.Label }

// question is a check as the provider is asked for it.
type question struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Evidence       string `json:"evidence"`
	CallbackURL    string `json:"callback_url"`
}

// Check asks the provider and waits for its answer or its callback, at most
// realperson.MaxTimeout. An error of package partner says why it could not decide.
func (c *Checker) Check(ctx context.Context, p realperson.Person, evidence string) (realperson.Result, error) {
	if evidence == "" || len(evidence) > realperson.MaxEvidence || !utf8.ValidString(evidence) {
		return realperson.Result{}, realperson.ErrEvidence
	}
	// Encoding would turn broken text into another person's.
	if p.Document != identity.ResidentID || p.Name == "" || p.Number == "" || !utf8.ValidString(p.Name) || !utf8.ValidString(p.Number) {
		return realperson.Result{}, errPerson
	}
	ctx, cancel := context.WithTimeout(ctx, realperson.MaxTimeout)
	defer cancel()

	// The callback may come before the answer, so the check begins first.
	id := partner.NewID()
	waiting, ok := c.ledger.begin(id)
	if !ok {
		return realperson.Result{}, fmt.Errorf("real-person provider: too many checks at hand: %w", partner.ErrUnavailable)
	}
	defer c.ledger.end(id)
	permit, ok := c.promises.Allow(c.receiver.Now())
	if !ok {
		return realperson.Result{}, fmt.Errorf("real-person provider: its callbacks do not come: %w", partner.ErrUnavailable)
	}
	kept := partner.Neutral
	defer func() {
		if state, changed := c.promises.Done(permit, kept, c.receiver.Now()); changed {
			c.log.Warn("real-person callbacks", zap.Stringer("breaker", state))
		}
	}()
	var a answer
	ask := question{p.Name, p.Document.String(), p.Number, evidence, c.config.CallbackURL}
	if err := c.client.Post(ctx, checksPath, id, ask, a.read); err != nil {
		return realperson.Result{}, err
	}
	if a.unreadable {
		return realperson.Result{}, realperson.ErrEvidence
	}
	if a.decision.final() && c.ledger.decide(id, a.decision) == outcomeContradicted {
		return realperson.Result{}, ErrContradiction
	}
	select {
	case <-waiting.decided:
		kept = partner.Good
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded { // and the caller did not leave
			kept = partner.Bad
		}
	}
	if ctx.Err() != nil {
		return realperson.Result{}, ctx.Err()
	}
	return realperson.Result{Passed: waiting.decision == passed, Label: c.config.Label}, nil
}

// answer is what the provider says at once.
type answer struct {
	decision   decision
	unreadable bool
}

var errAnswer = errors.New("not an answer of the protocol")

// read knows each answer of the protocol and no other.
func (a *answer) read(status int, body []byte) error {
	if status == http.StatusUnprocessableEntity {
		var refusal struct {
			Error string `json:"error"`
		}
		if partner.ReadJSON(body, &refusal) != nil || refusal.Error != "evidence_unreadable" {
			return errAnswer
		}
		a.unreadable = true
		return nil
	}
	var said struct {
		Decision decision `json:"decision"`
	}
	if partner.ReadJSON(body, &said) != nil {
		return errAnswer
	}
	if status == http.StatusOK && said.Decision.final() || status == http.StatusAccepted && said.Decision == later {
		a.decision = said.Decision
		return nil
	}
	return errAnswer
}
