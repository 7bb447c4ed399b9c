package main

import (
	"context"
	"crypto/ed25519"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/internal/feeds"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/tokens"
)

const (
	cacheBytes     = 16 << 20
	passageEntries = 1 << 18 // for load tests
	// bundleEvery is short, so that the demo need not wait for a newer bundle.
	bundleEvery = 50 * time.Millisecond
)

// The devices of both stations. Each checks one subject, so that every chapter shows one subject.
const (
	entryGate  = "entry-gate"
	saleWindow = "sale-window"
	turnstile  = "turnstile"   // lets a code pass once
	barrier    = "barrier"     // the same, and reports whether it turned
	ticketGate = "ticket-gate" // requires a ticket
	handheld   = "handheld"    // works without a network too
)

// handheldScopes are what the handheld may check.
var handheldScopes = []string{"entry", "onboard"}

// station is a gateway and the devices of one place.
type station struct {
	name       string // as the ticketing system spells it
	english    string
	identity   *feeds.Identity
	url, admin string // base URLs
	feeds      *feeds.Feeds
	replica    *revocation.Replica // of the control stream
	devices    map[string]string   // credentials
}

// newStation returns a station whose gateway has a new key. It starts nothing.
func newStation(id revocation.GatewayID, name, english string) *station {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic("BUG: the system's random source failed: " + err.Error())
	}
	return &station{name: name, english: english, identity: &feeds.Identity{Gateway: id, Key: key}, devices: map[string]string{}}
}

func (s *station) public() [tokens.PublicKeySize]byte {
	return [tokens.PublicKeySize]byte(s.identity.Key.Public().(ed25519.PublicKey))
}

// device makes the credential of a device and returns its settings.
func (s *station) device(id string, scopes ...string) gateway.DeviceEntry {
	s.devices[id] = gateway.NewCredential()
	return gateway.DeviceEntry{ID: id, Hash: gateway.HashCredential(s.devices[id]), Scopes: scopes}
}

func beijingDevices(s *station, offlineGate bool) []gateway.DeviceEntry {
	once := gateway.PassbackEntry{Mode: "deny"}
	gate, window := s.device(entryGate, "entry", "exit"), s.device(saleWindow, "sale", "refund", "change", "verify")
	gate.Offline = offlineGate
	turns, reports := s.device(turnstile, "entry", "exit"), s.device(barrier, "entry", "exit")
	turns.Passback, reports.Passback = once, once
	reports.Passback.Confirm = true
	tickets := s.device(ticketGate, "entry")
	tickets.Ticket.Mode = "require"
	held := s.device(handheld, handheldScopes...)
	held.Offline, held.Receipts, held.Passback, held.Ticket.Mode = true, true, once, "flag"
	return []gateway.DeviceEntry{gate, window, turns, reports, tickets, held}
}

func shanghaiDevices(s *station) []gateway.DeviceEntry {
	turns := s.device(turnstile, "entry", "exit")
	turns.Passback.Mode = "deny"
	return []gateway.DeviceEntry{turns}
}

// startGateway starts the station's gateway.
func (h *system) startGateway(ctx context.Context, s *station, entries []gateway.DeviceEntry, public, admin string, log *zap.Logger) error {
	devices, err := gateway.NewDevices(entries)
	if err != nil {
		return err
	}
	needs, err := devices.Needs(gateway.Policies{}, s.name)
	if err != nil {
		return err
	}
	s.replica, err = revocation.NewReplica(h.pinned, partitions, revocation.Limits{}, h.clock.now().UnixMilli())
	if err != nil {
		return err
	}
	follower := stream.New(func() (stream.Link, error) { return kafka.Open(h.kafka(topic)) }, topic, s.replica, h.clock.now, log)
	s.feeds, err = feeds.New(feeds.Config{Needs: needs, Station: s.name, Identity: s.identity, Control: s.replica, Authority: h.pinned,
		Passages: feeds.Passages{Topic: passagesTopic, Partitions: partitions, Entries: passageEntries, ClockError: time.Second, UploadError: 2 * time.Second},
		Bookings: feeds.Bookings{Topic: bookingsTopic, Partitions: partitions, AllStations: true},
		Kafka:    h.kafka, Now: h.clock.now, Log: log})
	if err != nil {
		return err
	}
	settings := gateway.Config{Devices: devices, CacheBytes: cacheBytes, DrainTimeout: drain, Now: h.clock.at, Trouble: follower.Trouble,
		Bundles: gateway.Bundles{Every: bundleEvery}}
	s.feeds.Connect(&settings)
	g, err := gateway.New(settings, s.replica, log)
	if err != nil {
		return err
	}
	listener, err := listen(public, &s.url)
	if err != nil {
		return err
	}
	private, err := listen(admin, &s.admin)
	if err != nil {
		return err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(g, feeds.Metrics{Feeds: s.feeds})
	h.parts.Go(func() error { follower.Run(ctx); return nil })
	h.parts.Go(func() error { return s.feeds.Run(ctx) })
	h.parts.Go(func() error { return g.Serve(ctx, listener) })
	h.parts.Go(func() error { return process.ServeHTTP(ctx, g.NewAdmin(metrics), private, drain) })
	return nil
}

// current reports whether the gateway knows all passages and bookings up to now.
func (s *station) current(now time.Time) bool {
	ms := now.UnixMilli()
	if s.feeds.Exchange.Reach(ms) != passage.Exact {
		return false
	}
	if s.feeds.Booked == nil {
		return true
	}
	f := s.feeds.Booked.Freshness(ms)
	return f.Usable && f.State == revocation.Fresh
}
