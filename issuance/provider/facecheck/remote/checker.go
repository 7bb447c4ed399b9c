package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
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
	client   *provider.Client
	receiver provider.Receiver
	log      *zap.Logger
	ledger   *ledger
	// promises opens when the provider says "later" and its callbacks do not
	// come: its answers look well, and every passenger would wait in vain.
	promises *provider.Breaker
	metrics  *metrics
}

var _ facecheck.Checker = (*Checker)(nil)

// New makes a checker; it reports all faults of the configuration.
func New(c Config) (*Checker, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Waiting == 0 {
		c.Waiting = DefaultWaiting
	}
	callback, err := provider.ParseURL(c.CallbackURL)
	if err != nil {
		return nil, err
	}
	client, err := provider.New(c.Partner)
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
// facecheck.MaxTimeout. An error of package partner says why it could not decide.
func (c *Checker) Check(ctx context.Context, p facecheck.Person, evidence string) (facecheck.Result, error) {
	if evidence == "" || len(evidence) > facecheck.MaxEvidence || !utf8.ValidString(evidence) {
		return facecheck.Result{}, facecheck.ErrEvidence
	}
	// Encoding would turn broken text into another person's.
	if p.Document != identity.ResidentID || p.Name == "" || p.Number == "" || !utf8.ValidString(p.Name) || !utf8.ValidString(p.Number) {
		return facecheck.Result{}, errPerson
	}
	ctx, cancel := context.WithTimeout(ctx, facecheck.MaxTimeout)
	defer cancel()

	// The callback may come before the answer, so the check begins first.
	id := provider.NewID()
	waiting, ok := c.ledger.begin(id)
	if !ok {
		return facecheck.Result{}, fmt.Errorf("real-person provider: too many checks at hand: %w", provider.ErrUnavailable)
	}
	defer c.ledger.end(id)
	permit, ok := c.promises.Allow(c.receiver.Now())
	if !ok {
		return facecheck.Result{}, fmt.Errorf("real-person provider: its callbacks do not come: %w", provider.ErrUnavailable)
	}
	kept := provider.Neutral
	defer func() {
		if state, changed := c.promises.Done(permit, kept, c.receiver.Now()); changed {
			c.log.Warn("real-person callbacks", zap.Stringer("breaker", state))
		}
	}()
	var a answer
	ask := question{p.Name, p.Document.String(), p.Number, evidence, c.config.CallbackURL}
	if err := c.client.Post(ctx, checksPath, id, ask, a.read); err != nil {
		return facecheck.Result{}, err
	}
	if a.unreadable {
		return facecheck.Result{}, facecheck.ErrEvidence
	}
	if a.decision.final() && c.ledger.decide(id, a.decision) == outcomeContradicted {
		return facecheck.Result{}, ErrContradiction
	}
	select {
	case <-waiting.decided:
		kept = provider.Good
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded { // and the caller did not leave
			kept = provider.Bad
		}
	}
	if ctx.Err() != nil {
		return facecheck.Result{}, ctx.Err()
	}
	return facecheck.Result{Passed: waiting.decision == passed, Label: c.config.Label}, nil
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
		if provider.ReadJSON(body, &refusal) != nil || refusal.Error != "evidence_unreadable" {
			return errAnswer
		}
		a.unreadable = true
		return nil
	}
	var said struct {
		Decision decision `json:"decision"`
	}
	if provider.ReadJSON(body, &said) != nil {
		return errAnswer
	}
	if status == http.StatusOK && said.Decision.final() || status == http.StatusAccepted && said.Decision == later {
		a.decision = said.Decision
		return nil
	}
	return errAnswer
}
