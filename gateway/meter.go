package gateway

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/fixedkey"
)

// meter counts verdicts, problems and other events. Labels are fixed at compile time:
// no label holds a device, a serial or a subject.
type meter struct {
	verdicts [revocation.Suspect + 1][actionCount][]atomic.Uint64 // by state, by action, by reason
	problems map[*problem]*atomic.Uint64                          // keys fixed at start
	panics   atomic.Uint64

	batchScans atomic.Uint64
	delayed    atomic.Uint64

	passbacks   [passbackStates][passbackResults]atomic.Uint64
	tickets     [booking.Valid + 1]atomic.Uint64
	reports     [reportedCount]atomic.Uint64
	receipts    atomic.Uint64
	bundles     [bundleKinds]atomic.Uint64
	bundleBytes atomic.Uint64
}

func newMeter() *meter {
	m := &meter{problems: make(map[*problem]*atomic.Uint64, len(problems))}
	for s := range m.verdicts {
		for a := range m.verdicts[s] {
			m.verdicts[s][a] = make([]atomic.Uint64, len(tokens.Reasons()))
		}
	}
	for _, p := range problems {
		m.problems[p] = new(atomic.Uint64)
	}
	return m
}

func (m *meter) verdict(s revocation.State, a Action, r tokens.Reason) { m.verdicts[s][a][r].Add(1) }
func (m *meter) problem(p *problem)                                    { m.problems[p].Add(1) }
func (m *meter) passback(v *passback)                                  { m.passbacks[v.state][v.result].Add(1) }
func (m *meter) ticket(h booking.Held)                                 { m.tickets[h].Add(1) }

var (
	descVerdicts = prometheus.NewDesc("railgate_verdicts_total",
		"Verdicts, by reason, class of the reason, state of the revocation data and policy action for that state.",
		[]string{"reason", "class", "revocation", "policy"}, nil)
	descProblems = prometheus.NewDesc("railgate_refused_requests_total",
		"Requests answered with a problem instead of a verdict, by problem code.", []string{"code"}, nil)
	descDelayed = prometheus.NewDesc("railgate_forgeries_delayed_total",
		"Answers delayed on connections with many forged codes, unknown credentials or pipelined requests that are not checks.", nil, nil)
	descWait = prometheus.NewDesc("railgate_cpu_wait_seconds",
		"Time that runnable goroutines waited for a processor in the last 20 to 200 ms, 90th percentile, seconds.", nil, nil)
	descOverload   = prometheus.NewDesc("railgate_overload_level", "1 for the current overload level, 0 for the others.", []string{"level"}, nil)
	descBatchScans = prometheus.NewDesc("railgate_batch_scans_total",
		"Verdicts on scans in batches; railgate_verdicts_total includes them.", nil, nil)
	descInProgress = prometheus.NewDesc("railgate_batches_in_progress",
		"Batches being received, judged or answered now.", nil, nil)
	descPanics = prometheus.NewDesc("railgate_panics_total",
		"Panics recovered while answering a request; each request got problem internal_error.", nil, nil)
	descRejected = prometheus.NewDesc("railgate_connections_rejected_total",
		"Connections rejected because railgate_open_connections_limit was reached.", nil, nil)
	descOpen     = prometheus.NewDesc("railgate_open_connections", "Open connections of the public listener.", nil, nil)
	descOpenMost = prometheus.NewDesc("railgate_open_connections_limit",
		"Largest number of open connections of the public listener; further ones are answered 503.", nil, nil)
	descAccept = prometheus.NewDesc("railgate_accept_errors_total",
		"Failed attempts to accept a connection on the public listener; each is retried.", nil, nil)
	descCache = prometheus.NewDesc("railgate_pass_cache_total",
		"Lookups and changes of the pass cache, by event.", []string{"event"}, nil)
	descState = prometheus.NewDesc("railgate_revocation_state",
		"1 for the current state of the revocation data, 0 for the others.", []string{"state"}, nil)
	descAge = prometheus.NewDesc("railgate_revocation_age_seconds",
		"Seconds since the watermark (issuer clock to gateway clock); every revocation acknowledged before the watermark is applied. -1 while booting.", nil, nil)
	descRevoked = prometheus.NewDesc("railgate_revoked_serials", "Serials that are revoked now.", nil, nil)
	descBytes   = prometheus.NewDesc("railgate_revocation_set_bytes", "Memory of the revoked and exempt serials, closed sessions and cutoffs, bytes.", nil, nil)
	descFull    = prometheus.NewDesc("railgate_revocation_memory_alarm", "1 if the revocation data exceeds revocation.memory_mib, else 0; nothing is dropped.", nil, nil)
	descExempt  = prometheus.NewDesc("railgate_exempt_serials", "Serials that stay valid although their key is distrusted.", nil, nil)
	descSubject = prometheus.NewDesc("railgate_subject_cutoffs", "Subjects with a cutoff: their earlier sessions are refused.", nil, nil)
	descClosed  = prometheus.NewDesc("railgate_closed_sessions", "Sessions closed by their holders whose closing is not forgotten yet.", nil, nil)
	descDelay   = prometheus.NewDesc("railgate_revocation_delay_seconds",
		"Seconds from acceptance of a record at the issuer to its effect at this gateway (issuer clock to gateway clock); records read while catching up are not counted.", nil, nil)
	descKeys    = prometheus.NewDesc("railgate_issuer_keys", "Known issuer keys, including retired ones.", nil, nil)
	descBatches = prometheus.NewDesc("railgate_control_batches_total",
		"Messages of the control stream, by outcome.", []string{"outcome"}, nil)
	descRecords = prometheus.NewDesc("railgate_control_records_total",
		"Records of the control stream, by outcome.", []string{"outcome"}, nil)
	descRewinds = prometheus.NewDesc("railgate_control_rewinds_total",
		"Times that a partition was reread from the start of its log.", nil, nil)
	descVerifier = prometheus.NewDesc("railgate_verifier", "1 for the implementation that verifies signatures: ifma, scalar or plain.", []string{"form"}, nil)
	descDevices  = prometheus.NewDesc("railgate_devices", "Devices in the settings, which may send checks.", nil, nil)
)

var _ prometheus.Collector = (*Gateway)(nil)

// Describe implements prometheus.Collector.
func (g *Gateway) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, out) }

// Collect implements prometheus.Collector.
func (g *Gateway) Collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for s := range g.meter.verdicts {
		for a := range g.meter.verdicts[s] {
			for _, r := range tokens.Reasons() {
				n := g.meter.verdicts[s][a][r].Load()
				// Actions outside the policy would be two thirds of all series, always 0.
				if n > 0 || g.Policy[s] == Action(a) {
					counter(descVerdicts, n, r.String(), r.Class().String(), revocation.State(s).String(), Action(a).String())
				}
			}
		}
	}
	for p, n := range g.meter.problems {
		counter(descProblems, n.Load(), p.code)
	}
	counter(descBatchScans, g.meter.batchScans.Load())
	gauge(descInProgress, float64(g.slots.count()))
	counter(descDelayed, g.meter.delayed.Load())
	gauge(descWait, g.load.Wait().Seconds())
	for _, l := range overload.Levels() {
		is := 0.0
		if l == g.load.Level() {
			is = 1
		}
		gauge(descOverload, is, l.String())
	}
	counter(descPanics, g.meter.panics.Load())
	counter(descRejected, uint64(g.server.GetRejectedConnectionsCount()))
	gauge(descOpen, float64(max(0, g.server.GetOpenConnectionsCount())))
	gauge(descOpenMost, float64(g.Connections))
	counter(descAccept, g.acceptErrors())
	c := g.passes.Stats()
	for event, n := range map[string]uint64{"hit": c.Hits, "miss": c.Misses, "kept": c.Kept, "evicted": c.Evicted, "dropped": c.Dropped} {
		counter(descCache, n, event)
	}
	s := g.replica.Status(g.Now(timeNow()).UnixMilli())
	for state := revocation.Booting; state <= revocation.Suspect; state++ {
		is := 0.0
		if s.State == state {
			is = 1
		}
		gauge(descState, is, state.String())
	}
	age := float64(s.AgeMS) / 1000
	if s.AgeMS < 0 {
		age = -1
	}
	gauge(descAge, age)
	gauge(descVerifier, 1, fixedkey.Best().String())
	gauge(descRevoked, float64(s.Revoked))
	gauge(descBytes, float64(s.Bytes))
	full := 0.0
	if s.Full {
		full = 1
	}
	gauge(descFull, full)
	gauge(descExempt, float64(s.Exempted))
	gauge(descSubject, float64(s.Subjects))
	gauge(descClosed, float64(s.Closed))
	atMost, total := s.Counts.Delay.Cumulative()
	out <- prometheus.MustNewConstHistogram(descDelay, total, float64(s.Counts.Delay.SumMS)/1000, atMost)
	gauge(descKeys, float64(s.Keys))
	gauge(descDevices, float64(g.Devices.Len()))
	for _, o := range revocation.Outcomes() {
		counter(descBatches, s.Counts.Outcomes[o], o.String())
	}
	for outcome, n := range map[string]uint64{"revoked": s.Counts.Revoked, "unrevoked": s.Counts.Unrevoked,
		"exempted": s.Counts.Exempted, "subject_cutoff": s.Counts.Subjects, "session_closed": s.Counts.Closed, "no_room": s.Counts.NoRoom, "late": s.Counts.Late,
		"day_refused": s.Counts.OutOfDay, "unknown_kind": s.Counts.Unknown, "key_refused": s.Counts.KeyClash,
		"gateway": s.Counts.Gateways, "gateway_refused": s.Counts.GatewayRefused, "forgiven": s.Counts.Forgiven, "forgive_refused": s.Counts.ForgiveRefused,
		"amnesty": s.Counts.Amnesties, "amnesty_refused": s.Counts.AmnestyRefused} {
		counter(descRecords, n, outcome)
	}
	counter(descRewinds, s.Counts.Rewinds)
	counter(descReceipts, g.meter.receipts.Load())
	for kind, name := range bundleNames {
		counter(descBundles, g.meter.bundles[kind].Load(), name)
	}
	counter(descBundleBytes, g.meter.bundleBytes.Load())
	g.collectPassages(out)
	g.collectBookings(out)
}

// acceptErrors returns how often accepting a connection failed.
func (g *Gateway) acceptErrors() uint64 {
	if l := g.listener.Load(); l != nil {
		return l.Errors()
	}
	return 0
}
