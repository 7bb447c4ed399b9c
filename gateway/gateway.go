package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// timeNow is the clock of status pages; the check path uses the request's time.
var timeNow = time.Now

// Config is what a Gateway works with.
type Config struct {
	Devices *Devices // who may ask; required
	// Policy is what gates do in each state of the revocation data, unless their
	// device entry says otherwise. Zero: DefaultPolicy.
	Policy Policy
	// CacheBytes is the memory for verified passes, bytes; at least passcache.MinBytes.
	CacheBytes int64
	// DrainDelay is how long the gateway still serves after it was told to stop and
	// /readyz has turned, so that load balancers look elsewhere first. May be 0.
	DrainDelay time.Duration
	// DrainTimeout bounds the wait for requests at hand after that. Required.
	DrainTimeout time.Duration
	// Connections bounds those open at once; more are answered 503. 0:
	// [MaxConnections]. Less than that is for a process with few descriptors.
	Connections int
	// Now turns the arrival time of a request into the time it is judged by. nil:
	// the same. The demo uses it to move time.
	Now func(time.Time) time.Time
	// Trouble says what keeps the revocation stream from being read, for /readyz of the
	// admin listener and the log. May be nil.
	Trouble func() string
}

// Gateway checks codes. Make one with New, then call Serve.
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

	// atomics
	meter    *meter
	draining atomic.Bool
	load     overload.Gauge
	listener atomic.Pointer[edge.Listener] // once it is served
}

// New prepares a gateway over a replica that somebody else keeps up to date.
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
	if c.Policy == (Policy{}) {
		c.Policy = DefaultPolicy
	}
	var err error
	if c.Devices, err = c.Devices.withPolicy(c.Policy); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	passes, err := passcache.New(c.CacheBytes)
	if err != nil {
		return nil, err
	}
	g := &Gateway{Config: c, replica: replica, passes: passes, log: log, meter: newMeter(), limits: limits, slots: newSlots(),
		checker: tokens.Checker{Keys: replica, Revocations: replica, Passes: passes}}
	g.server = &fasthttp.Server{
		Handler:            g.serve,
		ErrorHandler:       g.unreadable,
		HeaderReceived:     g.bodyLimit,
		Name:               "railgate",
		Concurrency:        c.Connections,
		ReadBufferSize:     headerBytes,
		WriteBufferSize:    headerBytes,
		MaxRequestBodySize: bodyBytes,
		// No timeouts: the connections keep limits themselves. Keep-alive probes
		// are on without a word, as package net has them.
		CloseOnShutdown:              true,
		DisablePreParseMultipartForm: true,
		SecureErrorLogMessage:        true, // its default quotes the request, and with it a token
		ExpectHandler:                g.expectNothing,
		Logger:                       quiet{log},
	}
	return g, nil
}

// Serve answers on inner until ctx ends, then drains: first /readyz turns
// and requests are still served for DrainDelay, then the listener closes and
// requests at hand are finished, for DrainTimeout at most. It closes inner.
func (g *Gateway) Serve(ctx context.Context, inner net.Listener) error {
	listener := edge.NewListener(inner, g.limits, g.log)
	g.listener.Store(listener)
	measuring, stop := context.WithCancel(context.WithoutCancel(ctx)) // while it drains, too
	var gauge sync.WaitGroup
	gauge.Go(func() { g.load.Run(measuring) })
	gauge.Go(func() { g.logState(measuring) })
	defer gauge.Wait()
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- g.server.Serve(listener) }()
	select {
	case err := <-failed:
		if err == nil { // how the server reports a listener that was closed elsewhere
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
		g.log.Warn("some connections did not end in time", zap.Error(err))
	} else {
		// Only now does nobody ask the cache any more; a closed one must not be asked.
		g.passes.Close()
	}
	// A server that had not taken up its listener yet was not stopped by that.
	listener.Close()
	return <-failed
}

// quiet takes fasthttp's messages: connection errors of strangers, which are
// not worth a line each in the peak.
type quiet struct{ log *zap.Logger }

func (q quiet) Printf(format string, args ...any) {
	q.log.Debug("http server", zap.String("format", format), zap.Int("values", len(args)))
}
