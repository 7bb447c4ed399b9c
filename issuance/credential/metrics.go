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

// metrics counts what the rules decided. Label values are fixed here.
type metrics struct {
	applications prometheus.Counter
	approvals    prometheus.Counter
	checks       *prometheus.CounterVec // by outcome
	lookups      *prometheus.CounterVec // by answer of the resident registry
	sessions     *prometheus.CounterVec // by mode
	erased       prometheus.Counter
	revocations  *prometheus.CounterVec // by action
	budget       prometheus.Counter
	paperProofs  prometheus.Counter
	// identifications by outcome, and pseudonyms by whether they were told
	identifications, subjects *prometheus.CounterVec
	commit                    prometheus.Histogram
}

var (
	checkOutcomes     = []string{"passed", "failed", "timeout", "unavailable"}
	revocationActions = []string{"revoke", "unrevoke", "supersede"}
	// identifyOutcomes are the classes of reasons, and the refusals of this side.
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
		applications: counter("railgate_issuer_applications_total", "Applications taken."),
		approvals:    counter("railgate_issuer_approvals_total", "Credentials approved."),
		checks:       vec("railgate_issuer_face_checks_total", "Face checks by outcome.", "outcome", checkOutcomes),
		sessions:     vec("railgate_issuer_sessions_total", "Sessions opened by mode.", "mode", []string{string(Anchor), string(Hosted)}),
		lookups:      vec("railgate_issuer_resident_lookups_total", "Questions to the resident registry by answer; unknown is none.", "answer", lookupAnswers),
		erased:       counter("railgate_issuer_applications_erased_total", "Applications and paper proofs erased: after 31 days, or an application after two days without a check."),
		revocations:  vec("railgate_issuer_revocations_total", "Credentials revoked, lifted and superseded.", "action", revocationActions),
		budget:       counter("railgate_issuer_revocation_budget_refused_total", "Revocations and liftings refused because their staff credential had spent its budget."),
		paperProofs:  counter("railgate_issuer_paper_proofs_total", "Paper proofs that police desks recorded."),
	}
	m.identifications = vec("railgate_issuer_identifications_total",
		"Scanned codes that staff asked the person of: by class of the reason; unknown: signed, and the credential or session is not in the database; budget: refused before the check.", "outcome", identifyOutcomes)
	m.subjects = vec("railgate_issuer_subjects_total", "Pseudonyms that ticketing systems asked for: told, or refused because the budget was spent.", "outcome", []string{"told", "refused"})
	m.commit = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "railgate_issuer_revocation_commit_seconds", Help: "Seconds until a revocation or a lift is on disk, the wait for the transactions before it included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	})
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.applications, m.approvals, m.checks, m.lookups, m.sessions, m.erased, m.revocations, m.budget, m.paperProofs, m.identifications, m.subjects, m.commit, waiting{box}} {
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

// waiting reads the outbox when it is asked. A database that does not answer
// leaves the value out, which an alert sees, and the other metrics in.
type waiting struct{ outbox *outbox.Outbox }

var waitingDesc = prometheus.NewDesc("railgate_issuer_outbox_waiting", "Control records that the stream does not have yet.", nil, nil)

func (waiting) Describe(ch chan<- *prometheus.Desc) { ch <- waitingDesc }

func (w waiting) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	if n, err := w.outbox.Waiting(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(n))
	}
}

// Readiness says whether the service should get requests, and what is wrong.
type Readiness struct {
	Ready bool `json:"ready"`
	// Waiting says what keeps the service from being ready, or what is wrong while it
	// serves; empty when all is well.
	Waiting []string `json:"waiting"`
}

// Readiness asks whether a load balancer should send requests here. Publishing that
// fails is named and does not make the service unready: all issuers share the brokers,
// so a load balancer would take all of them away, and with them the revocations
// that this one still keeps safely in the database.
func (s *Service) Readiness(ctx context.Context) Readiness {
	waiting := s.Ready(ctx)
	r := Readiness{Ready: len(waiting) == 0, Waiting: append([]string{}, waiting...)}
	if why := s.Trouble(); why != "" {
		r.Waiting = append(r.Waiting, why)
	}
	return r
}

// Ready lists what keeps the service from opening sessions; empty when nothing
// does. Until the announcement of the signing key is in the stream, every gateway
// would refuse the passes. Staff can revoke all the same.
func (s *Service) Ready(ctx context.Context) (waiting []string) {
	start := time.Unix(s.Now().Unix(), 0) // sessions start with whole seconds
	id, _, err := s.Keys.Current(start)
	if err != nil { // who starts and waits for its key need not wait for the next look as well
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
