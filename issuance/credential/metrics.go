package credential

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/tokens"
)

// scrapeTimeout bounds the database call behind a scrape.
const scrapeTimeout = time.Second

// metrics are the counters of this package, with all label values.
type metrics struct {
	applications prometheus.Counter
	approvals    prometheus.Counter
	checks       *prometheus.CounterVec // by outcome
	lookups      *prometheus.CounterVec // by answer of the resident registry
	sessions     *prometheus.CounterVec // by mode
	erased       prometheus.Counter
	revocations  *prometheus.CounterVec // by action
	exceptions   *prometheus.CounterVec // by action
	budget       prometheus.Counter
	paperProofs  prometheus.Counter
	// identifications by outcome; pseudonyms by whether they were returned
	identifications, subjects *prometheus.CounterVec
	commit                    prometheus.Histogram
}

var (
	checkOutcomes     = []string{"passed", "failed", "timeout", "unavailable"}
	revocationActions = []string{"revoke", "unrevoke", "supersede"}
	// identifyOutcomes are the classes of reason codes, and the outcomes of this issuer.
	identifyOutcomes = []string{"ok", "passenger", "fraud", "issuer", "verifier", "unknown", "budget"}
	lookupAnswers    = []string{"matched", "not_matched", "lost", "cancelled", "unknown"}
)

func newMetrics(reg prometheus.Registerer, box *outbox.Outbox) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	vec := func(name, help, label string, values []string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		for _, value := range values {
			v.WithLabelValues(value) // shown as 0 from the start
		}
		return v
	}
	m := &metrics{
		applications: counter("railgate_issuer_applications_total", "Applications accepted."),
		approvals:    counter("railgate_issuer_approvals_total", "Credentials approved."),
		checks:       vec("railgate_issuer_face_checks_total", "Face checks by outcome; unavailable includes checks beyond the concurrency limit.", "outcome", checkOutcomes),
		sessions:     vec("railgate_issuer_sessions_total", "Sessions opened by mode.", "mode", []string{string(Anchor), string(Hosted)}),
		lookups:      vec("railgate_issuer_resident_lookups_total", "Lookups in the resident registry by answer; unknown: it did not answer.", "answer", lookupAnswers),
		erased:       counter("railgate_issuer_applications_erased_total", "Applications and paper proofs erased after 31 days, and applications without a face check erased after two days."),
		revocations:  vec("railgate_issuer_revocations_total", "Credentials revoked, unrevoked and superseded.", "action", revocationActions),
		exceptions:   vec("railgate_issuer_passback_exceptions_total", "Exceptions from passback by staff: credentials whose passages were forgiven, and amnesties that were declared or ended early, counted once for each station.", "action", []string{"forgive", "amnesty", "end_amnesty"}),
		budget:       counter("railgate_issuer_revocation_budget_refused_total", "Revocations, unrevocations, forgivings and amnesties refused because the staff credential had spent its budget."),
		paperProofs:  counter("railgate_issuer_paper_proofs_total", "Paper proofs recorded by police desks."),
	}
	m.identifications = vec("railgate_issuer_identifications_total",
		"Identifications of scanned codes by staff, by class of the reason code; unknown: the signature is valid and the credential or session is not in the database; budget: refused before the check.", "outcome", identifyOutcomes)
	m.subjects = vec("railgate_issuer_subjects_total", "Pseudonyms that ticketing systems requested: told, or refused because the budget was spent.", "outcome", []string{"told", "refused"})
	m.commit = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "railgate_issuer_revocation_commit_seconds", Help: "Seconds from the start of a revocation or unrevocation to its commit, including the wait for earlier transactions.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	})
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.applications, m.approvals, m.checks, m.lookups, m.sessions, m.erased, m.revocations, m.exceptions, m.budget, m.paperProofs, m.identifications, m.subjects, m.commit, waiting{box}} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// identified counts an identification that was judged.
func (m *metrics) identified(r tokens.Reason, known bool) {
	outcome := r.Class().String()
	if r == tokens.ReasonOK && !known {
		outcome = "unknown"
	}
	m.identifications.WithLabelValues(outcome).Inc()
}

// waiting queries the outbox at each scrape. If the database does not answer, this value is
// missing, which an alert detects, and the other metrics remain.
type waiting struct{ outbox *outbox.Outbox }

var waitingDesc = prometheus.NewDesc("railgate_issuer_outbox_waiting", "Control records in the outbox that are not in the stream yet.", nil, nil)

func (waiting) Describe(ch chan<- *prometheus.Desc) { ch <- waitingDesc }

func (w waiting) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	if n, err := w.outbox.Waiting(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(n))
	}
}

// Readiness is whether the service should get requests, and its faults.
type Readiness struct {
	Ready bool `json:"ready"`
	// Waiting has what keeps the service from being ready, and faults while it
	// serves; empty when all is well.
	Waiting []string `json:"waiting"`
}

// Readiness reports whether a load balancer should send requests here. Failing publication
// is listed and does not make the service unready: all issuers share the brokers, so a load
// balancer would remove all of them, and their revocations, which are stored safely in the
// database, with them.
func (s *Service) Readiness(ctx context.Context) Readiness {
	waiting := s.Ready(ctx)
	r := Readiness{Ready: len(waiting) == 0, Waiting: append([]string{}, waiting...)}
	if why := s.Trouble(); why != "" {
		r.Waiting = append(r.Waiting, why)
	}
	return r
}

// Ready lists what keeps the service from opening sessions; empty if nothing does. Until
// the announcement of the signing key is in the stream, every gateway would refuse the
// passes. Staff can still revoke.
func (s *Service) Ready(ctx context.Context) (waiting []string) {
	start := time.Unix(s.Now().Unix(), 0) // sessions start with whole seconds
	id, _, err := s.Keys.Current(start)
	if err != nil { // at start, do not wait for the next refresh
		if err := s.Keys.Refresh(ctx); err != nil {
			s.Log.Warn("not ready", zap.Error(err))
			return []string{"the database does not answer"}
		}
		if id, _, err = s.Keys.Current(start); err != nil {
			return []string{err.Error()}
		}
	}
	published, err := s.Keys.Published(ctx, id)
	switch {
	case err != nil:
		s.Log.Warn("not ready", zap.Error(err))
		return []string{"the database does not answer"}
	case !published:
		return []string{"the announcement of the issuer key is not in the control stream yet"}
	}
	return nil
}
