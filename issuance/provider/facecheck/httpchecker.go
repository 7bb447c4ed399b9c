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

// checksPath is the path of checks, below the provider's URL.
const checksPath = "v1/checks"

// Faults of a check, besides those of package provider.
var (
	// ErrContradiction: the provider decided both passed and failed.
	ErrContradiction = errors.New("face check: the provider contradicts itself")
	errPerson        = errors.New("face check: only a person with a resident ID card can be checked")
)

// Service is the provider's name in metrics, logs and errors.
const Service = "face_check"

// Default and maximum number of concurrent checks. A check in progress blocks a passenger's request.
const (
	DefaultWaiting = 256
	MaxWaiting     = 65536
)

// Config configures an [HTTPChecker].
type Config struct {
	// Client configures the calls. Its Service is set here; its clock, log and metrics also serve the
	// callbacks.
	Client provider.Config
	// CallbackURL is the URL at which the provider reaches Callback: HTTPS, or HTTP to a loopback address,
	// with a path. Callbacks are signed for its path.
	CallbackURL string
	// Label names the provider to passengers and in logs, printable ASCII.
	Label string
	// Waiting is the maximum number of concurrent checks. 0: DefaultWaiting.
	Waiting int
}

// Validate reports every wrong field, each as a [*provider.Fault], those of Client first.
func (c *Config) Validate() error {
	c.Client.Service = Service
	return errors.Join(c.Client.Validate(), errors.Join(c.ownFaults()...))
}

// ownFaults reports the faults of the fields other than Client.
func (c *Config) ownFaults() (faults []error) {
	if u, err := provider.ParseURL(c.CallbackURL); err != nil {
		faults = append(faults, &provider.Fault{Field: "callback_url", Err: err})
	} else if u.EscapedPath() == "" {
		faults = append(faults, &provider.Fault{Field: "callback_url", Err: errors.New("must have a path, at least /")})
	}
	if err := provider.CheckLabel(c.Label); err != nil {
		faults = append(faults, err)
	}
	if c.Waiting < 0 || c.Waiting > MaxWaiting {
		faults = append(faults, &provider.Fault{Field: "waiting", Err: fmt.Errorf("must be from 0, the default, to %d", MaxWaiting)})
	}
	return faults
}

// Settings are the settings of the provider: a table of a command's configuration.
type Settings struct {
	Service     provider.Settings `toml:"service"`
	CallbackURL string            `toml:"callback_url" doc:"URL of this issuer's callback for the provider, https://host/v1/face-check/callback; different for each issuer"`
	Label       string            `toml:"label" doc:"name of the provider for passengers and in logs, printable ASCII"`
	Waiting     int               `toml:"waiting" doc:"maximum number of concurrent checks; 0: 256"`
}

// Load reads the files and reports every wrong setting, each as a [*provider.Fault].
func (s Settings) Load(trust ownfile.Trust) (Config, error) {
	c := Config{CallbackURL: s.CallbackURL, Label: s.Label, Waiting: s.Waiting}
	var err error
	c.Client, err = s.Service.Load(Service, trust)
	return c, errors.Join(err, errors.Join(c.ownFaults()...))
}

// HTTPChecker is the client of an outside provider. It starts no goroutine.
type HTTPChecker struct {
	config   Config // immutable after construction
	client   *provider.Client
	receiver provider.Receiver
	log      *zap.Logger
	ledger   *ledger
	// callbackBreaker opens if the provider answers "later" and sends no callbacks. Its answers alone are
	// valid, and every passenger would wait until the timeout.
	callbackBreaker *provider.Breaker
	metrics         *metrics
}

var _ Checker = (*HTTPChecker)(nil)

// NewHTTP makes an [HTTPChecker], or reports every fault of the configuration.
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
	callbackBreaker := client.NewBreaker()
	m, err := newMetrics(c.Client.Metrics, callbackBreaker)
	if err != nil {
		return nil, err
	}
	log := c.Client.Log
	if log == nil {
		log = zap.NewNop()
	}
	return &HTTPChecker{
		config: c, client: client, log: log, metrics: m, ledger: newLedger(c.Waiting), callbackBreaker: callbackBreaker,
		receiver: client.Receiver(callback.EscapedPath(), maxCallback),
	}, nil
}

// Label returns the provider's label.
func (c *HTTPChecker) Label() string { return c.config.Label }

// checkRequest is the request of a check.
type checkRequest struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Evidence       string `json:"evidence"`
	CallbackURL    string `json:"callback_url"`
}

// Check calls the provider and waits for its answer or its callback, at most MaxTimeout. If there is no
// decision, the error is one of this package, of package provider, or of ctx.
func (c *HTTPChecker) Check(ctx context.Context, p provider.Person, evidence string) (Result, error) {
	if evidence == "" || len(evidence) > MaxEvidence || !utf8.ValidString(evidence) {
		return Result{}, ErrEvidence
	}
	if !p.Checkable() {
		return Result{}, errPerson
	}
	ctx, cancel := context.WithTimeout(ctx, MaxTimeout)
	defer cancel()

	// The check is registered first: the callback may arrive before the answer.
	id := provider.NewID()
	waiting, ok := c.ledger.begin(id)
	if !ok {
		return Result{}, fmt.Errorf("face check: too many checks are in progress: %w", provider.ErrUnavailable)
	}
	defer c.ledger.end(id)
	permit, ok := c.callbackBreaker.Allow(c.receiver.Now())
	if !ok {
		return Result{}, fmt.Errorf("face check: the provider sends no callbacks: %w", provider.ErrUnavailable)
	}
	verdict := provider.Neutral
	defer func() {
		if state, changed := c.callbackBreaker.Done(permit, verdict, c.receiver.Now()); changed {
			c.log.Warn("face check: callback breaker changed state", zap.Stringer("state", state))
		}
	}()
	var a answer
	request := checkRequest{p.Name, p.Document.String(), p.Number, evidence, c.config.CallbackURL}
	if err := c.client.Post(ctx, checksPath, id, request, a.decode); err != nil {
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
		verdict = provider.Good
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded { // the caller did not cancel
			verdict = provider.Bad
		}
	}
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	return Result{Passed: waiting.decision == passed, Label: c.config.Label}, nil
}

// answer is the provider's answer to the request.
type answer struct {
	decision   decision
	unreadable bool
}

var errAnswer = errors.New("not an answer of the protocol")

// decode accepts the answers of the protocol only.
func (a *answer) decode(status int, body []byte) error {
	if status == http.StatusUnprocessableEntity {
		var problem struct {
			Error string `json:"error"`
		}
		if provider.ReadJSON(body, &problem) != nil || problem.Error != "evidence_unreadable" {
			return errAnswer
		}
		a.unreadable = true
		return nil
	}
	var decided struct {
		Decision decision `json:"decision"`
	}
	if provider.ReadJSON(body, &decided) != nil {
		return errAnswer
	}
	if status == http.StatusOK && decided.Decision.final() || status == http.StatusAccepted && decided.Decision == later {
		a.decision = decided.Decision
		return nil
	}
	return errAnswer
}
