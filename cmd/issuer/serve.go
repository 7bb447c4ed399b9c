package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/web"
)

// serve connects the parts, HTTP → service → store and store → publisher → Kafka, and
// runs them until ctx ends.
func serve(ctx context.Context, c *config) error {
	log, err := process.Logger(c.LogLevel)
	if err != nil {
		return err
	}
	defer log.Sync()
	defer process.IgnoreHangup(log)()
	keys, err := c.openKeys()
	if err != nil {
		return err
	}
	for _, w := range c.warnings(keys) {
		log.Warn(w)
	}
	c.limitMemory(process.ReadMemoryLimits(), log)
	db, err := openOutbox(ctx, c, false)
	if err != nil {
		return err
	}
	defer db.Close()

	link, err := openLink(c, c.Kafka.Topic, "railgate-issuer")
	if err != nil {
		return err
	}
	defer link.Close()
	publisher := newPublisher(c, db, link, keys, log)
	db.SetWake(publisher.WakeOne)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		publisherMetrics{publisher, controlMetrics}, process.BuildInfo())
	bookings, err := openBookings(ctx, c, db, vault.New(keys.Vault, keys.FieldKeys...), false)
	if err != nil {
		return err
	}
	var bookingsPublisher *publish.Publisher
	var bookingsStats func() publish.Stats
	if bookings != nil {
		link, err := openLink(c, c.Bookings.Topic, "railgate-issuer")
		if err != nil {
			return err
		}
		defer link.Close()
		bookingsPublisher = newBookingsPublisher(c, bookings, link, keys, log)
		bookings.SetWake(bookingsPublisher.WakeOne)
		bookingsStats = bookingsPublisher.Stats
		metrics.MustRegister(publisherMetrics{bookingsPublisher, bookingsMetrics})
	}
	checker, callback, err := c.FaceCheck.checker(log, metrics)
	if err != nil {
		return err
	}
	registry, err := c.Residents.registry(log, metrics)
	if err != nil {
		return err
	}
	codes, err := c.PhoneCode.sender(log, metrics)
	if err != nil {
		return err
	}
	b, err := issuance.Open(ctx, issuance.Config{
		Credentials: credential.Config{
			Outbox: db, Vault: keys.Vault, FieldKeys: keys.FieldKeys,
			Checker: checker, CheckTimeout: c.FaceCheck.Timeout, Residents: registry, LookupTimeout: c.Residents.Timeout,
			Changes: c.Throttle.changes(), Identifications: c.Throttle.identifications(), Subjects: c.Throttle.subjects(),
			Trouble: func() string { return publishingProblem(publisher.Stats()) }, Log: log, Metrics: metrics,
		},
		Keys: signers(keys), Announce: c.announce, KeyLead: c.KeyLead, Staff: c.roster, Policy: c.PrivacyPolicy, Hashing: c.hashing, Limits: c.Limits,
		Bookings: bookings, Opens: c.Bookings.Opens, ControlStats: publisher.Stats, BookingsStats: bookingsStats, Codes: codes, CodePrefixes: c.PhoneCode.Prefixes, Lockout: c.lockout(),
		HTTP: httpapi.Config{
			Pages: c.pages(), Contact: c.Contact, Proxies: c.proxies, Callback: callback, Rate: c.AddressRate.rate(), Applications: c.Throttle.applications(),
			MaxInFlight: c.Throttle.InFlight, MaxInFlightEach: c.Throttle.InFlightNetwork, MaxStaff: c.Throttle.InFlightStaff,
		},
	})
	if err != nil {
		return err
	}
	if bookings != nil {
		metrics.MustRegister(bookingQueues{bookings, b.Registry})
	}
	public, admin, err := process.ListenBoth(c.Listen, c.Admin, log)
	if err != nil {
		return err
	}
	log.Info("serving", zap.String("version", process.Version()), zap.Stringer("public", public.Addr()), zap.Stringer("admin", admin.Addr()),
		zap.Strings("brokers", c.Kafka.Brokers), zap.String("topic", c.Kafka.Topic))

	// The publisher stops after the listeners, so revocations of the last request are
	// published.
	background, stop := context.WithCancel(context.Background())
	defer stop()
	serving, end := context.WithCancel(background)
	defer end()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		select {
		case <-ctx.Done():
			b.API.Drain()
			log.Info("draining", zap.Duration("delay", c.DrainDelay))
			select {
			case <-time.After(c.DrainDelay):
			case <-serving.Done():
			}
		case <-serving.Done():
		}
		log.Info("stopping: finishing requests in progress, then publishing their revocations")
		end()
	}()
	var parts, listeners errgroup.Group
	parts.Go(func() error {
		defer end() // a wrong topic ends the issuer: it could not keep its promises
		return publisher.Run(background)
	})
	if bookingsPublisher != nil {
		parts.Go(func() error {
			defer end() // as for the control stream
			return bookingsPublisher.Run(background)
		})
	}
	parts.Go(func() error { return keepPassages(background, c, log) })
	parts.Go(func() error { return b.Run(background) })
	listeners.Go(func() error {
		return process.ServeHTTP(serving, httpapi.NewServer(c.Listen, &forwarded{next: b.API.Public(), proxies: c.proxies, log: log}, log), httpapi.Listener(public, log), c.DrainTimeout)
	})
	listeners.Go(func() error {
		return process.ServeHTTP(serving, httpapi.NewServer(c.Admin, b.API.Admin(metrics), log), admin, c.DrainTimeout)
	})
	err = listeners.Wait()
	end()
	<-drained // "stopped" is the last log line
	stop()
	if e := parts.Wait(); !errors.Is(e, context.Canceled) {
		err = errors.Join(err, e)
	}
	log.Info("stopped", zap.Error(err))
	return err
}

// pages returns what the public listener serves beside the API.
func (c *config) pages() httpapi.Pages {
	if !c.Pages {
		return nil
	}
	return web.Issuer()
}

// signers returns the issuer keys of the directory.
func signers(keys *keystore.Keys) (all []keyring.Key) {
	for _, k := range keys.Issuers {
		all = append(all, keyring.Key{ID: k.ID, Signer: k.Signer})
	}
	return all
}

// publishingProblem is the cause that /readyz reports while publishing fails; empty
// while it works.
func publishingProblem(s publish.Stats) string {
	if s.Failing == "" {
		return ""
	}
	return fmt.Sprintf("publishing to the control topic has failed since %s: %s; revocations are stored in the database and reach the gates once publishing works",
		s.FailingSince.UTC().Format(time.RFC3339), s.Failing)
}

// newPublisher returns the publisher from the outbox to the brokers.
func newPublisher(c *config, db *outbox.Outbox, link *kafka.Link, keys *keystore.Keys, log *zap.Logger) *publish.Publisher {
	return publish.New(publish.Config{
		Broker: link, Outbox: db, Authority: keys.Authority, Heartbeat: c.Kafka.Heartbeat, Now: time.Now, Log: log,
		Topic: publish.Topic{Name: c.Kafka.Topic, Partitions: c.Kafka.Partitions,
			Replication: c.Kafka.Replication, Retention: c.Kafka.Retention},
		TopicFaults: func(ctx context.Context) ([]string, error) {
			return kafka.TopicFaults(ctx, link, c.Kafka.Topic, minRetention)
		},
	})
}

// ignoredEvery bounds how often an ignored header is logged.
const ignoredEvery = time.Minute

// forwarded logs a warning when it ignores an X-Forwarded-For header. Without
// trusted_proxies all clients behind a proxy count as one: they share one rate and one
// count of failures.
type forwarded struct {
	next    http.Handler
	proxies throttle.Proxies
	log     *zap.Logger
	warned  atomic.Int64 // Unix nanoseconds
}

func (f *forwarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 && f.ignored(r.RemoteAddr, all) {
		now, last := time.Now().UnixNano(), f.warned.Load()
		if now-last >= int64(ignoredEvery) && f.warned.CompareAndSwap(last, now) {
			f.log.Warn("X-Forwarded-For ignored: its sender is not in trusted_proxies; if it is your proxy, set trusted_proxies, or all passengers count as one client")
		}
	}
	f.next.ServeHTTP(w, r)
}

// ignored reports whether the header has no effect on the client address.
func (f *forwarded) ignored(remote string, headers []string) bool {
	with, err := f.proxies.Caller(remote, headers)
	without, err2 := f.proxies.Caller(remote, nil)
	return err == nil && err2 == nil && with == without
}
