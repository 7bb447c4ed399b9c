package main

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// role is one kind of server inside its own process.
type role struct {
	serve  func(context.Context, net.Listener) error
	misses func() (uint64, error)
	answer func(body string)
}

// cacheBytes is memory for three times as many passes as -sessions allows.
const cacheBytes = 64 << 20

// drainWithin bounds the end of a server: its connections are ours and closed.
const drainWithin = 2 * time.Second

// heartbeat keeps the revocation data fresh, as the issuer's does.
const heartbeat = time.Second

// newGatewayRole is the gateway as it is, fed by a pretended issuer.
func newGatewayRole() (*role, error) {
	feed := revocationtest.NewFeed(time.Now().UnixMilli(), issuerKeys()...)
	devices, err := gateway.NewDevices([]gateway.DeviceEntry{
		{ID: "bench", Hash: gateway.HashCredential(credential), Scopes: []string{scope.String()}}})
	if err != nil {
		return nil, err
	}
	g, err := gateway.New(gateway.Config{Devices: devices, CacheBytes: cacheBytes, DrainTimeout: drainWithin}, feed.Replica, zap.NewNop())
	if err != nil {
		return nil, err
	}
	metrics := prometheus.NewPedanticRegistry()
	if err := metrics.Register(g); err != nil {
		return nil, err
	}
	return &role{
		serve: func(ctx context.Context, listener net.Listener) error {
			go func() {
				for tick := time.NewTicker(heartbeat); ; {
					select {
					case <-ctx.Done():
						tick.Stop()
						return
					case at := <-tick.C:
						feed.Apply(at.UnixMilli())
					}
				}
			}()
			return g.Serve(ctx, listener)
		},
		misses: func() (uint64, error) { return cacheMisses(metrics) },
	}, nil
}

// cacheMisses reads the counter that an operator would read.
func cacheMisses(metrics prometheus.Gatherer) (uint64, error) {
	families, err := metrics.Gather()
	if err != nil {
		return 0, err
	}
	for _, family := range families {
		if family.GetName() != "railgate_pass_cache_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "event" && label.GetValue() == "miss" {
					return uint64(m.GetCounter().GetValue()), nil
				}
			}
		}
	}
	return 0, errors.New("the gateway counts no misses of its cache")
}

// newNoopRole is the least that fasthttp can do for a request: no timeouts, no
// routing, the answer ready. It has the gateway's name, so heads are of one size.
func newNoopRole() *role {
	var body atomic.Pointer[[]byte]
	body.Store(&[]byte{})
	server := &fasthttp.Server{
		Name:            "railgate",
		CloseOnShutdown: true,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.Response.Header.SetContentType("application/json")
			ctx.Response.SetBody(*body.Load())
		},
	}
	return &role{
		serve: func(ctx context.Context, listener net.Listener) error {
			failed := make(chan error, 1)
			go func() { failed <- server.Serve(listener) }()
			select {
			case err := <-failed:
				return err
			case <-ctx.Done():
			}
			bounded, cancel := context.WithTimeout(context.Background(), drainWithin)
			defer cancel()
			return server.ShutdownWithContext(bounded)
		},
		misses: func() (uint64, error) { return 0, nil },
		answer: func(text string) { b := []byte(text); body.Store(&b) },
	}
}
