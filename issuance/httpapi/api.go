// Package httpapi is the issuer over HTTP: docs/openapi/issuer.yaml describes every
// endpoint, and a test holds the two together.
//
// It promises: a request is read only in its one strict form and size; every
// error is an RFC 9457 problem with a code of a closed list, in English and
// Chinese, with the next step where the passenger has one; what belongs to
// another application looks the same as what does not exist; no body, token,
// name, number, password or contact is ever logged or counted; a role is asked
// before anything is looked up. Access tokens, login tokens and staff credentials
// are looked up by their SHA-256.
//
// It limits how often one network may ask for what costs much or guesses; floods
// of anything else, and TLS, belong to the proxy in front of it.
package httpapi

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// Config is what an API works with.
type Config struct {
	// Staff lists who may do what. nil: nobody may do anything.
	Staff *staff.List
	// Accounts are the passengers' accounts. nil: there are none, and nobody logs in.
	Accounts *account.Service
	// Registry is the real-name registry of the accounts. nil: it is not served.
	Registry *registry.Store
	// Proxies are those whose X-Forwarded-For is believed. Zero: none.
	Proxies throttle.Proxies
	// AuditLog is what staff and operators did. nil: it is not served.
	AuditLog *audit.Log
	// Rate bounds what one network may ask for of applying, checking, registering,
	// logging in and what else takes a password. Zero: no bound.
	Rate throttle.Rate
	// Applications bounds what one network may apply for, besides Rate: each takes
	// room on the disk until it is erased. Zero: no bound.
	Applications throttle.Rate
	// Callback takes what the real-person provider calls back, with places of its
	// own (MaxCallbacks). nil: it never does, and there is nothing at the path.
	Callback http.Handler
	// Contact is how customer service is reached. Zero: DefaultContact.
	Contact Contact
	// SandboxCodes is asked for codes on the admin listener. nil: it is not; with a real
	// provider it must be.
	SandboxCodes *provider.SandboxCodes
	// MaxInFlight bounds the requests served at once for all but staff; more are
	// refused with overloaded. 0: DefaultMaxInFlight.
	MaxInFlight int
	// MaxInFlightEach bounds those of one network. 0: three quarters of MaxInFlight.
	MaxInFlightEach int
	// MaxStaff bounds the staff requests served at once besides those, three quarters
	// of them for one credential. 0: DefaultMaxStaff.
	MaxStaff int
	// Log receives one line for each request. nil: no log.
	Log *zap.Logger
	// Metrics receives counters and latencies. nil: counted and shown nowhere.
	Metrics prometheus.Registerer
}

// API serves one issuer.
type API struct {
	service  *credential.Service
	staff    *staff.List
	accounts *account.Service
	registry *registry.Store
	proxies  throttle.Proxies
	limiter  *throttle.Limiter[throttle.Caller] // nil: no bound
	applying *throttle.Limiter[throttle.Caller] // nil: no bound
	locating *throttle.Limiter[throttle.Caller] // nil: no bound; Rate, counted apart
	auditLog *audit.Log
	callback http.Handler
	codes    *provider.SandboxCodes // nil: a real provider, or none
	support  Contact
	log      *zap.Logger
	metrics  *metrics
	classes  classes
	public   http.Handler
	draining atomic.Bool
}

// New makes the handlers; it starts nothing.
func New(s *credential.Service, c Config) (*API, error) {
	if s == nil {
		return nil, errors.New("api: no service")
	}
	if c.Registry != nil && c.Accounts == nil {
		return nil, errors.New("api: a registry without accounts")
	}
	if c.Accounts != nil && c.Accounts.Policy != s.Policy {
		return nil, errors.New("api: accounts and applications have different versions of the privacy policy")
	}
	if c.Contact == (Contact{}) {
		c.Contact = DefaultContact
	}
	if err := c.Contact.Check(); err != nil {
		return nil, fmt.Errorf("api: contact: %w", err)
	}
	if c.MaxInFlight < 0 || c.MaxInFlightEach < 0 || c.MaxStaff < 0 {
		return nil, errors.New("api: a bound on requests in flight is negative")
	}
	c.MaxInFlight = cmp.Or(c.MaxInFlight, DefaultMaxInFlight)
	c.MaxInFlightEach = cmp.Or(c.MaxInFlightEach, threeQuarters(c.MaxInFlight))
	c.MaxStaff = cmp.Or(c.MaxStaff, DefaultMaxStaff)
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
	limiter, err := limiterOf(c.Rate)
	if err != nil {
		return nil, err
	}
	locating, _ := limiterOf(c.Rate)
	applying, err := limiterOf(c.Applications)
	if err != nil {
		return nil, err
	}
	in := newClasses(c)
	m, err := newMetrics(c.Metrics, in)
	if err != nil {
		return nil, fmt.Errorf("api: metrics: %w", err)
	}
	a := &API{
		service: s, staff: c.Staff, accounts: c.Accounts, registry: c.Registry, proxies: c.Proxies, limiter: limiter, applying: applying, locating: locating, auditLog: c.AuditLog, callback: c.Callback, codes: c.SandboxCodes, support: c.Contact,
		log: c.Log, metrics: m, classes: in,
	}
	a.public = a.around(a.mux())
	return a, nil
}

// Drain has /readyz say that the issuer ends, so that load balancers look elsewhere,
// and every answer close its connection. Requests are served as before.
func (a *API) Drain() { a.draining.Store(true) }

// Public is the handler of the public listener.
func (a *API) Public() http.Handler { return a.public }

// limiterOf is nil for no rate.
func limiterOf(r throttle.Rate) (*throttle.Limiter[throttle.Caller], error) {
	if r == (throttle.Rate{}) {
		return nil, nil
	}
	l, err := throttle.NewLimiter[throttle.Caller](throttle.LimiterConfig{Each: r})
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return l, nil
}

// Bounds of a connection. A request is small, so reading it is quick or hostile.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = RequestTimeout + 10*time.Second // from the end of the headers: reading, then work
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 8 << 10
)

// NewServer makes a server with every bound set; it does not listen yet. addr
// is host:port. log may be nil.
func NewServer(addr string, h http.Handler, log *zap.Logger) *http.Server {
	if log == nil {
		log = zap.NewNop()
	}
	return &http.Server{
		Addr: addr, Handler: h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          zap.NewStdLog(log),
	}
}

// headersTooLarge is what net/http writes, in one piece, when a request's
// headers are above the bound: no handler runs, so nothing else can be said there.
const headersTooLarge = "HTTP/1.1 431 Request Header Fields Too Large\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n431 Request Header Fields Too Large"

// Listener makes a server answer headers above the bound with a problem and a
// request id, as it answers everything else. log may be nil.
func Listener(l net.Listener, log *zap.Logger) net.Listener {
	if log == nil {
		log = zap.NewNop()
	}
	return &listener{l, log}
}

type listener struct {
	net.Listener
	log *zap.Logger
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &connection{c, l.log}, nil
}

type connection struct {
	net.Conn
	log *zap.Logger
}

func (c *connection) Write(p []byte) (int, error) {
	if string(p) != headersTooLarge {
		return c.Conn.Write(p)
	}
	a := &loneAnswer{header: http.Header{"Connection": {"close"}}}
	rec := &responseRecorder{ResponseWriter: a, id: requestID()}
	protect(rec)
	newProblem(HeadersTooLarge, "").write(rec)
	c.log.Info("request", zap.String("request", rec.id), zap.String("route", routeNone), zap.Int("status", rec.status))
	if _, err := c.Conn.Write(a.wire.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// loneAnswer is an answer outside a server, which takes its status and its body once each.
type loneAnswer struct {
	header http.Header
	status int
	wire   bytes.Buffer
}

func (a *loneAnswer) Header() http.Header { return a.header }

func (a *loneAnswer) WriteHeader(status int) { a.status = status }

func (a *loneAnswer) Write(body []byte) (int, error) {
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	fmt.Fprintf(&a.wire, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	a.header.Write(&a.wire)
	a.wire.WriteString("\r\n")
	return a.wire.Write(body)
}

// CloseWrite lets net/http end its side first, so that the answer is not lost.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("issuance/httpapi: %T has no CloseWrite", c.Conn)
}
