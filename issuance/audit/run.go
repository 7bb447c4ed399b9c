package audit

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
)

// lastSeal bounds what Run still does when it is told to end.
const lastSeal = 10 * time.Second

// Run seals and logs anchors until ctx ends, and once more then: end it after
// whatever appends. What fails is logged, counted and tried again.
func (t *Log) Run(ctx context.Context) error {
	seal, anchor := time.NewTicker(t.sealEvery), time.NewTicker(t.anchorEvery)
	defer seal.Stop()
	defer anchor.Stop()
	given := t.anchor(ctx, Anchor{})
	adopted := false
	for {
		select {
		case <-seal.C:
			if !adopted {
				adopted = !t.failed(ctx, "audit trail: entries of an older version not taken in", t.adopt(ctx))
			}
			t.sealOrSay(ctx)
		case <-anchor.C:
			given = t.anchor(ctx, given)
			t.sayRefused()
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSeal)
			defer cancel()
			t.sealOrSay(last)
			t.anchor(last, given)
			return nil
		}
	}
}

// failed counts and logs what is tried again, unless it failed because ctx ended.
func (t *Log) failed(ctx context.Context, what string, err error) bool {
	if err != nil && ctx.Err() == nil {
		t.sealFailures.Add(1)
		t.log.Error(what, zap.Error(err))
	}
	return err != nil
}

func (t *Log) sealOrSay(ctx context.Context) {
	_, err := t.Chain(ctx)
	t.failed(ctx, "audit trail not sealed", err)
}

// anchor logs where the trail stands, after a look whether the anchor given
// before is still in it, and returns the one to look for next time. One that is
// gone is looked for, and missed aloud, until the process ends: somebody must look.
func (t *Log) anchor(ctx context.Context, given Anchor) Anchor {
	s, err := t.State(ctx)
	holds := false
	if err == nil {
		holds, err = t.stillHolds(ctx, given)
	}
	if err != nil {
		if ctx.Err() == nil {
			t.log.Error("no audit anchor", zap.Error(err))
		}
		return given
	}
	t.log.Info("audit anchor", zap.Stringer("anchor", s.Head), zap.Int64("unsealed", s.Unchained), zap.Duration("oldest", t.oldest(s)))
	if !holds || s.Head.Position < given.Position {
		t.lost.Store(true)
		t.log.Error("the audit trail no longer holds an anchor given before: cut or rewritten; verify it", zap.Stringer("anchor", given))
		return given
	}
	return s.Head
}

// oldest is the age of the oldest entry that waits; 0: none does.
func (t *Log) oldest(s State) time.Duration {
	if s.OldestMs == 0 {
		return 0
	}
	return t.now().Sub(time.UnixMilli(s.OldestMs))
}

// stillHolds looks for an anchor that this Trail gave. What was archived since
// counts as there: Verify looks closer.
func (t *Log) stillHolds(ctx context.Context, given Anchor) (bool, error) {
	there := 0
	err := t.db.View(ctx, "look for an anchor", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM audit WHERE position = $1 AND hash = $2) + (SELECT COUNT(*) FROM audit_chain WHERE base >= $1)`,
			given.Position, given.Hash[:]).Scan(&there)
	})
	return there > 0, err
}

// scrapeTimeout bounds the database call behind a scrape.
const scrapeTimeout = time.Second

var (
	descPosition = prometheus.NewDesc("railgate_issuer_audit_position", "Place of the newest sealed entry of the audit trail.", nil, nil)
	descUnsealed = prometheus.NewDesc("railgate_issuer_audit_unchained", "Entries of the audit trail that wait to be sealed.", nil, nil)
	descAge      = prometheus.NewDesc("railgate_issuer_audit_unchained_age_seconds", "Age of the oldest of them; 0 if none waits.", nil, nil)
	descFailures = prometheus.NewDesc("railgate_issuer_audit_chain_failures_total", "Times the audit trail could not be sealed; it is tried again.", nil, nil)
	descRefused  = prometheus.NewDesc("railgate_issuer_audit_refused", "Entries of the audit log that stay unsealed because no issuer wrote them, as of this process's last sealing; 0 if all is well.", nil, nil)
	descLost     = prometheus.NewDesc("railgate_issuer_audit_anchor_lost", "1 if an anchor logged before was found missing from the audit trail.", nil, nil)
)

// gauges reads the trail when it is asked. A database that does not answer leaves
// its values out, which an alert sees, and the others in.
type gauges struct{ t *Log }

// Describe implements prometheus.Collector.
func (gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descPosition, descUnsealed, descAge, descFailures, descRefused, descLost} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(g.t.sealFailures.Load()))
	lost := 0.0
	if g.t.lost.Load() {
		lost = 1
	}
	gauge(descLost, lost)
	refused := int64(0)
	if r := g.t.refused.Load(); r != nil {
		refused = r.count
	}
	gauge(descRefused, float64(refused))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	s, err := g.t.State(ctx)
	if err != nil {
		return
	}
	gauge(descPosition, float64(s.Head.Position))
	gauge(descUnsealed, float64(s.Unchained))
	gauge(descAge, max(0, g.t.oldest(s).Seconds()))
}
