package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/internal/memlimit"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/internal/version"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
)

// serve wires the parts: HTTP → service → store, and store → publisher → Kafka.
func serve(ctx context.Context, c *config) error {
	lv, err := process.Level(c.LogLevel)
	if err != nil {
		return err
	}
	log, err := process.Logger(lv)
	if err != nil {
		return err
	}
	defer log.Sync()
	defer process.IgnoreHangup(log)()
	keys, err := c.openKeys()
	if err != nil {
		return err
	}
	for _, w := range warnings(keys) {
		log.Warn(w)
	}
	c.limitMemory(memlimit.Read(), log)
	db, err := openStore(ctx, c, false)
	if err != nil {
		return err
	}
	defer db.Close()

	link, err := kafka.Open(kafka.Config{Brokers: c.Kafka.Brokers, Topic: c.Kafka.Topic, ClientID: "railgate-issuer", Security: c.Kafka.Security})
	if err != nil {
		return err
	}
	defer link.Close()
	publisher := newPublisher(c, db, link, keys, log)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		publisherMetrics{publisher}, process.BuildInfo())
	checker, callback, err := c.RealPerson.checker(log, metrics)
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
		Rules: credential.Config{
			Store: db, Vault: keys.Vault, FieldKeys: keys.FieldKeys, Announce: c.announce,
			Checker: checker, CheckTimeout: c.RealPerson.Timeout, Residents: registry, LookupTimeout: c.Residents.Timeout,
			Changes: c.Throttle.changes(), Identifications: c.Throttle.identifications(), Subjects: c.Throttle.subjects(), Wake: publisher.Wake, WakeOne: publisher.WakeOne, Trouble: func() string { return trouble(publisher.Stats()) }, Log: log, Metrics: metrics,
		},
		Keys: signers(keys), KeyLead: c.KeyLead, Staff: c.roster, Policy: c.PrivacyPolicy, Hashing: c.hashing, Limits: c.Limits.registry(),
		Contact: httpapi.Contact(c.Contact), Codes: codes, CodePrefixes: c.PhoneCode.Prefixes, CodeRules: c.PhoneCode.rules(),
		Proxies: c.proxies, Rate: c.AddressRate.rate(), Callback: callback,
		MaxInFlight: c.Throttle.InFlight, MaxInFlightEach: c.Throttle.InFlightNetwork, MaxStaff: c.Throttle.InFlightStaff,
		Applications: c.Throttle.applications(), FailureRules: c.Throttle.rules(), NetworkRule: c.Throttle.network(),
	})
	if err != nil {
		return err
	}
	public, admin, err := process.ListenBoth(c.Listen, c.Admin, log)
	if err != nil {
		return err
	}
	log.Info("serving", zap.String("version", version.String()), zap.Stringer("public", public.Addr()), zap.Stringer("admin", admin.Addr()),
		zap.Strings("brokers", c.Kafka.Brokers), zap.String("topic", c.Kafka.Topic))

	// The publisher outlives the listeners: what the last request revoked goes out.
	background, stop := context.WithCancel(context.Background())
	defer stop()
	serving, end := context.WithCancel(background)
	defer end()
	told := make(chan struct{})
	go func() {
		defer close(told)
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
		log.Info("stopping: requests at hand are finished, then what they revoked is published")
		end()
	}()
	var parts, listeners errgroup.Group
	parts.Go(func() error {
		defer end() // a topic that cannot be right ends the issuer rather than let it promise what it cannot keep
		return publisher.Run(background)
	})
	parts.Go(func() error { return b.Run(background) })
	listeners.Go(func() error {
		return process.ServeHTTP(serving, httpapi.NewServer(c.Listen, &forwarded{next: b.API.Public(), proxies: c.proxies, log: log}, log), httpapi.Listener(public, log), c.DrainTimeout)
	})
	listeners.Go(func() error {
		return process.ServeHTTP(serving, httpapi.NewServer(c.Admin, b.API.Admin(metrics), log), admin, c.DrainTimeout)
	})
	err = listeners.Wait()
	end()
	<-told // so that "stopped" is the log's last word
	stop()
	if e := parts.Wait(); !errors.Is(e, context.Canceled) {
		err = errors.Join(err, e)
	}
	log.Info("stopped", zap.Error(err))
	return err
}

// signers are the issuer keys of the directory.
func signers(keys *keystore.Keys) (all []keyring.Key) {
	for _, k := range keys.Issuers {
		all = append(all, keyring.Key{ID: k.ID, Signer: k.Signer})
	}
	return all
}

// trouble says for /readyz what is wrong with publishing; "" if nothing is.
func trouble(s publish.Stats) string {
	if s.Failing == "" {
		return ""
	}
	return fmt.Sprintf("publishing to the control topic has failed since %s: %s; revocations are kept in the database and reach the gates once it works",
		s.FailingSince.UTC().Format(time.RFC3339), s.Failing)
}

// newPublisher prepares what carries the outbox to the brokers.
func newPublisher(c *config, db *store.Store, link *kafka.Link, keys *keystore.Keys, log *zap.Logger) *publish.Publisher {
	return publish.New(publish.Config{
		Broker: link, Outbox: db, Authority: keys.Authority, Heartbeat: c.Kafka.Heartbeat, Now: time.Now, Log: log,
		Topic: publish.Topic{Name: c.Kafka.Topic, Partitions: c.Kafka.Partitions,
			Replication: c.Kafka.Replication, Retention: c.Kafka.Retention},
		TopicFaults: func(ctx context.Context) ([]string, error) {
			return kafka.TopicFaults(ctx, link, c.Kafka.Topic, minRetention)
		},
	})
}
