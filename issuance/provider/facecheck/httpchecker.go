package facecheck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/provider"
)

// checksPath is where the provider takes checks, below its URL.
const checksPath = "v1/checks"

// Faults of a check, besides those of package provider.
var (
	// ErrContradiction: the provider said both, passed and failed.
	ErrContradiction = errors.New("real-person provider: it contradicts itself")
	errPerson        = errors.New("real-person provider: not a person who can be checked")
)

// Service is the provider's name in metrics, logs and errors.
const Service = "face_check"

// How many checks may wait at once. A waiting check holds a passenger's request.
const (
	DefaultWaiting = 256
	MaxWaiting     = 65536
)

// Config is what an HTTPChecker works with.
type Config struct {
	// Client reaches the provider. Its Service is set here; its clock, log and
	// metrics serve the callbacks, too.
	Client provider.Config
	// CallbackURL is where the provider reaches Callback: HTTPS, or HTTP to a
	// loopback address, with a path. Its path is what callbacks are signed for.
	CallbackURL string
	// Label names the provider to passengers and in logs, printable ASCII.
	Label string
	// Waiting bounds the checks at hand. 0: DefaultWaiting.
	Waiting int
}

// Validate reports all that is wrong, each a *provider.Fault, after those of
// Client.
func (c *Config) Validate() error {
	c.Client.Service = Service
	return errors.Join(c.Client.Validate(), errors.Join(c.own()...))
}

// own reports what is wrong outside of Client.
func (c *Config) own() (faults []error) {
	if u, err := provider.ParseURL(c.CallbackURL); err != nil {
		faults = append(faults, &provider.Fault{Field: "callback_url", Err: err})
	} else if u.EscapedPath() == "" {
		faults = append(faults, &provider.Fault{Field: "callback_url", Err: errors.New("must have a path, at least /")})
	}
	if err := provider.CheckLabel(c.Label); err != nil {
		faults = append(faults, err)
	}
	if c.Waiting < 0 || c.Waiting > MaxWaiting {
		faults = append(faults, &provider.Fault{Field: "waiting", Err: fmt.Errorf("must be 0, for the default, to %d", MaxWaiting)})
	}
	return faults
}

// Settings is what an operator says of the provider: a table of a command's
// configuration.
type Settings struct {
	Service     provider.Settings `toml:"service"`
	CallbackURL string            `toml:"callback_url" doc:"where the provider reaches this issuer's callback, https://host/v1/face-check/callback; one for each issuer"`
	Label       string            `toml:"label" doc:"names the provider to passengers and in logs, printable ASCII"`
	Waiting     int               `toml:"waiting" doc:"bound on checks at hand; 0: 256"`
}

// Load reads the files and reports all that is wrong, each a *provider.Fault.
func (s Settings) Load(trust ownfile.Trust) (Config, error) {
	c := Config{CallbackURL: s.CallbackURL, Label: s.Label, Waiting: s.Waiting}
	var err error
	c.Client, err = s.Service.Load(Service, trust)
	return c, errors.Join(err, errors.Join(c.own()...))
}

// HTTPChecker is a provider elsewhere. It runs nothing between calls.
type HTTPChecker struct {
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

var _ Checker = (*HTTPChecker)(nil)

// NewHTTP makes a checker; it reports all faults of the configuration.
func NewHTTP(c Config) (*HTTPChecker, error) {
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
	client, err := provider.New(c.Client)
	if err != nil {
		return nil, err
	}
	promises := client.NewBreaker()
	m, err := newMetrics(c.Client.Metrics, promises)
	if err != nil {
		return nil, err
	}
	log := c.Client.Log
	if log == nil {
		log = zap.NewNop()
	}
	return &HTTPChecker{
		config: c, client: client, log: log, metrics: m, ledger: newLedger(c.Waiting), promises: promises,
		receiver: client.Receiver(callback.EscapedPath(), maxCallback),
	}, nil
}

// Label names the provider.
func (c *HTTPChecker) Label() string { return c.config.Label }

// question is a check as the provider is asked for it.
type question struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Evidence       string `json:"evidence"`
	CallbackURL    string `json:"callback_url"`
}

// Check asks the provider and waits for its answer or its callback, at most
// MaxTimeout. An error of package provider says why it could not decide.
func (c *HTTPChecker) Check(ctx context.Context, p provider.Person, evidence string) (Result, error) {
	if evidence == "" || len(evidence) > MaxEvidence || !utf8.ValidString(evidence) {
		return Result{}, ErrEvidence
	}
	if !p.Checkable() {
		return Result{}, errPerson
	}
	ctx, cancel := context.WithTimeout(ctx, MaxTimeout)
	defer cancel()

	// The callback may come before the answer, so the check begins first.
	id := provider.NewID()
	waiting, ok := c.ledger.begin(id)
	if !ok {
		return Result{}, fmt.Errorf("real-person provider: too many checks at hand: %w", provider.ErrUnavailable)
	}
	defer c.ledger.end(id)
	permit, ok := c.promises.Allow(c.receiver.Now())
	if !ok {
		return Result{}, fmt.Errorf("real-person provider: its callbacks do not come: %w", provider.ErrUnavailable)
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
		return Result{}, err
	}
	if a.unreadable {
		return Result{}, ErrEvidence
	}
	if a.decision.final() && c.ledger.decide(id, a.decision) == outcomeContradicted {
		return Result{}, ErrContradiction
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
		return Result{}, ctx.Err()
	}
	return Result{Passed: waiting.decision == passed, Label: c.config.Label}, nil
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
