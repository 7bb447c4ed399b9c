package audit

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
)

// finalTimeout bounds the last work of Run after its context ended.
const finalTimeout = 10 * time.Second

// Run chains entries and logs anchors until ctx ends, and once more at the end: end it after everything that
// appends. Failures are logged, counted and retried.
func (l *Log) Run(ctx context.Context) error {
	chain, anchor := time.NewTicker(l.chainEvery), time.NewTicker(l.anchorEvery)
	defer chain.Stop()
	defer anchor.Stop()
	last := l.anchor(ctx, Anchor{})
	adopted := false
	for {
		select {
		case <-chain.C:
			if !adopted {
				adopted = !l.logFailure(ctx, "audit log: entries of an older version cannot be adopted; retrying", l.adopt(ctx))
			}
			l.chainAndLog(ctx)
		case <-anchor.C:
			last = l.anchor(ctx, last)
			l.logRefused()
		case <-ctx.Done():
			final, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalTimeout)
			defer cancel()
			l.chainAndLog(final)
			l.anchor(final, last)
			return nil
		}
	}
}

// logFailure counts and logs an error, unless ctx has ended. It reports whether there is an error.
func (l *Log) logFailure(ctx context.Context, what string, err error) bool {
	if err != nil && ctx.Err() == nil {
		l.chainFailures.Add(1)
		l.log.Error(what, zap.Error(err))
	}
	return err != nil
}

func (l *Log) chainAndLog(ctx context.Context) {
	_, err := l.Chain(ctx)
	l.logFailure(ctx, "audit log: entries cannot be chained; retrying", err)
}

// anchor checks that the last logged anchor is still in the chain, logs the current anchor, and returns the
// anchor to check next. A missing anchor is checked and reported until the process ends: an operator must
// verify the audit log.
func (l *Log) anchor(ctx context.Context, last Anchor) Anchor {
	s, err := l.State(ctx)
	holds := false
	if err == nil {
		holds, err = l.containsAnchor(ctx, last)
	}
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("audit log: the anchor cannot be read; retrying", zap.Error(err))
		}
		return last
	}
	l.log.Info("audit anchor", zap.Stringer("anchor", s.Head), zap.Int64("unchained", s.Unchained), zap.Duration("oldest", l.oldestAge(s)))
	if !holds || s.Head.Position < last.Position {
		l.lost.Store(true)
		l.log.Error("audit log: an earlier anchor is no longer in the chain, which was truncated or rewritten; run -verify-audit-log", zap.Stringer("anchor", last))
		return last
	}
	return s.Head
}

// oldestAge is the age of the oldest unchained entry; 0: none.
func (l *Log) oldestAge(s State) time.Duration {
	if s.OldestMs == 0 {
		return 0
	}
	return l.now().Sub(time.UnixMilli(s.OldestMs))
}

// containsAnchor reports whether the chain contains a logged anchor. An archived anchor counts as contained;
// [Log.Verify] checks more.
func (l *Log) containsAnchor(ctx context.Context, a Anchor) (bool, error) {
	count := 0
	err := l.db.View(ctx, "find an audit anchor", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM audit WHERE position = $1 AND hash = $2) + (SELECT COUNT(*) FROM audit_chain WHERE base >= $1)`,
			a.Position, a.Hash[:]).Scan(&count)
	})
	return count > 0, err
}

// scrapeTimeout bounds the database call behind a scrape.
const scrapeTimeout = time.Second

var (
	descPosition  = prometheus.NewDesc("railgate_issuer_audit_position", "Position of the newest chained entry of the audit log.", nil, nil)
	descUnchained = prometheus.NewDesc("railgate_issuer_audit_unchained", "Entries of the audit log that are not chained yet.", nil, nil)
	descAge       = prometheus.NewDesc("railgate_issuer_audit_unchained_age_seconds", "Age of the oldest unchained entry, seconds by the issuer's clock; 0 if there is none.", nil, nil)
	descFailures  = prometheus.NewDesc("railgate_issuer_audit_chain_failures_total", "Failed attempts to chain entries of the audit log; each is retried.", nil, nil)
	descRefused   = prometheus.NewDesc("railgate_issuer_audit_refused", "Entries of the audit log that are not chained because no issuer wrote them, found by this process's last run; normally 0.", nil, nil)
	descLost      = prometheus.NewDesc("railgate_issuer_audit_anchor_lost", "1 if an earlier logged anchor is missing from the audit log, otherwise 0.", nil, nil)
)

// gauges reads the state of the audit log at each scrape. If the database does not answer, its values are
// missing, which an alert can detect; the other values are present.
type gauges struct{ l *Log }

// Describe implements [prometheus.Collector].
func (gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descPosition, descUnchained, descAge, descFailures, descRefused, descLost} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (g gauges) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(g.l.chainFailures.Load()))
	lost := 0.0
	if g.l.lost.Load() {
		lost = 1
	}
	gauge(descLost, lost)
	refused := int64(0)
	if r := g.l.refused.Load(); r != nil {
		refused = r.count
	}
	gauge(descRefused, float64(refused))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	s, err := g.l.State(ctx)
	if err != nil {
		return
	}
	gauge(descPosition, float64(s.Head.Position))
	gauge(descUnchained, float64(s.Unchained))
	gauge(descAge, max(0, g.l.oldestAge(s).Seconds()))
}
