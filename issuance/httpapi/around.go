package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
)

// RequestTimeout bounds a request's work: the longest real-person check and
// what surrounds it. It is below the server's write timeout, so that the caller
// still hears the answer.
const RequestTimeout = 20 * time.Second

// exchange is one request on its way: what the log and the metrics will say.
type exchange struct {
	http.ResponseWriter
	id     string
	probe  bool // a health question
	label  string
	status int // 0: nothing was written yet
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(p)
}

// around is what every request goes through: an id, the headers, a bound on
// time and on how many at once, recovery, one log line, the counters.
func (a *API) around(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		x := &exchange{ResponseWriter: w, id: requestID(), probe: probe(r), label: routeNone}
		protect(x)
		defer a.finish(x, start)
		if a.draining.Load() {
			x.Header().Set("Connection", "close")
		}

		if r.URL.Path != path.Clean(r.URL.Path) {
			// The mux would redirect; here a path has one spelling.
			newProblem(NotFound, "").write(x)
			return
		}
		if !x.probe { // a health question is answered even when all places are taken
			admitted, leave, ok := a.admit(x, r)
			if !ok {
				return
			}
			defer leave()
			r = admitted
		}
		ctx, cancel := context.WithTimeout(r.Context(), RequestTimeout)
		defer cancel()
		mux.ServeHTTP(x, r.WithContext(ctx))
	})
}

// finish runs whether or not the request panicked.
func (a *API) finish(x *exchange, start time.Time) {
	if p := recover(); p != nil {
		// The value may speak of a passenger: its type and the place are enough.
		a.log.Error("panic", zap.String("request", x.id), zap.String("route", x.label),
			zap.String("type", fmt.Sprintf("%T", p)), zap.ByteString("stack", debug.Stack()))
		if x.status != 0 {
			panic(http.ErrAbortHandler) // half an answer was sent: only breaking off says so
		}
		newProblem(Internal, "").write(x)
	}
	took := time.Since(start)
	a.metrics.observe(x.label, x.status, took)
	level := zap.InfoLevel
	switch {
	case x.probe:
		level = zap.DebugLevel // every few seconds, for ever
	case x.status >= http.StatusBadRequest:
		level = zap.WarnLevel // refusals and faults are never sampled away
	}
	a.log.Log(level, "request", zap.String("request", x.id), zap.String("route", x.label),
		zap.Int("status", x.status), zap.Duration("took", took))
}

// protect sets the headers of every answer: nothing here may be cached,
// interpreted as another type, framed, or told to another site.
func protect(x *exchange) {
	h := x.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Request-Id", x.id)
}

// probe reports a health question.
func probe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// idOf is the id of the request that an answer is for.
func idOf(w http.ResponseWriter) string {
	if x, ok := w.(*exchange); ok {
		return x.id
	}
	return ""
}
