package gateway

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewAdmin returns the server of the admin listener: metrics, profiles, health, and the conflicts that this gateway
// knows, one JSON object a line.
// It does not authenticate, so it belongs on loopback or an internal network.
func (g *Gateway) NewAdmin(metrics prometheus.Gatherer) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 2}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(healthy)) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		r := g.Readiness()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(r.status())
		w.Write(readinessJSON(r))
	})
	mux.HandleFunc("GET /conflicts", g.listConflicts)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // a CPU profile runs for the requested seconds
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
	}
}

// listConflicts answers with the conflicts among the passages of all gateways that this gateway has read. Once the
// same passages were read, the list is the same at every gateway.
func (g *Gateway) listConflicts(w http.ResponseWriter, _ *http.Request) {
	if g.Passages.Conflicts == nil {
		http.Error(w, "this gateway does not compare passages: no device has passback, or it has no identity", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	for _, c := range g.Passages.Conflicts.List() {
		if lines.Encode(c.Line()) != nil {
			return // the client is gone
		}
	}
}
