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

// running is a Trail at work.
type running struct {
	system
	metrics *prometheus.Registry
	log     *observer.ObservedLogs
	stop    func() // and wait until it has ended
}

func (w system) run(sealEvery, anchorEvery time.Duration) running {
	w.Helper()
	core, seen := observer.New(zap.InfoLevel)
	r := running{system: w, metrics: prometheus.NewRegistry(), log: seen}
	trail, err := New(Config{DB: w.db, Key: testKey, Now: w.now, Log: zap.New(core), Metrics: r.metrics, ChainEvery: sealEvery, AnchorEvery: anchorEvery})
	runtest.Must(w, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- trail.Run(ctx) }()
	r.stop = func() {
		w.Helper()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				w.Error(err)
			}
		case <-time.After(lastSeal):
			w.Fatal("does not end")
		}
	}
	return r
}

// shows reads a metric; -1 if it is not there.
func (r running) shows(name string) float64 {
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

func TestRunSealsAndLogsAnchorsThatVerifyLater(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		r := w.run(5*time.Millisecond, 20*time.Millisecond)
		w.did(1, 3)
		w.until("an anchor of three entries", func() bool { return strings.HasPrefix(r.lastAnchor(), "3:") })
		a, err := ParseAnchor(r.lastAnchor())
		runtest.Must(t, err)
		r.stop()
		w.holds(3, a)
		for name, want := range map[string]float64{"position": 3, "unchained": 0, "unchained_age_seconds": 0, "chain_failures_total": 0, "anchor_lost": 0} {
			if got := r.shows(name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

func TestRunSealsOnceMoreWhenItEnds(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		r := w.run(time.Hour, time.Hour)
		w.until("the first anchor", func() bool { return r.lastAnchor() != "" })
		w.did(1, 2)
		if n, age := r.shows("unchained"), r.shows("unchained_age_seconds"); n != 2 || age != 59.999 {
			t.Errorf("%v wait, the oldest %v s", n, age)
		}
		r.stop()
		w.holds(2)
		if a := r.lastAnchor(); a != w.head().String() {
			t.Errorf("the last anchor is %s", a)
		}
	})
}

func TestRunNoticesThatItsAnchorIsGone(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(5)
		r := w.run(time.Hour, 5*time.Millisecond)
		w.until("an anchor", func() bool { return strings.HasPrefix(r.lastAnchor(), "5:") })
		w.disarmed()
		w.exec(`UPDATE audit_chain SET position = 3, head_hash = (SELECT hash FROM audit WHERE position = 3)`)
		w.exec(`DELETE FROM audit WHERE position > 3`)
		w.until("the alarm", func() bool { return r.shows("anchor_lost") == 1 })
		r.stop()
		if r.log.FilterMessageSnippet("no longer holds an anchor").Len() == 0 {
			t.Error("nothing in the log")
		}
	})
}

func TestRunSurvivesAndCountsWhatFails(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(1)
		w.did(2, 2)
		w.disarmed()
		w.exec(`UPDATE audit SET position = 2 WHERE position = 1`) // where the next one would go
		r := w.run(5*time.Millisecond, time.Hour)
		w.until("two failures", func() bool { return r.shows("chain_failures_total") >= 2 })
		w.exec(`UPDATE audit SET position = 1 WHERE position = 2`)
		w.until("sealed at last", func() bool { return r.shows("position") == 2 })
		r.stop()
		w.holds(2)
	})
}

func TestTrailNeedsADatabaseAndAKey(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		for what, c := range map[string]Config{
			"no database":    {Key: testKey},
			"no key":         {DB: w.db},
			"negative times": {DB: w.db, Key: testKey, ChainEvery: -1},
		} {
			if _, err := New(c); err == nil {
				t.Errorf("%s: made", what)
			}
		}
		if _, err := New(Config{DB: w.db, Key: vault.Key{31: 1}}); err != nil {
			t.Error(err)
		}
	})
}
