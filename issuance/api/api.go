package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/attempts"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/registry/book"
	"github.com/railgate/railgate/issuance/staff"
)

// Config is what an API works with.
type Config struct {
	// Staff lists who may do what. nil: nobody may do anything.
	Staff *staff.List
	// Accounts are the passengers' accounts. nil: there are none, and nobody logs in.
	Accounts *account.Service
	// Registry is the real-name registry of the accounts. nil: it is not served.
	Registry *book.Book
	// Proxies are those whose X-Forwarded-For is believed. Zero: none.
	Proxies attempts.Proxies
	// Trail is what staff and operators did. nil: it is not served.
	Trail *audit.Trail
	// Rate bounds what one network may ask for of applying, checking, registering,
	// logging in and what else takes a password. Zero: no bound.
	Rate attempts.Rate
	// Callback takes what the real-person provider calls back, with places of its
	// own (MaxCallbacks). nil: it never does, and there is nothing at the path.
	Callback http.Handler
	// MaxInFlight bounds the requests served at once; more are refused with
	// overloaded. 0: DefaultMaxInFlight.
	MaxInFlight int
	// Log receives one line for each request. nil: no log.
	Log *zap.Logger
	// Metrics receives counters and latencies. nil: counted and shown nowhere.
	Metrics prometheus.Registerer
}

// DefaultMaxInFlight is what one issuer serves at once: twice the real-person
// checks that may wait, so that revocations always find a place.
const DefaultMaxInFlight = 256

// API serves one issuer.
type API struct {
	service  *issuance.Service
	staff    *staff.List
	accounts *account.Service
	registry *book.Book
	proxies  attempts.Proxies
	limiter  *attempts.Limiter[attempts.Caller] // nil: no bound
	trail    *audit.Trail
	callback http.Handler
	log      *zap.Logger
	metrics  *metrics
	slots    chan struct{} // a place for each request
	calls    chan struct{} // and for each callback
	public   http.Handler
}

// New makes the handlers; it starts nothing.
func New(s *issuance.Service, c Config) (*API, error) {
	if s == nil {
		return nil, errors.New("api: no service")
	}
	if c.Registry != nil && c.Accounts == nil {
		return nil, errors.New("api: a registry without accounts")
	}
	if c.MaxInFlight < 0 {
		return nil, errors.New("api: max in flight is negative")
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = DefaultMaxInFlight
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Staff == nil {
		list, err := staff.NewList(staff.Config{})
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		c.Staff = list
	}
	var limiter *attempts.Limiter[attempts.Caller]
	if c.Rate != (attempts.Rate{}) {
		var err error
		if limiter, err = attempts.NewLimiter[attempts.Caller](attempts.LimiterConfig{Each: c.Rate}); err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
	}
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, fmt.Errorf("api: metrics: %w", err)
	}
	a := &API{
		service: s, staff: c.Staff, accounts: c.Accounts, registry: c.Registry, proxies: c.Proxies, limiter: limiter, trail: c.Trail, callback: c.Callback,
		log: c.Log, metrics: m, slots: make(chan struct{}, c.MaxInFlight), calls: make(chan struct{}, MaxCallbacks),
	}
	a.public = a.around(a.mux())
	return a, nil
}

// Public is the handler of the public listener.
func (a *API) Public() http.Handler { return a.public }
