package api

import (
	"io"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// healthz says that the process lives.
func healthz(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok\n")
	return nil
}

// readyz says whether the issuer can do its work, and what it waits for.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) error {
	waiting := a.service.Ready(r.Context())
	status := http.StatusOK
	if len(waiting) > 0 {
		status = http.StatusServiceUnavailable
	}
	return writeJSON(w, status, struct {
		Ready   bool     `json:"ready"`
		Waiting []string `json:"waiting"`
	}{len(waiting) == 0, append([]string{}, waiting...)})
}

// Admin is the handler of the admin listener: /metrics from g, /debug/pprof/
// (without the command line, which may hold a password),
// /healthz and /readyz. It has no authentication: the listener must be private.
func (a *API) Admin(g prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /healthz", a.public)
	mux.Handle("GET /readyz", a.public)
	return mux
}
