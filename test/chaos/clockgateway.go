package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	product "github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
)

// shifted is a gateway in this process, made of the same parts as the command, whose
// clock the test sets. Linux has no clock of its own for each process.
type shifted struct {
	shift   atomic.Int64 // of its clock from this machine's, ns
	replica *revocation.Replica
	g       *product.Gateway
	url     string
	client  *http.Client
	stop    func()
}

// startShifted starts a gateway that knows nothing, on the control topic.
func (w *world) startShifted(shift time.Duration) (*shifted, error) {
	s := &shifted{client: newClient()}
	s.shift.Store(int64(shift))
	authority, err := revocation.ParseAuthority(w.authority)
	if err != nil {
		return nil, err
	}
	if s.replica, err = revocation.NewReplica(authority, partitions, revocation.Limits{}, s.now().UnixMilli()); err != nil {
		return nil, err
	}
	open := func() (stream.Link, error) {
		return kafka.Open(kafka.Config{Brokers: w.broker.Bootstrap(), Topic: w.topic, ClientID: "railgate-gateway"})
	}
	follower := stream.New(open, w.topic, s.replica, s.now, zap.NewNop())
	devices, err := product.NewDevices([]product.DeviceEntry{{ID: "shifted", Hash: product.HashCredential(w.device), Scopes: []string{"entry"}}})
	if err != nil {
		return nil, err
	}
	s.g, err = product.New(product.Config{Devices: devices, CacheBytes: passcache.MinBytes, DrainTimeout: time.Second,
		Now: func(arrived time.Time) time.Time { return arrived.Add(time.Duration(s.shift.Load())) }, Trouble: follower.Trouble}, s.replica, zap.NewNop())
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.url = "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { follower.Run(ctx) })
	parts.Go(func() { s.g.Serve(ctx, listener) })
	s.stop = func() { cancel(); parts.Wait(); s.client.CloseIdleConnections() }
	return s, nil
}

// now is the gateway's clock.
func (s *shifted) now() time.Time { return time.Now().Add(time.Duration(s.shift.Load())) }

// check asks for a code as it was shown at a moment.
func (s *shifted) check(ctx context.Context, w *world, h *holder, shown time.Time) (*verdict, string, error) {
	status, body, err := post(ctx, s.client, s.url+"/v1/check?scope=entry", w.device, "text/plain", h.text(shown))
	if err != nil {
		return nil, "", err
	}
	var v verdict
	if err := json.Unmarshal(body, &v); err != nil || status != http.StatusOK || v.Verdict == "" {
		return nil, "", fmt.Errorf("the gateway with its own clock answered %d: %s", status, body)
	}
	return &v, string(body), nil
}

// await waits until the gateway's readiness is as wanted, at most for comeBackBound.
func (s *shifted) await(ctx context.Context, wanted func(product.Readiness) bool) (product.Readiness, bool) {
	for deadline := time.Now().Add(comeBackBound); ; {
		r := s.g.Readiness()
		if wanted(r) {
			return r, true
		}
		if !time.Now().Before(deadline) || !sleep(ctx, pollEvery) {
			return r, false
		}
	}
}
