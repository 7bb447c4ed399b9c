package httpapi

import (
	"io"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
)

// healthz says that the process lives.
func healthz(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok\n")
	return nil
}

// readyz says whether the issuer can do its work. What it waits for names brokers
// and keys, and is for the admin listener alone.
func (a *API) readyz(w http.ResponseWriter, r *request) error {
	ready := a.readiness(r).Ready
	return writeJSON(w, readyStatus(ready), struct {
		Ready bool `json:"ready"`
	}{ready})
}

// readyzInFull says what the issuer waits for, too.
func (a *API) readyzInFull(w http.ResponseWriter, r *request) error {
	readiness := a.readiness(r)
	return writeJSON(w, readyStatus(readiness.Ready), readiness)
}

// readiness is that of the rules; an issuer that ends is not ready.
func (a *API) readiness(r *request) credential.Readiness {
	out := a.service.Readiness(r.Context())
	if a.draining.Load() {
		out.Ready = false
		out.Waiting = append([]string{"shutting down: finishing the requests at hand"}, out.Waiting...)
	}
	return out
}

func readyStatus(ready bool) int {
	if ready {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// Admin is the handler of the admin listener: /metrics from g, /debug/pprof/
// (without the command line, which may hold a password),
// /healthz and /readyz, here with its causes; with the sandbox of phone codes, the codes. It has no authentication: the listener must be private.
func (a *API) Admin(g prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /healthz", a.public)
	inFull := http.NewServeMux()
	inFull.Handle("GET /readyz", a.answer("GET /readyz", a.readyzInFull))
	mux.Handle("GET /readyz", a.around(inFull))
	if a.codes != nil {
		sandbox := http.NewServeMux()
		sandbox.Handle("POST /sandbox/phone-code", a.answer("POST /sandbox/phone-code", anyone(withBody(200, a.sandboxCode))))
		mux.Handle("POST /sandbox/phone-code", a.around(sandbox))
	}
	return mux
}

// sandboxCode returns the last code that the sandbox was to send to a phone, to the client
// that plays the phone. It is on the admin listener only, and only with the sandbox.
func (a *API) sandboxCode(_ *request, _ anonymous, in struct {
	Phone string `json:"phone"` // in the form of E.164
}) (any, error) {
	code, ok := a.codes.Code(in.Phone)
	if !ok {
		return nil, &problem.Error{Code: NotFound}
	}
	return struct {
		Code string `json:"code"`
	}{code}, nil
}

// calledBack hands on to the provider's package: its requests and answers are
// signed and are no problems of ours.
func (a *API) calledBack(w http.ResponseWriter, r *request) error {
	a.callback.ServeHTTP(w, r.Request)
	return nil
}
