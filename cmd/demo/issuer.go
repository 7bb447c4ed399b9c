package main

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/passage/exchange"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens/signing"
)

const (
	bookingsTopic = "railgate.bookings"
	passagesTopic = exchange.DefaultTopic
	// opens is how long before departure gates admit.
	opens = 12 * time.Hour
)

// startIssuer starts the issuer with its database and publishers, and announces the keys of the gateways.
func (h *system) startIssuer(ctx context.Context, a addresses, log *zap.Logger) error {
	dir, err := os.MkdirTemp("", "railgate-demo-data-")
	if err != nil {
		return err
	}
	h.atEnd(func() { os.RemoveAll(dir) })
	db, err := issuance.OpenOutbox(ctx, outbox.Config{Database: filepath.Join(dir, "issuer.db"), Partitions: partitions, Topic: topic, Now: h.clock.now})
	if err != nil {
		return err
	}
	h.atEnd(func() { db.Close() })
	keys := keystore.New()
	h.issuerKey = keyring.Key{ID: keys.IssuerID, Signer: keys.Issuer}.Public()
	bookings, err := issuance.OpenBookings(ctx, db, issuance.BookingsConfig{Topic: bookingsTopic, Partitions: partitions,
		Vault: vault.New(keys.Vault), Opens: opens, Now: h.clock.now})
	if err != nil {
		return err
	}
	stats, err := h.startPublishers(ctx, db, bookings, keys, log)
	if err != nil {
		return err
	}
	metrics := prometheus.NewRegistry()
	secret, member, err := staff.New("demo", a.roles...)
	if err != nil {
		return err
	}
	ticketing, seller, err := staff.New("demo-tickets", staff.Ticketing)
	if err != nil {
		return err
	}
	h.staff, h.ticketing = secret, ticketing
	members := []staff.Credential{member, seller}
	for _, role := range roles {
		secret, member, err := staff.New("demo-"+string(role), role)
		if err != nil {
			return err
		}
		h.byRole[role] = secret
		members = append(members, member)
	}
	issuer, err := issuance.Open(ctx, issuance.Config{
		Credentials: credential.Config{
			Outbox: db, Vault: keys.Vault,
			Checker: facecheck.Sandbox{}, CheckTimeout: time.Second, Residents: provider.SandboxResidentRegistry{},
			Now: h.clock.now, Log: log, Metrics: metrics,
		},
		Bookings: bookings, Opens: opens, ControlStats: stats[0], BookingsStats: stats[1],
		Announce: []keyring.Public{{ID: loadKeyID, Key: signing.NewKey(h.loadSeed).Public()}},
		Keys:     []keyring.Key{{ID: keys.IssuerID, Signer: keys.Issuer}},
		Staff:    members,
		Codes:    provider.NewSandboxCodes(), // its codes are at the admin listener
		HTTP:     httpapi.Config{Pages: a.pages()},
	})
	if err != nil {
		return err
	}
	if err := h.announceGateways(ctx, db, issuer.AuditLog); err != nil {
		return err
	}
	public, err := listen(a.issuer, &h.issuer)
	if err != nil {
		return err
	}
	admin, err := listen(a.issuerAdmin, &h.issuerAdmin)
	if err != nil {
		return err
	}
	h.parts.Go(func() error { return issuer.Run(ctx) })
	h.parts.Go(func() error {
		return process.ServeHTTP(ctx, httpapi.NewServer("", issuer.API.Public(), log), httpapi.Listener(public, log), drain)
	})
	h.parts.Go(func() error {
		return process.ServeHTTP(ctx, httpapi.NewServer("", issuer.API.Admin(metrics), log), admin, drain)
	})
	h.pages = h.issuer
	if h.lan != nil {
		if h.pages, err = h.lan.serve(ctx, h, public, issuer.API.Public(), log); err != nil {
			return err
		}
	}
	pinned := keys.Authority.Public()
	h.authority = hex.EncodeToString(pinned[:])
	h.pinned, err = revocation.NewAuthority(pinned)
	return err
}

// startPublishers starts what writes the control stream and the bookings, and creates the topic of passages. stats
// are the counters of the two publishers.
func (h *system) startPublishers(ctx context.Context, control, bookings *outbox.Outbox, keys *keystore.Keys, log *zap.Logger) (stats []func() publish.Stats, err error) {
	for _, s := range []struct {
		domain revocation.Domain
		topic  string
		outbox *outbox.Outbox
		life   time.Duration
	}{{revocation.Control, topic, control, 0}, {revocation.Bookings, bookingsTopic, bookings, registry.BookingLife}} {
		link, err := kafka.Open(h.kafka(s.topic))
		if err != nil {
			return nil, err
		}
		h.atEnd(link.Close)
		publisher := publish.New(publish.Config{
			Domain: s.domain, RecordLife: s.life, Broker: link, Topic: publish.Topic{Name: s.topic, Partitions: partitions, Replication: 1},
			Outbox: s.outbox, Authority: keys.Authority, Heartbeat: heartbeat, Now: h.clock.now, Log: log,
		})
		s.outbox.SetWake(publisher.WakeOne)
		stats = append(stats, publisher.Stats)
		h.parts.Go(func() error { return publisher.Run(ctx) })
	}
	link, err := kafka.Open(h.kafka(passagesTopic))
	if err != nil {
		return nil, err
	}
	h.atEnd(link.Close)
	passages := publish.Topic{Name: passagesTopic, Partitions: partitions, Replication: 1, Retention: exchange.MinRetention}
	h.parts.Go(func() error { passages.Keep(ctx, link, log); return nil })
	return stats, nil
}

// announceGateways announces the keys with which the gateways sign, as railgate-issuer -announce-gateway does.
func (h *system) announceGateways(ctx context.Context, db *outbox.Outbox, log *audit.Log) error {
	store, err := keyring.NewStore(keyring.Config{Outbox: db, Sessions: credential.Sessions{}, AuditLog: log})
	if err != nil {
		return err
	}
	by := audit.Entry{AtMs: h.clock.now().UnixMilli(), Who: "demo", Role: staff.Operator}
	for _, s := range []*station{h.beijing, h.shanghai} {
		if _, err := store.AnnounceGateway(ctx, s.identity.Gateway, s.public(), by); err != nil {
			return err
		}
	}
	return nil
}
