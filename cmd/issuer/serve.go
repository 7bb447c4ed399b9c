package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
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
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
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

	link, err := kafka.Open(kafka.Config{Brokers: c.Kafka.Brokers, Topic: c.Kafka.Topic, ClientID: "railgate-issuer", Security: c.Kafka.Security})
	if err != nil {
		return err
	}
	defer link.Close()
	publisher := newPublisher(c, db, link, keys, log)
	db.SetWake(publisher.WakeOne)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		publisherMetrics{publisher}, process.BuildInfo())
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
		Codes: codes, CodePrefixes: c.PhoneCode.Prefixes, Lockout: c.lockout(),
		HTTP: httpapi.Config{
			Contact: c.Contact, Proxies: c.proxies, Callback: callback, Rate: c.AddressRate.rate(), Applications: c.Throttle.applications(),
			MaxInFlight: c.Throttle.InFlight, MaxInFlightEach: c.Throttle.InFlightNetwork, MaxStaff: c.Throttle.InFlightStaff,
		},
	})
	if err != nil {
		return err
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

// publisherMetrics exports the statistics of a [publish.Publisher].
type publisherMetrics struct{ *publish.Publisher }

var (
	descSent        = prometheus.NewDesc("railgate_publish_messages_total", "Messages acknowledged by the brokers.", []string{"kind"}, nil)
	descRecords     = prometheus.NewDesc("railgate_publish_records_total", "Records acknowledged by the brokers.", nil, nil)
	descSpent       = prometheus.NewDesc("railgate_publish_record_seconds_total", "Seconds that published records spent in each part: wait (from acceptance until the outbox is read), take (reading the outbox), sign, produce. Each record counts the whole time of its batch.", []string{"part"}, nil)
	descFailures    = prometheus.NewDesc("railgate_publish_failures_total", "Failed attempts to publish. Each is retried.", nil, nil)
	descRepublished = prometheus.NewDesc("railgate_publish_republications_total", "Republications: times everything active was published again in a new epoch.", nil, nil)
	descFailing     = prometheus.NewDesc("railgate_publish_failing_seconds", "Seconds since this issuer's publishing began to fail, by its own clock; 0 while publishing works or another issuer publishes.", nil, nil)
	descLeading     = prometheus.NewDesc("railgate_publish_leading", "1 if this issuer is the publisher, 0 if it is on standby.", nil, nil)
	descFaults      = prometheus.NewDesc("railgate_publish_topic_faults", "Settings of the control topic that endanger its guarantees, at the last check.", nil, nil)
	descLast        = prometheus.NewDesc("railgate_publish_last_timestamp_seconds", "Time of the last message acknowledged for each partition, Unix seconds by this issuer's clock.", []string{"partition"}, nil)
)

// Describe implements [prometheus.Collector].
func (m publisherMetrics) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(m, out)
}

// Collect implements [prometheus.Collector].
func (m publisherMetrics) Collect(out chan<- prometheus.Metric) {
	s := m.Stats()
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	count(descSent, s.Batches, "batch")
	count(descSent, s.Heartbeats, "heartbeat")
	count(descRecords, s.Records)
	for part, d := range map[string]time.Duration{"wait": s.Spent.Wait, "take": s.Spent.Take, "sign": s.Spent.Sign, "produce": s.Spent.Produce} {
		out <- prometheus.MustNewConstMetric(descSpent, prometheus.CounterValue, d.Seconds(), part)
	}
	count(descFailures, s.Failures)
	count(descRepublished, s.Republications)
	failing := 0.0
	if s.Failing != "" {
		failing = time.Since(s.FailingSince).Seconds()
	}
	out <- prometheus.MustNewConstMetric(descFailing, prometheus.GaugeValue, failing)
	leading := 0.0
	if s.Leading {
		leading = 1
	}
	out <- prometheus.MustNewConstMetric(descLeading, prometheus.GaugeValue, leading)
	out <- prometheus.MustNewConstMetric(descFaults, prometheus.GaugeValue, float64(s.TopicFaults))
	for p, ms := range s.LastMS {
		out <- prometheus.MustNewConstMetric(descLast, prometheus.GaugeValue, float64(ms)/1000, strconv.Itoa(p))
	}
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
