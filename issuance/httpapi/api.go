// Package httpapi serves the issuer over HTTP. docs/openapi/issuer.yaml describes every
// endpoint; tests check all responses against it.
//
// It promises:
//   - A request is accepted only in one strict form and size.
//   - Every error is an RFC 9457 problem with a code from a closed list, in English and
//     Chinese, with the next step if the passenger has one.
//   - Objects of another application are reported as if they did not exist.
//   - Bodies, tokens, names, numbers, passwords and contacts are never logged or counted.
//   - A role is checked before any lookup.
//   - Access tokens, login tokens and staff credentials are looked up by their SHA-256.
//
// It limits expensive and guessable requests per network. The proxy in front of it must
// limit all other floods, and terminate TLS.
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

// Config configures an [API].
type Config struct {
	// Staff lists the staff credentials. nil: no staff request is allowed.
	Staff *staff.List
	// Accounts serves the passengers' accounts. nil: there are no accounts and no logins.
	Accounts *account.Service
	// Registry is the real-name registry of the accounts. nil: it is not served.
	Registry *registry.Store
	// Proxies are the proxies whose X-Forwarded-For is trusted. Zero: none.
	Proxies throttle.Proxies
	// AuditLog records the actions of staff and operators. nil: it is not served.
	AuditLog *audit.Log
	// Streams are the streams of records for gateways, for operators. Empty: none is shown.
	Streams []Stream
	// Rate limits applications, face checks, registrations, logins and other requests
	// with a password, per network. Zero: no limit.
	Rate throttle.Rate
	// Applications limits applications per network in addition to Rate: each uses disk
	// space until it is erased. Zero: no limit.
	Applications throttle.Rate
	// Callback handles the callbacks of the face-check provider, with slots of its own
	// ([MaxCallbacks]). nil: the provider sends none, and the path does not exist.
	Callback http.Handler
	// Pages serves the pages of passengers and clerks beside the API, with slots of its own
	// ([MaxPages]). nil: it serves the API only.
	Pages Pages
	// Contact is how to reach customer service. Zero: [DefaultContact].
	Contact Contact
	// SandboxCodes serves the sandbox's phone codes on the admin listener. It must be nil
	// with a real provider.
	SandboxCodes *provider.SandboxCodes
	// MaxInFlight bounds the concurrent requests of all callers except staff; more are
	// refused with overloaded. 0: [DefaultMaxInFlight].
	MaxInFlight int
	// MaxInFlightEach bounds those of one network. 0: three quarters of MaxInFlight.
	MaxInFlightEach int
	// MaxStaff bounds the concurrent staff requests, counted apart from MaxInFlight; one
	// credential gets at most three quarters of them. 0: [DefaultMaxStaff].
	MaxStaff int
	// Log receives one line per request. nil: no log.
	Log *zap.Logger
	// Metrics receives counters and latencies. nil: they are not exported.
	Metrics prometheus.Registerer
}

// Pages are files that browsers load, from memory. Package web has them.
type Pages interface {
	http.Handler
	// Has reports whether the request is for one of the files. Their methods are GET and HEAD.
	Has(*http.Request) bool
}

// API serves one issuer.
type API struct {
	service  *credential.Service
	staff    *staff.List
	accounts *account.Service
	registry *registry.Store
	proxies  throttle.Proxies
	limiter  *throttle.Limiter[throttle.Caller] // nil: no limit
	applying *throttle.Limiter[throttle.Caller] // nil: no limit
	locating *throttle.Limiter[throttle.Caller] // nil: no limit; as limiter, counted apart
	auditLog *audit.Log
	streams  []Stream
	callback http.Handler
	pages    Pages                  // nil: none
	codes    *provider.SandboxCodes // nil: a real provider, or none
	support  Contact
	log      *zap.Logger
	metrics  *metrics
	classes  classes
	public   http.Handler
	draining atomic.Bool
}

// New returns an API. It starts no goroutine and no listener.
func New(s *credential.Service, c Config) (*API, error) {
	if s == nil {
		return nil, errors.New("api: the service is nil")
	}
	if c.Registry != nil && c.Accounts == nil {
		return nil, errors.New("api: Registry needs Accounts")
	}
	if c.Accounts != nil && c.Accounts.Policy != s.Policy {
		return nil, errors.New("api: accounts and applications must have the same version of the privacy policy")
	}
	if c.Contact == (Contact{}) {
		c.Contact = DefaultContact
	}
	if err := c.Contact.Check(); err != nil {
		return nil, fmt.Errorf("api: contact: %w", err)
	}
	if c.MaxInFlight < 0 || c.MaxInFlightEach < 0 || c.MaxStaff < 0 {
		return nil, errors.New("api: MaxInFlight, MaxInFlightEach and MaxStaff must not be negative")
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
		service: s, staff: c.Staff, accounts: c.Accounts, registry: c.Registry, proxies: c.Proxies, limiter: limiter, applying: applying, locating: locating, auditLog: c.AuditLog, streams: c.Streams, callback: c.Callback, pages: c.Pages, codes: c.SandboxCodes, support: c.Contact,
		log: c.Log, metrics: m, classes: in,
	}
	a.public = a.middleware(a.mux())
	return a, nil
}

// Drain makes /readyz answer 503, so that load balancers choose another issuer, and every
// response close its connection. Requests are still served.
func (a *API) Drain() { a.draining.Store(true) }

// Public returns the handler of the public listener.
func (a *API) Public() http.Handler { return a.public }

// limiterOf returns nil for the zero rate.
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

// Limits of a connection. Requests are small: a slow one is broken or hostile.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = RequestTimeout + 10*time.Second // from the end of the headers: reading, then work
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 8 << 10
)

// NewServer returns a server with every limit set; it does not listen yet. addr is
// host:port. log may be nil.
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

// headersTooLarge is the response that net/http writes, in one call, when a request's
// headers exceed the limit. No handler runs for such a request.
const headersTooLarge = "HTTP/1.1 431 Request Header Fields Too Large\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n431 Request Header Fields Too Large"

// Listener makes a server answer headers above the limit with a problem and a request
// id, like all other errors. log may be nil.
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
	a := &rawResponse{header: http.Header{"Connection": {"close"}}}
	rec := &responseRecorder{ResponseWriter: a, id: requestID()}
	protect(rec)
	newProblem(HeadersTooLarge, "").write(rec)
	c.log.Info("request", zap.String("request", rec.id), zap.String("route", routeNone), zap.Int("status", rec.status))
	if _, err := c.Conn.Write(a.wire.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// rawResponse is a response written without a server. Status and body are written once
// each.
type rawResponse struct {
	header http.Header
	status int
	wire   bytes.Buffer
}

func (a *rawResponse) Header() http.Header { return a.header }

func (a *rawResponse) WriteHeader(status int) { a.status = status }

func (a *rawResponse) Write(body []byte) (int, error) {
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	fmt.Fprintf(&a.wire, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	a.header.Write(&a.wire)
	a.wire.WriteString("\r\n")
	return a.wire.Write(body)
}

// CloseWrite lets net/http close its side first, so that the response is not lost.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("issuance/httpapi: %T has no CloseWrite", c.Conn)
}
