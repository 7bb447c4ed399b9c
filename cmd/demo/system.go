package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

const (
	topic      = "railgate.control"
	partitions = 3
	heartbeat  = 100 * time.Millisecond // a tenth of the default, which shortens the demo
	cacheBytes = 16 << 20
	drain      = 3 * time.Second
	// loadKeyID is announced beside the issuer's own key: the load test signs passes with it.
	loadKeyID tokens.KeyID = 40001
)

// addresses are the listen addresses of a system; port 0 means any free port.
type addresses struct {
	gateway, gatewayAdmin, issuer, issuerAdmin string
	roles                                      []staff.Role // of the staff credential
	offlineGate                                bool         // the entry gate may send batches of scans made without a network
}

var anywhere = addresses{gateway: "127.0.0.1:0", gatewayAdmin: "127.0.0.1:0", issuer: "127.0.0.1:0", issuerAdmin: "127.0.0.1:0",
	roles: []staff.Role{staff.Window, staff.Police}}

// system is every part of railgate in one process (broker, database, issuer and gateway, connected
// by real sockets) and its clients.
type system struct {
	clock                                      *clock
	gateway, gatewayAdmin, issuer, issuerAdmin string // base URLs
	entryGate, saleWindow, staff               string // credentials
	loadSeed                                   [signing.SeedSize]byte
	brokers                                    []string
	authority                                  string         // public key of the control stream, hexadecimal
	issuerKey                                  keyring.Public // signs passes

	client *passenger.Client // of the issuer
	took   time.Duration     // of the client's last request

	closers []func() // run last to first
	stop    context.CancelFunc
	parts   errgroup.Group
}

// atEnd adds a function for close.
func (h *system) atEnd(f func()) { h.closers = append(h.closers, f) }

// openSystem builds and starts the system.
func openSystem(a addresses, log *zap.Logger) (h *system, err error) {
	ctx, stop := context.WithCancel(context.Background())
	h = &system{clock: &clock{}, stop: stop, loadSeed: signing.GenerateSeed(),
		entryGate: gateway.NewCredential(), saleWindow: gateway.NewCredential()}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	broker, err := fakekafka.Start()
	if err != nil {
		return h, fmt.Errorf("broker: %w", err)
	}
	h.atEnd(broker.Close)
	h.brokers = broker.Addresses()
	authority, err := h.startIssuer(ctx, a, broker.Addresses(), log)
	if err != nil {
		return h, fmt.Errorf("issuer: %w", err)
	}
	if err := h.startGateway(ctx, a, broker.Addresses(), authority, log); err != nil {
		return h, fmt.Errorf("gateway: %w", err)
	}
	h.client = &passenger.Client{Issuer: h.issuer, Send: h.send, Now: h.clock.now}
	return h, nil
}

func (h *system) startIssuer(ctx context.Context, a addresses, brokers []string, log *zap.Logger) (*revocation.Authority, error) {
	dir, err := os.MkdirTemp("", "railgate-demo-data-")
	if err != nil {
		return nil, err
	}
	h.atEnd(func() { os.RemoveAll(dir) })
	db, err := issuance.OpenOutbox(ctx, outbox.Config{Database: filepath.Join(dir, "issuer.db"), Partitions: partitions, Topic: topic, Now: h.clock.now})
	if err != nil {
		return nil, err
	}
	h.atEnd(func() { db.Close() })
	keys := keystore.New()
	h.issuerKey = keyring.Key{ID: keys.IssuerID, Signer: keys.Issuer}.Public()
	link, err := kafka.Open(kafka.Config{Brokers: brokers, Topic: topic, ClientID: "demo-issuer"})
	if err != nil {
		return nil, err
	}
	h.atEnd(link.Close)
	publisher := publish.New(publish.Config{
		Broker: link, Topic: publish.Topic{Name: topic, Partitions: partitions, Replication: 1},
		Outbox: db, Authority: keys.Authority, Heartbeat: heartbeat, Now: h.clock.now, Log: log,
	})
	db.SetWake(publisher.WakeOne)
	metrics := prometheus.NewRegistry()
	secret, member, err := staff.New("demo", a.roles...)
	if err != nil {
		return nil, err
	}
	h.staff = secret
	web, err := issuance.Open(ctx, issuance.Config{
		Credentials: credential.Config{
			Outbox: db, Vault: keys.Vault,
			Checker: facecheck.Sandbox{}, CheckTimeout: time.Second, Residents: provider.SandboxResidentRegistry{},
			Now: h.clock.now, Log: log, Metrics: metrics,
		},
		Announce: []keyring.Public{{ID: loadKeyID, Key: signing.NewKey(h.loadSeed).Public()}},
		Keys:     []keyring.Key{{ID: keys.IssuerID, Signer: keys.Issuer}},
		Staff:    []staff.Credential{member},
		Codes:    provider.NewSandboxCodes(), // its codes are at the admin listener
	})
	if err != nil {
		return nil, err
	}
	public, err := listen(a.issuer, &h.issuer)
	if err != nil {
		return nil, err
	}
	admin, err := listen(a.issuerAdmin, &h.issuerAdmin)
	if err != nil {
		return nil, err
	}
	h.parts.Go(func() error { return publisher.Run(ctx) })
	h.parts.Go(func() error { return web.Run(ctx) })
	h.parts.Go(func() error {
		return process.ServeHTTP(ctx, httpapi.NewServer("", web.API.Public(), log), httpapi.Listener(public, log), drain)
	})
	h.parts.Go(func() error {
		return process.ServeHTTP(ctx, httpapi.NewServer("", web.API.Admin(metrics), log), admin, drain)
	})
	pinned := keys.Authority.Public()
	h.authority = hex.EncodeToString(pinned[:])
	return revocation.NewAuthority(pinned)
}

func (h *system) startGateway(ctx context.Context, a addresses, brokers []string, authority *revocation.Authority, log *zap.Logger) error {
	replica, err := revocation.NewReplica(authority, partitions, revocation.Limits{}, h.clock.now().UnixMilli())
	if err != nil {
		return err
	}
	open := func() (stream.Link, error) {
		return kafka.Open(kafka.Config{Brokers: brokers, Topic: topic, ClientID: "demo-gateway"})
	}
	follower := stream.New(open, topic, replica, h.clock.now, log)
	devices, err := gateway.NewDevices([]gateway.DeviceEntry{
		{ID: "entry-gate", Hash: gateway.HashCredential(h.entryGate), Scopes: []string{"entry", "exit"}, Offline: a.offlineGate},
		{ID: "sale-window", Hash: gateway.HashCredential(h.saleWindow), Scopes: []string{"sale", "refund", "change", "verify"}},
	})
	if err != nil {
		return err
	}
	g, err := gateway.New(gateway.Config{Devices: devices, CacheBytes: cacheBytes, DrainTimeout: drain,
		Now: h.clock.at, Trouble: follower.Trouble}, replica, log)
	if err != nil {
		return err
	}
	public, err := listen(a.gateway, &h.gateway)
	if err != nil {
		return err
	}
	admin, err := listen(a.gatewayAdmin, &h.gatewayAdmin)
	if err != nil {
		return err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(g)
	h.parts.Go(func() error { follower.Run(ctx); return nil })
	h.parts.Go(func() error { return g.Serve(ctx, public) })
	h.parts.Go(func() error { return process.ServeHTTP(ctx, g.NewAdmin(metrics), admin, drain) })
	return nil
}

func listen(address string, url *string) (net.Listener, error) {
	l, err := process.Listen("listen", address)
	if err == nil {
		*url = "http://" + l.Addr().String()
	}
	return l, err
}

// close stops every part and removes its data.
func (h *system) close() error {
	h.stop()
	err := h.parts.Wait()
	for i := len(h.closers) - 1; i >= 0; i-- {
		h.closers[i]()
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// clock is the time that every part of the demo uses: real time plus an offset. The demo moves it
// forward instead of waiting for minutes and hours.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return c.at(time.Now()) }

func (c *clock) at(t time.Time) time.Time { return t.Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// awaitReady waits until the issuer has an active key and the gateway has received data from it
// under the present clock.
func (h *system) awaitReady() error {
	var r struct {
		State   string
		Waiting []string
	}
	for end := time.Now().Add(callTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if h.ready(h.issuerAdmin, &r) && h.ready(h.gatewayAdmin, &r) && r.State == "fresh" {
			return nil
		}
	}
	return fmt.Errorf("issuer and gateway are not ready after %v: gateway state %s, waiting for %q", callTimeout, r.State, r.Waiting)
}

// ready reads /readyz into a struct and reports whether the answer is 200.
func (h *system) ready(admin string, into any) bool {
	answer, err := h.send(context.Background(), passenger.Request{Method: "GET", URL: admin + "/readyz"})
	return err == nil && json.Unmarshal(answer.Body, into) == nil && answer.Status == http.StatusOK
}
