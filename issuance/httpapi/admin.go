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

// healthz reports that the process runs.
func healthz(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok\n")
	return nil
}

// readyz reports whether the issuer is ready. The causes name brokers and keys, so only
// the admin listener shows them.
func (a *API) readyz(w http.ResponseWriter, r *request) error {
	ready := a.readiness(r).Ready
	return writeJSON(w, readyStatus(ready), struct {
		Ready bool `json:"ready"`
	}{ready})
}

// readyzWithCauses reports readiness with the causes.
func (a *API) readyzWithCauses(w http.ResponseWriter, r *request) error {
	readiness := a.readiness(r)
	return writeJSON(w, readyStatus(readiness.Ready), readiness)
}

// readiness is the service's readiness; an issuer that shuts down is not ready.
func (a *API) readiness(r *request) credential.Readiness {
	out := a.service.Readiness(r.Context())
	if a.draining.Load() {
		out.Ready = false
		out.Waiting = append([]string{"shutting down: finishing requests in progress"}, out.Waiting...)
	}
	return out
}

func readyStatus(ready bool) int {
	if ready {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// Admin returns the handler of the admin listener. It serves /metrics from g,
// /debug/pprof/ without the command line, which may contain a password, /healthz,
// /readyz with causes, and the codes of the phone-code sandbox. It has no
// authentication: the listener must be private.
func (a *API) Admin(g prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /healthz", a.public)
	inFull := http.NewServeMux()
	inFull.Handle("GET /readyz", a.handle("GET /readyz", a.readyzWithCauses))
	mux.Handle("GET /readyz", a.middleware(inFull))
	if a.codes != nil {
		sandbox := http.NewServeMux()
		sandbox.Handle("POST /sandbox/phone-code", a.handle("POST /sandbox/phone-code", anyone(withBody(200, a.sandboxCode))))
		mux.Handle("POST /sandbox/phone-code", a.middleware(sandbox))
	}
	return mux
}

// sandboxCode returns the last code that the sandbox would have sent to a phone. It is
// served on the admin listener only, and only with the sandbox.
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

// faceCheckCallback delegates to the provider's package. Its requests and responses are
// signed, and its errors are not problems of this API.
func (a *API) faceCheckCallback(w http.ResponseWriter, r *request) error {
	a.callback.ServeHTTP(w, r.Request)
	return nil
}
