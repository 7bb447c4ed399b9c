package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

const (
	topic      = "railgate.control"
	partitions = 3
	heartbeat  = 100 * time.Millisecond // a tenth of the default, which shortens the demo
	drain      = 3 * time.Second
	// loadKeyID is announced beside the issuer's own key: the load test signs passes with it.
	loadKeyID tokens.KeyID = 40001
)

// addresses are the listen addresses of a system; port 0 means any free port.
type addresses struct {
	gateway, gatewayAdmin, issuer, issuerAdmin string
	handheld                                   string       // of the handheld's page; empty: it is not served
	lan                                        string       // address for phones; empty: none
	folder                                     string       // of the pages, read again at each visit; empty: those in the program
	roles                                      []staff.Role // of the staff credential
	offlineGate                                bool         // the entry gate may send batches of scans made without a network
}

const anyPort = "127.0.0.1:0"

var anywhere = addresses{gateway: anyPort, gatewayAdmin: anyPort, issuer: anyPort, issuerAdmin: anyPort, handheld: anyPort,
	roles: []staff.Role{staff.Window, staff.Police}}

// system is every part of railgate in one process (broker, database, issuer and the gateways of two stations,
// connected by real sockets) and its clients.
type system struct {
	clock               *clock
	issuer, issuerAdmin string // base URLs
	pages, handheld     string // base URLs of the pages, for people: with TLS if there is a lan
	handheldHere        string // base URL of the handheld's page on loopback
	lan                 *lan   // nil: loopback only
	beijing, shanghai   *station
	staff, ticketing    string // credentials
	byRole              map[staff.Role]string
	loadSeed            [signing.SeedSize]byte
	brokers             []string
	pinned              *revocation.Authority // signs the streams
	authority           string                // its public key, hexadecimal
	issuerKey           keyring.Public        // signs passes

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
	h = &system{clock: &clock{}, stop: stop, byRole: map[staff.Role]string{}, loadSeed: signing.GenerateSeed(), beijing: newStation(1, passenger.From, "Beijing South"), shanghai: newStation(2, passenger.To, "Shanghai Hongqiao")}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.lan, err = newLAN(a.lan); err != nil {
		return h, err
	}
	broker, err := fakekafka.Start()
	if err != nil {
		return h, fmt.Errorf("broker: %w", err)
	}
	h.atEnd(broker.Close)
	h.brokers = broker.Addresses()
	if err := h.startIssuer(ctx, a, log); err != nil {
		return h, fmt.Errorf("issuer: %w", err)
	}
	if err := h.startGateway(ctx, h.beijing, beijingDevices(h.beijing, a.offlineGate), a.gateway, a.gatewayAdmin, log); err != nil {
		return h, fmt.Errorf("gateway: %w", err)
	}
	if err := h.startGateway(ctx, h.shanghai, shanghaiDevices(h.shanghai), anyPort, anyPort, log); err != nil {
		return h, fmt.Errorf("second gateway: %w", err)
	}
	if a.handheld != "" {
		if err := h.startHandheld(ctx, a, log); err != nil {
			return h, fmt.Errorf("handheld's page: %w", err)
		}
	}
	h.client = &passenger.Client{Issuer: h.issuer, Send: h.send, Now: h.clock.now}
	return h, nil
}

func (h *system) kafka(topic string) kafka.Config {
	return kafka.Config{Brokers: h.brokers, Topic: topic, ClientID: "demo"}
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

// awaitReady waits until the issuer has an active key and the gateways have received data from it and from each
// other under the present clock.
func (h *system) awaitReady() error {
	var r struct {
		State   string
		Waiting []string
	}
	for end := time.Now().Add(readyTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if h.ready(h.issuerAdmin, &r) && h.ready(h.shanghai.admin, &r) && h.ready(h.beijing.admin, &r) && r.State == "fresh" &&
			h.beijing.current(h.clock.now()) && h.shanghai.current(h.clock.now()) {
			return nil
		}
	}
	now := h.clock.now()
	return fmt.Errorf("issuer and gateways are not ready after %v: gateway state %s, waiting for %q; passages and bookings are current: %v, %v",
		readyTimeout, r.State, r.Waiting, h.beijing.current(now), h.shanghai.current(now))
}

// ready reads /readyz into a struct and reports whether the answer is 200.
func (h *system) ready(admin string, into any) bool {
	answer, err := h.send(context.Background(), passenger.Request{Method: "GET", URL: admin + "/readyz"})
	return err == nil && json.Unmarshal(answer.Body, into) == nil && answer.Status == http.StatusOK
}
