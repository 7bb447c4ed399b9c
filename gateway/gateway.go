package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/gateway/offline"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// timeNow is the clock of status pages; the check path uses the request's time.
var timeNow = time.Now

// Config holds the settings of a Gateway.
type Config struct {
	Devices *Devices // the devices that may send checks; required
	// Policies are the policies of devices whose entry does not override them.
	Policies
	// Station is the name of the gateway's station, as the ticketing system spells it, at most 64 bytes. Empty: the
	// gateway serves devices that have none, such as handhelds on trains.
	Station string
	// Passages and Bookings are what the policies on second use and tickets need; see [Devices.Needs].
	Passages Passages
	Bookings Bookings
	// Signer signs receipts and bundles with the gateway's key. nil: there are none.
	Signer bundle.Signer
	// Bundles are the settings of bundles, which devices with Offline fetch.
	Bundles Bundles
	// CacheBytes is the memory for verified passes, bytes; at least passcache.MinBytes.
	CacheBytes int64
	// DrainDelay is how long the gateway still serves after shutdown has begun and
	// /readyz reports 503, so load balancers can switch first. May be 0.
	DrainDelay time.Duration
	// DrainTimeout bounds the wait for requests in progress after DrainDelay. Required.
	DrainTimeout time.Duration
	// Connections bounds the open connections; further ones are answered 503. 0:
	// [MaxConnections]. Lower values are for processes with few file descriptors.
	Connections int
	// Now maps the arrival time of a request to the time it is judged at. nil: the
	// identity. The demo uses it to shift time.
	Now func(time.Time) time.Time
	// Trouble returns why the revocation stream cannot be read, for the log and for
	// /readyz of the admin listener. Empty: it can be read. May be nil.
	Trouble func() string
}

// Gateway checks codes. Make one with [New], then call [Gateway.Serve].
type Gateway struct {
	// immutable
	Config
	replica *revocation.Replica
	passes  *passcache.Cache
	checker tokens.Checker
	log     *zap.Logger
	server  *fasthttp.Server
	limits  edge.Limits
	slots   *slots
	builder *offline.Builder // nil: no device may fetch bundles, or the gateway has no key

	bundleSlots *slots

	station                 revocation.Station // of Station; zero: none
	clockError, uploadError uint16             // of Passages, ms

	// atomics
	meter    *meter
	draining atomic.Bool
	load     overload.Gauge
	listener atomic.Pointer[edge.Listener] // once it is served
}

// New prepares a gateway over a replica that the caller keeps up to date.
func New(c Config, replica *revocation.Replica, log *zap.Logger) (*Gateway, error) {
	if c.Devices == nil || c.DrainTimeout <= 0 {
		return nil, errors.New("gateway: Devices and DrainTimeout must be set")
	}
	if c.Connections < 0 || c.Connections > MaxConnections {
		return nil, fmt.Errorf("gateway: Connections must be 0 to %d", MaxConnections)
	}
	if c.Connections == 0 {
		c.Connections = MaxConnections
	}
	if c.Now == nil {
		c.Now = func(arrived time.Time) time.Time { return arrived }
	}
	c.Policies = c.Policies.orDefaults()
	if err := c.checkNeeds(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	var err error
	if c.Devices, err = c.Devices.resolve(c.Policies, c.Station); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if c.Bundles, err = c.Bundles.orDefaults(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	builder, err := c.newBuilder(replica)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	passes, err := passcache.New(c.CacheBytes)
	if err != nil {
		return nil, err
	}
	g := &Gateway{Config: c, replica: replica, passes: passes, log: log, meter: newMeter(), limits: limits, slots: newSlots(batchSlots, deviceSlots), bundleSlots: newSlots(bundleSlots, bundlesPerDevice),
		clockError: milliseconds(c.Passages.ClockError), uploadError: milliseconds(c.Passages.UploadError),
		checker: tokens.Checker{Keys: replica, Revocations: replica, Passes: passes}}
	g.builder = builder
	if c.Bookings.Table != nil || c.Passages.Table != nil {
		g.checker.Ahead = g.prefetch
	}
	if c.Station != "" {
		g.station = revocation.StationOf(c.Station)
	}
	g.server = &fasthttp.Server{
		Handler:            g.serve,
		ErrorHandler:       g.unreadable,
		HeaderReceived:     g.bodyLimit,
		Name:               "railgate",
		Concurrency:        c.Connections,
		ReadBufferSize:     headerBytes,
		WriteBufferSize:    headerBytes,
		MaxRequestBodySize: bodyBytes,
		// No timeouts: edge.Conn enforces the limits. Keep-alive probes are on by
		// default in package net.
		CloseOnShutdown:              true,
		DisablePreParseMultipartForm: true,
		SecureErrorLogMessage:        true, // its default quotes the request, and with it a token
		ExpectHandler:                g.expectNothing,
		Logger:                       quiet{log},
	}
	return g, nil
}

// checkNeeds reports what the devices' policies need and the gateway does not have.
func (c *Config) checkNeeds() error {
	n, err := c.Devices.Needs(c.Policies, c.Station)
	switch {
	case err != nil:
		return err
	case n.Window > 0 && c.Passages.Table == nil:
		return errors.New("a device checks second use, so Passages.Table must be set")
	case n.Tickets && (c.Bookings.Table == nil || c.Bookings.Replica == nil):
		return errors.New("a device looks tickets up, so Bookings must be set")
	case n.Receipts && c.Signer == nil:
		return errors.New("a device may ask for receipts, so Signer must be set")
	case len(c.Station) > MaxStation || !utf8.ValidString(c.Station):
		return fmt.Errorf("the field Station must be at most %d bytes of UTF-8", MaxStation)
	case c.Passages.ClockError < 0 || c.Passages.ClockError > time.Minute, c.Passages.UploadError < 0 || c.Passages.UploadError > time.Minute:
		return errors.New("Passages.ClockError and UploadError must be 0 to 1m")
	}
	return nil
}

// MaxStation is the longest name of a station, bytes: passages contain it.
const MaxStation = 64

func milliseconds(d time.Duration) uint16 { return uint16(d.Milliseconds()) }

// Serve answers requests on inner until ctx ends, then drains: /readyz reports 503
// and requests are still served for DrainDelay; then the listener closes and
// requests in progress get up to DrainTimeout. Serve closes inner.
func (g *Gateway) Serve(ctx context.Context, inner net.Listener) error {
	listener := edge.NewListener(inner, g.limits, g.log)
	g.listener.Store(listener)
	measuring, stop := context.WithCancel(context.WithoutCancel(ctx)) // continues during the drain
	var gauge sync.WaitGroup
	gauge.Go(func() { g.load.Run(measuring) })
	gauge.Go(func() { g.logState(measuring) })
	defer gauge.Wait()
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- g.server.Serve(listener) }()
	select {
	case err := <-failed:
		if err == nil { // the server's report of a listener that another goroutine closed
			err = net.ErrClosed
		}
		return fmt.Errorf("gateway: %w", err)
	case <-ctx.Done():
	}
	g.draining.Store(true)
	g.log.Info("stopping: requests are still served for the drain delay", zap.Duration("delay", g.DrainDelay))
	time.Sleep(g.DrainDelay)
	bounded, cancel := context.WithTimeout(context.Background(), g.DrainTimeout)
	defer cancel()
	if err := g.server.ShutdownWithContext(bounded); err != nil {
		g.log.Warn("drain timeout: some connections are still open", zap.Error(err))
	} else {
		// No request uses the cache any more: only then may it be closed.
		g.passes.Close()
	}
	// Shutdown does not stop a server that has not yet registered its listener.
	listener.Close()
	return <-failed
}

// quiet logs fasthttp's messages at debug level, without their values. They report
// connection errors of arbitrary clients, too many to log in the peak, and may quote input.
type quiet struct{ log *zap.Logger }

func (q quiet) Printf(format string, args ...any) {
	q.log.Debug("http server", zap.String("format", format), zap.Int("values", len(args)))
}
