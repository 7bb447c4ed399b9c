package audit

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/harness/runtest"
)

// running is a Log whose Run is in progress.
type running struct {
	harness
	metrics *prometheus.Registry
	log     *observer.ObservedLogs
	stop    func() // cancels Run and waits for its end
}

func (h harness) run(chainEvery, anchorEvery time.Duration) running {
	h.Helper()
	core, seen := observer.New(zap.InfoLevel)
	r := running{harness: h, metrics: prometheus.NewRegistry(), log: seen}
	log, err := New(Config{DB: h.db, Key: testKey, Now: h.now, Log: zap.New(core), Metrics: r.metrics, ChainEvery: chainEvery, AnchorEvery: anchorEvery})
	runtest.Must(h, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- log.Run(ctx) }()
	r.stop = func() {
		h.Helper()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				h.Error(err)
			}
		case <-time.After(finalTimeout):
			h.Fatal("Run does not end")
		}
	}
	return r
}

// metric reads a metric; -1 if it does not exist.
func (r running) metric(name string) float64 {
	r.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "railgate_issuer_audit_"+name {
			return f.Metric[0].GetGauge().GetValue() + f.Metric[0].GetCounter().GetValue()
		}
	}
	return -1
}

func (r running) lastAnchor() string {
	lines := r.log.FilterMessage("audit anchor").All()
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1].ContextMap()["anchor"].(string)
}

func TestRunChainsAndLogsAnchorsThatVerify(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		r := h.run(5*time.Millisecond, 20*time.Millisecond)
		h.appendActs(1, 3)
		h.until("an anchor of three entries", func() bool { return strings.HasPrefix(r.lastAnchor(), "3:") })
		a, err := ParseAnchor(r.lastAnchor())
		runtest.Must(t, err)
		r.stop()
		h.mustHold(3, a)
		for name, want := range map[string]float64{"position": 3, "unchained": 0, "unchained_age_seconds": 0, "chain_failures_total": 0, "anchor_lost": 0} {
			if got := r.metric(name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

func TestRunChainsOnceMoreAtItsEnd(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		r := h.run(time.Hour, time.Hour)
		h.until("the first anchor", func() bool { return r.lastAnchor() != "" })
		h.appendActs(1, 2)
		if n, age := r.metric("unchained"), r.metric("unchained_age_seconds"); n != 2 || age != 59.999 {
			t.Errorf("%v unchained entries, the oldest %v s, want 2 and 59.999 s", n, age)
		}
		r.stop()
		h.mustHold(2)
		if a := r.lastAnchor(); a != h.head().String() {
			t.Errorf("the last anchor is %s, want %s", a, h.head())
		}
	})
}

func TestRunReportsAMissingAnchor(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(5)
		r := h.run(time.Hour, 5*time.Millisecond)
		h.until("an anchor", func() bool { return strings.HasPrefix(r.lastAnchor(), "5:") })
		h.dropGuards()
		h.exec(`UPDATE audit_chain SET position = 3, head_hash = (SELECT hash FROM audit WHERE position = 3)`)
		h.exec(`DELETE FROM audit WHERE position > 3`)
		h.until("the alarm", func() bool { return r.metric("anchor_lost") == 1 })
		r.stop()
		if r.log.FilterMessageSnippet("an earlier anchor is no longer in the chain").Len() == 0 {
			t.Error("the log does not report the missing anchor")
		}
	})
}

func TestRunCountsFailuresAndRetries(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(1)
		h.appendActs(2, 2)
		h.dropGuards()
		h.exec(`UPDATE audit SET position = 2 WHERE position = 1`) // the next entry's position
		r := h.run(5*time.Millisecond, time.Hour)
		h.until("two failures", func() bool { return r.metric("chain_failures_total") >= 2 })
		h.exec(`UPDATE audit SET position = 1 WHERE position = 2`)
		h.until("the entry to be chained", func() bool { return r.metric("position") == 2 })
		r.stop()
		h.mustHold(2)
	})
}

func TestLogNeedsADatabaseAndAKey(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		for what, c := range map[string]Config{
			"no database":    {Key: testKey},
			"no key":         {DB: h.db},
			"negative times": {DB: h.db, Key: testKey, ChainEvery: -1},
		} {
			if _, err := New(c); err == nil {
				t.Errorf("%s: accepted", what)
			}
		}
		if _, err := New(Config{DB: h.db, Key: vault.Key{31: 1}}); err != nil {
			t.Error(err)
		}
	})
}
