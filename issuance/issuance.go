// Package issuance assembles the issuer on one database: temporary IDs, accounts, the
// registry, staff, the audit log, and the HTTP API. Commands and tests open the same parts.
//
// It promises that changes which belong together are one transaction, whichever packages
// they cross: ending a login closes its sessions, and a new account has its identity in the
// registry. It has no rules of its own.
package issuance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation/publish"
)

// Config has the parts and settings of an Issuer. Open sets Credentials.Accounts,
// Credentials.Lockout, Credentials.Policy, Credentials.AuditLog and Credentials.Keys.
type Config struct {
	// Credentials has the outbox, vault, providers, clock, log and metrics; all parts share
	// the last three.
	Credentials credential.Config
	// Keys are this process's issuer keys, the oldest first.
	Keys []keyring.Key
	// Announce lists more keys for gateways to accept; see keyring.RingConfig.
	Announce []keyring.Public
	// FirstKeySigns makes the oldest key sign immediately, whether gateways know it or not.
	// For tests only.
	FirstKeySigns bool
	// KeyLead is how long a key's announcement must be in the stream before it signs,
	// at most keyring.MaxLead. 0: no time.
	KeyLead time.Duration
	// Policy is the version of the active privacy policy. Empty: DefaultPolicy.
	Policy string
	// Codes sends one-time codes to phones. nil: none are sent. CodePrefixes are the country
	// codes served besides mainland China's. nil: account.DefaultCodePrefixes.
	Codes        provider.CodeSender
	CodePrefixes []string
	// Hashing is the cost of password hashing. Zero: account.DefaultHashing.
	Hashing account.Hashing
	// Bookings is the outbox of [OpenBookings]. nil: bookings are not published. Opens is as in
	// [registry.Config].
	Bookings *outbox.Outbox
	Opens    time.Duration
	// ControlStats and BookingsStats return the counters of the streams' publishers, for operators. nil: they are
	// not shown.
	ControlStats, BookingsStats func() publish.Stats
	// Limits are the numbers of the registry's rules. Zero: rules.DefaultLimits.
	Limits rules.Limits
	// Staff are the staff credentials.
	Staff []staff.Credential
	// Lockout has the rules of lockouts, of one-time codes, and of throttled networks. Zero:
	// those of package throttle. Open sets the other fields.
	Lockout throttle.Config
	// HTTP has Contact, Proxies, Callback and the bounds on requests. Open sets the other
	// fields.
	HTTP httpapi.Config
}

// DefaultPolicy is the version of the privacy policy that this program serves.
const DefaultPolicy = "2026-11"

// Issuer is an open issuer. It is safe for concurrent use.
type Issuer struct {
	Credentials *credential.Service
	Accounts    *account.Service
	Registry    *registry.Store
	AuditLog    *audit.Log
	API         *httpapi.API

	now func() time.Time
	log *zap.Logger
}

// OpenOutbox opens the database and its outbox, with all sources of active records.
func OpenOutbox(ctx context.Context, c outbox.Config) (*outbox.Outbox, error) {
	c.Sources = []outbox.Source{keyring.ActiveRecords, credential.ActiveRecords}
	return outbox.Open(ctx, c)
}

// BookingsConfig has the shape of the stream of bookings and what derives its records.
type BookingsConfig struct {
	// Topic, Partitions and Move are as in [outbox.BookingsConfig].
	Topic      string
	Partitions int
	Move       bool
	Vault      *vault.Vault
	Opens      time.Duration    // as in [registry.Config]
	Now        func() time.Time // nil: time.Now
}

// OpenBookings opens the stream of bookings in the database of box, with the source of its active records.
func OpenBookings(ctx context.Context, box *outbox.Outbox, c BookingsConfig) (*outbox.Outbox, error) {
	return box.OpenBookings(ctx, outbox.BookingsConfig{
		Partitions: c.Partitions, Topic: c.Topic, Move: c.Move, Now: c.Now, Place: registry.PlaceBooking,
		Active: registry.ActiveBookings(registry.Config{Vault: c.Vault, Opens: c.Opens}),
	})
}

// EncryptedColumns are all columns that are encrypted with a field key: re-encryption with a
// newer key covers them.
func EncryptedColumns() []vault.Column {
	return slices.Concat(credential.EncryptedColumns(), account.EncryptedColumns(), registry.EncryptedColumns())
}

// Open assembles an issuer and announces its keys. It starts nothing else.
func Open(ctx context.Context, c Config) (*Issuer, error) {
	if c.Credentials.Outbox == nil || c.Credentials.Vault == (vault.Master{}) {
		return nil, errors.New("issuance: no outbox or no vault master")
	}
	if c.Credentials.Now == nil {
		c.Credentials.Now = time.Now
	}
	if c.Credentials.Log == nil {
		c.Credentials.Log = zap.NewNop()
	}
	if c.Policy == "" {
		c.Policy = DefaultPolicy
	}
	b := &Issuer{now: c.Credentials.Now, log: c.Credentials.Log}
	db, secrets := c.Credentials.Outbox.Database(), vault.New(c.Credentials.Vault, c.Credentials.FieldKeys...)
	c.Lockout.Database, c.Lockout.Index, c.Lockout.Now = db, secrets.Index, b.now
	lockout, err := throttle.NewLockout(c.Lockout)
	if err != nil {
		return nil, err
	}
	b.AuditLog, err = audit.New(audit.Config{DB: db, Key: secrets.AuditKey(), Now: b.now, Log: b.log, Metrics: c.Credentials.Metrics})
	if err != nil {
		return nil, err
	}
	c.Credentials.AuditLog = b.AuditLog
	if c.Credentials.Metrics != nil {
		if err := c.Credentials.Metrics.Register(lockout); err != nil {
			return nil, fmt.Errorf("issuance: metrics: %w", err)
		}
	}
	b.Registry, err = registry.New(registry.Config{
		Database: db, Vault: secrets, AuditLog: b.AuditLog, Lockout: lockout,
		Identify: b.identify, BookingStream: c.Bookings, Opens: c.Opens, Limits: c.Limits, Policy: c.Policy, Now: b.now,
	})
	if err != nil {
		return nil, err
	}
	b.Accounts, err = account.New(account.Config{
		Database: db, Vault: secrets, Lockout: lockout, Policy: c.Policy, Hashing: c.Hashing, Now: b.now, Hooks: b.hooks(),
		Codes: c.Codes, CodePrefixes: c.CodePrefixes, Log: b.log, Metrics: c.Credentials.Metrics,
	})
	if err != nil {
		return nil, err
	}
	c.Credentials.Accounts, c.Credentials.Lockout, c.Credentials.Policy = b.Accounts, lockout, c.Policy
	if c.Credentials.Keys, err = b.openKeys(ctx, &c); err != nil {
		return nil, err
	}
	if b.Credentials, err = credential.Open(ctx, c.Credentials); err != nil {
		return nil, err
	}
	list, err := staff.NewList(staff.Config{Credentials: c.Staff, Now: b.now, Metrics: c.Credentials.Metrics})
	if err != nil {
		return nil, err
	}
	c.HTTP.Staff, c.HTTP.Accounts, c.HTTP.Registry, c.HTTP.AuditLog, c.HTTP.Log, c.HTTP.Metrics = list, b.Accounts, b.Registry, b.AuditLog, b.log, c.Credentials.Metrics
	c.HTTP.Streams = []httpapi.Stream{{Outbox: c.Credentials.Outbox, Stats: c.ControlStats}}
	if c.Bookings != nil {
		c.HTTP.Streams = append(c.HTTP.Streams, httpapi.Stream{Outbox: c.Bookings, Stats: c.BookingsStats})
	}
	c.HTTP.SandboxCodes, _ = c.Codes.(*provider.SandboxCodes)
	b.API, err = httpapi.New(b.Credentials, c.HTTP)
	return b, err
}

// itself is the issuer's name in the audit log, for actions without a person.
const itself = "issuer"

// openKeys makes the ring of the issuer's keys. On a new database the oldest key is announced
// without a command: no other key could sign.
func (b *Issuer) openKeys(ctx context.Context, c *Config) (*keyring.Ring, error) {
	store, err := keyring.NewStore(keyring.Config{Outbox: c.Credentials.Outbox, Sessions: credential.Sessions{}, AuditLog: b.AuditLog, Lead: c.KeyLead})
	if err != nil {
		return nil, err
	}
	ring, err := keyring.New(keyring.RingConfig{Store: store, Keys: c.Keys, Announce: c.Announce, Now: b.now, Log: b.log, Metrics: c.Credentials.Metrics, FirstSigns: c.FirstKeySigns})
	if err != nil || c.FirstKeySigns {
		return ring, err
	}
	by := audit.Entry{AtMs: b.now().UnixMilli(), Who: itself, Role: staff.Program}
	_, err = store.Bootstrap(ctx, c.Keys[0].Public(), by)
	return ring, err
}

// Run does the periodic work until ctx ends: announcements, key refreshes, erasure, bookings of
// journeys that are near, chaining of audit entries. End it after the listeners, so that the entries of the last requests are
// chained.
func (b *Issuer) Run(ctx context.Context) error {
	var parts errgroup.Group
	parts.Go(func() error { b.Credentials.Run(ctx); return nil })
	parts.Go(func() error { return b.Credentials.Keys.Run(ctx) })
	parts.Go(func() error { return b.AuditLog.Run(ctx) })
	parts.Go(func() error { b.sweep(ctx); return nil })
	parts.Go(func() error { b.publishBookings(ctx); return nil })
	return parts.Wait()
}

// sweepEvery is how often ended logins and old failures are deleted.
const sweepEvery = 10 * time.Minute

func (b *Issuer) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := b.Accounts.Sweep(ctx, b.now()); err != nil && ctx.Err() == nil {
			b.log.Error("old logins and failures of accounts not deleted; retrying", zap.Error(fmt.Errorf("issuance: %w", err)))
		}
		if _, err := b.Registry.Sweep(ctx, b.now()); err != nil && ctx.Err() == nil {
			b.log.Error("old rows of the registry not deleted; retrying", zap.Error(fmt.Errorf("issuance: %w", err)))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// bookEvery is how often bookings of journeys that have become near are looked for. Reports of near
// journeys do not wait for it.
const bookEvery = 10 * time.Second

func (b *Issuer) publishBookings(ctx context.Context) {
	tick := time.NewTicker(bookEvery)
	defer tick.Stop()
	for {
		if _, err := b.Registry.PublishBookings(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("bookings not published; retrying", zap.Error(fmt.Errorf("issuance: %w", err)))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// identify checks a person online (rule G39).
func (b *Issuer) identify(ctx context.Context, p identity.Person, evidence string, from throttle.Caller) (registry.Identified, error) {
	label, guard, err := b.Credentials.Identify(ctx, provider.Person{Name: p.Name.Text, Document: p.Document, Number: p.Number}, evidence, from)
	return registry.Identified{Provider: label, Guard: guard}, err
}

// hooks run in the transactions that change accounts.
func (b *Issuer) hooks() account.Hooks {
	return account.Hooks{
		Registered:     b.Registry.Registered,
		IdentityEdited: b.Registry.IdentityEdited,
		Closing: func(ctx context.Context, tx *sql.Tx, id string) error {
			if err := b.Registry.Closing(ctx, tx, id); err != nil {
				return err
			}
			return b.Credentials.Store.Detach(ctx, tx, id, database.MillisAt(b.now()))
		},
		LoginsEnded: func(ctx context.Context, tx *sql.Tx, logins []string) error {
			return b.Credentials.Store.CloseLogins(ctx, tx, logins, database.MillisAt(b.now()))
		},
		Recovered: func(ctx context.Context, tx *sql.Tx, id, request string) error {
			return b.AuditLog.Append(ctx, tx, audit.Entry{
				AtMs: b.now().UnixMilli(), Who: itself, Role: staff.Program, Action: staff.ResetPassword,
				Object: audit.Object{Kind: audit.Account, ID: id}, Detail: "by a code to the verified phone; all logins ended", Request: request,
			})
		},
	}
}
