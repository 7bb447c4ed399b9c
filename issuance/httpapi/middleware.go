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

// RequestTimeout bounds the work on a request: the longest face check and its overhead.
// It is below the server's write timeout, so that the caller still receives the response.
const RequestTimeout = 20 * time.Second

// responseRecorder is the response to one request, with the values for log and metrics.
type responseRecorder struct {
	http.ResponseWriter
	id      string
	from    throttle.Caller
	unknown error // why from is unknown
	probe   bool  // health check
	label   string
	status  int // 0: not written yet
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

// middleware adds to every request: an id, the security headers, the limits on time and
// concurrency, recovery from panics, one log line, and metrics.
func (a *API) middleware(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		from, err := a.proxies.Caller(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
		rec := &responseRecorder{ResponseWriter: w, id: requestID(), from: from, unknown: err, probe: probe(r), label: routeNone}
		protect(rec)
		defer a.finish(rec, start)
		if a.draining.Load() {
			rec.Header().Set("Connection", "close")
		}

		if a.pages != nil && a.pages.Has(r) {
			a.servePage(rec, r)
			return
		}
		if r.URL.Path != path.Clean(r.URL.Path) {
			// The mux would redirect; this API accepts one spelling of a path.
			newProblem(NotFound, "").write(rec)
			return
		}
		if !rec.probe { // health checks need no slot
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

// finish logs and counts the request, after a panic too.
func (a *API) finish(rec *responseRecorder, start time.Time) {
	if p := recover(); p != nil {
		// The value may contain personal data, so only its type and the stack are logged.
		a.log.Error("panic", zap.String("request", rec.id), zap.String("route", rec.label),
			zap.String("type", fmt.Sprintf("%T", p)), zap.ByteString("stack", debug.Stack()))
		if rec.status != 0 {
			panic(http.ErrAbortHandler) // part of the response was sent: abort the connection
		}
		newProblem(Internal, "").write(rec)
	}
	took := time.Since(start)
	a.metrics.observe(rec.label, rec.status, took)
	level := zap.InfoLevel
	switch {
	case rec.probe:
		level = zap.DebugLevel // health checks repeat every few seconds
	case rec.status >= http.StatusBadRequest:
		level = zap.WarnLevel // log sampling never drops warnings
	case rec.label == routePages:
		level = zap.DebugLevel // a browser loads dozens of files at once
	}
	a.log.Log(level, "request", zap.String("request", rec.id), zap.String("route", rec.label),
		zap.Int("status", rec.status), zap.Duration("took", took))
}

// protect sets the security headers of every response: no caching, no content sniffing,
// no framing, no referrer.
func protect(rec *responseRecorder) {
	h := rec.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Request-Id", rec.id)
}

// probe reports whether the request is a health check.
func probe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// request is a request as a handler receives it.
type request struct {
	*http.Request
	id       string          // also in the response, the log and the audit log
	from     throttle.Caller // the caller's network
	response http.Header     // headers of the response
}

// A handler writes a response or returns an error. The caller receives a [problem.Error];
// all other errors are only logged.
type handler func(w http.ResponseWriter, r *request) error

// handle calls a handler and writes the problem of its error.
func (a *API) handle(label string, serve handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := w.(*responseRecorder)
		rec.label = label
		err := rec.unknown // callers without an address would share one set of limits
		if err == nil || rec.probe {
			err = serve(rec, &request{r, rec.id, rec.from, rec.Header()})
		}
		if err != nil {
			a.writeError(rec, err)
		}
	})
}

// writeError writes the problem of an error. Details of internal errors are only logged.
func (a *API) writeError(rec *responseRecorder, err error) {
	var known *problem.Error
	var code *credential.CodeError
	switch {
	case errors.As(err, &code):
		newCodeProblem(code.Reason).write(rec)
	case errors.As(err, &known):
		p := newProblem(known.Code, known.Detail)
		p.RetryAt = known.RetryAt
		if contactCodes[p.Code] {
			p.Contact = (*bilingual)(&a.support)
		}
		p.write(rec)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		a.log.Warn("request not finished", zap.String("request", rec.id), zap.String("route", rec.label), zap.Error(err))
		newProblem(Overloaded, "").write(rec)
	case errors.Is(err, database.ErrUnavailable):
		a.log.Warn("request failed: the database is not available", zap.String("request", rec.id), zap.String("route", rec.label), zap.Error(err))
		newProblem(Unavailable, "").write(rec)
	default:
		a.log.Error("request failed", zap.String("request", rec.id), zap.String("route", rec.label), zap.Error(err))
		newProblem(Internal, "").write(rec)
	}
}

// metrics count by route pattern and status class. Callers cannot choose a label.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, in classes) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "railgate_issuer_requests_total", Help: "HTTP requests, by route pattern and status class (2xx to 5xx).",
		}, []string{"route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "railgate_issuer_request_seconds", Help: "Seconds from the end of a request's headers to the end of its response, by route pattern.",
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
		"Requests in progress, by class and stage: body while the body arrives, serve while a handler runs.", []string{"class", "stage"}, nil)
	descShed = prometheus.NewDesc("railgate_issuer_shed_total",
		"Requests refused with overloaded because their class, network or credential had no free slot, by class and stage.", []string{"class", "stage"}, nil)
)

// Describe implements [prometheus.Collector].
func (c classes) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements [prometheus.Collector]. The pool of callback bodies is not exported.
func (c classes) Collect(out chan<- prometheus.Metric) {
	emit := func(class, stage string, p *pool) {
		out <- prometheus.MustNewConstMetric(descInFlight, prometheus.GaugeValue, float64(p.inside()), class, stage)
		out <- prometheus.MustNewConstMetric(descShed, prometheus.CounterValue, float64(p.shed.Load()), class, stage)
	}
	emit(c.passengers.name, "body", c.passengers.bodies)
	emit(c.staff.name, "body", c.staff.bodies)
	for _, in := range []class{c.passengers, c.staff, c.callbacks, c.pages} {
		emit(in.name, "serve", in.serving)
	}
}
