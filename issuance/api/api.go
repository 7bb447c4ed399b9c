package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance"
)

// Config is what an API works with.
type Config struct {
	// Staff lists who may revoke. Empty: nobody.
	Staff []StaffCredential
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
	service *issuance.Service
	staff   staffList
	log     *zap.Logger
	metrics *metrics
	slots   chan struct{}
	public  http.Handler
}

// New makes the handlers; it starts nothing.
func New(s *issuance.Service, c Config) (*API, error) {
	if s == nil {
		return nil, errors.New("api: no service")
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
	staff, err := newStaffList(c.Staff)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, fmt.Errorf("api: metrics: %w", err)
	}
	a := &API{service: s, staff: staff, log: c.Log, metrics: m, slots: make(chan struct{}, c.MaxInFlight)}
	a.public = a.around(a.mux())
	return a, nil
}

// Public is the handler of the public listener.
func (a *API) Public() http.Handler { return a.public }
