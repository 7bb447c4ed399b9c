package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
)

// RequestTimeout bounds a request's work: the longest face check and
// what surrounds it. It is below the server's write timeout, so that the caller
// still hears the answer.
const RequestTimeout = 20 * time.Second

// responseRecorder is the answer to one request, with what the log and the metrics
// will say of it.
type responseRecorder struct {
	http.ResponseWriter
	id      string
	from    throttle.Caller
	unknown error // why from could not be told
	probe   bool  // a health question
	label   string
	status  int // 0: nothing was written yet
}

func (rec *responseRecorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *responseRecorder) Write(p []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	return rec.ResponseWriter.Write(p)
}

// around is what every request goes through: an id, the headers, a bound on
// time and on how many at once, recovery, one log line, the counters.
func (a *API) around(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		from, err := a.proxies.Caller(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
		rec := &responseRecorder{ResponseWriter: w, id: requestID(), from: from, unknown: err, probe: probe(r), label: routeNone}
		protect(rec)
		defer a.finish(rec, start)
		if a.draining.Load() {
			rec.Header().Set("Connection", "close")
		}

		if r.URL.Path != path.Clean(r.URL.Path) {
			// The mux would redirect; here a path has one spelling.
			newProblem(NotFound, "").write(rec)
			return
		}
		if !rec.probe { // a health question is answered even when all places are taken
			admitted, leave, ok := a.admit(rec, r)
			if !ok {
				return
			}
			defer leave()
			r = admitted
		}
		ctx, cancel := context.WithTimeout(r.Context(), RequestTimeout)
		defer cancel()
		mux.ServeHTTP(rec, r.WithContext(ctx))
	})
}

// finish runs whether or not the request panicked.
func (a *API) finish(rec *responseRecorder, start time.Time) {
	if p := recover(); p != nil {
		// The value may speak of a passenger: its type and the place are enough.
		a.log.Error("panic", zap.String("request", rec.id), zap.String("route", rec.label),
			zap.String("type", fmt.Sprintf("%T", p)), zap.ByteString("stack", debug.Stack()))
		if rec.status != 0 {
			panic(http.ErrAbortHandler) // half an answer was sent: only breaking off says so
		}
		newProblem(Internal, "").write(rec)
	}
	took := time.Since(start)
	a.metrics.observe(rec.label, rec.status, took)
	level := zap.InfoLevel
	switch {
	case rec.probe:
		level = zap.DebugLevel // every few seconds, for ever
	case rec.status >= http.StatusBadRequest:
		level = zap.WarnLevel // refusals and faults are never sampled away
	}
	a.log.Log(level, "request", zap.String("request", rec.id), zap.String("route", rec.label),
		zap.Int("status", rec.status), zap.Duration("took", took))
}

// protect sets the headers of every answer: nothing here may be cached,
// interpreted as another type, framed, or told to another site.
func protect(rec *responseRecorder) {
	h := rec.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Request-Id", rec.id)
}

// probe reports a health question.
func probe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// request is one request on its way to who answers it.
type request struct {
	*http.Request
	id     string          // as the answer, the log and the audit trail have it
	from   throttle.Caller // the network that it comes from
	answer http.Header     // of the answer
}

// handler answers a request or returns why not: *problem.Error is told to the
// caller, every other error to the log only.
type handler func(w http.ResponseWriter, r *request) error

// answer calls a handler and renders what it returns.
func (a *API) answer(label string, serve handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := w.(*responseRecorder)
		rec.label = label
		err := rec.unknown // a caller without an address would share its limits with all such
		if err == nil || rec.probe {
			err = serve(rec, &request{r, rec.id, rec.from, rec.Header()})
		}
		if err != nil {
			a.fail(rec, err)
		}
	})
}

// fail is where errors become answers: a refusal is told, a fault is not.
func (a *API) fail(rec *responseRecorder, err error) {
	var refusal *problem.Error
	var code *credential.CodeError
	switch {
	case errors.As(err, &code):
		newCodeProblem(code.Reason).write(rec)
	case errors.As(err, &refusal):
		p := newProblem(refusal.Code, refusal.Detail)
		p.RetryAt = refusal.RetryAt
		if contactCodes[p.Code] {
			p.Contact = (*bilingual)(&a.support)
		}
		p.write(rec)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		a.log.Warn("request not finished", zap.String("request", rec.id), zap.String("route", rec.label), zap.Error(err))
		newProblem(Overloaded, "").write(rec)
	case errors.Is(err, database.ErrUnavailable):
		a.log.Warn("request not served: the database is not available", zap.String("request", rec.id), zap.String("route", rec.label), zap.Error(err))
		newProblem(Unavailable, "").write(rec)
	default:
		a.log.Error("request failed", zap.String("request", rec.id), zap.String("route", rec.label), zap.Error(err))
		newProblem(Internal, "").write(rec)
	}
}

// metrics count by route pattern and status class: nothing a caller can choose
// becomes a label.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, in classes) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "railgate_issuer_requests_total", Help: "Requests by route and class of status.",
		}, []string{"route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "railgate_issuer_request_seconds", Help: "Time to serve a request by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"route"}),
	}
	if reg == nil {
		return m, nil
	}
	if err := reg.Register(m.requests); err != nil {
		return nil, err
	}
	return m, errors.Join(reg.Register(m.seconds), reg.Register(in))
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

var (
	descInFlight = prometheus.NewDesc("railgate_issuer_in_flight",
		"Requests at hand, by class: body counts those whose body is arriving, serve those that have a place.", []string{"class", "stage"}, nil)
	descShed = prometheus.NewDesc("railgate_issuer_shed_total",
		"Requests refused with overloaded because the class or their network or credential had no room, by class and stage.", []string{"class", "stage"}, nil)
)

// Describe has classes be a prometheus.Collector.
func (c classes) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect tells how full the places are. The pool of callbacks' bodies is not among them.
func (c classes) Collect(out chan<- prometheus.Metric) {
	tell := func(class, stage string, p *pool) {
		out <- prometheus.MustNewConstMetric(descInFlight, prometheus.GaugeValue, float64(p.inside()), class, stage)
		out <- prometheus.MustNewConstMetric(descShed, prometheus.CounterValue, float64(p.shed.Load()), class, stage)
	}
	tell(c.passengers.name, "body", c.passengers.bodies)
	tell(c.staff.name, "body", c.staff.bodies)
	for _, in := range []class{c.passengers, c.staff, c.callbacks} {
		tell(in.name, "serve", in.serving)
	}
}
