package httpapi

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
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

// listKeys lists the issuer keys and the gateway keys, without their secrets.
func (a *API) listKeys(r *request, _ registry.Principal) (any, error) {
	keys, err := a.service.Keys.List(r.Context())
	if err != nil {
		return nil, err
	}
	gateways, err := a.service.Keys.Gateways(r.Context())
	type issuerKey struct {
		Key             tokens.KeyID  `json:"key"`
		PublicKey       string        `json:"public_key"`
		State           keyring.State `json:"state"`
		OrderedAt       int64         `json:"ordered_at"`
		PublishedAt     int64         `json:"published_at,omitempty"`
		UseFrom         int64         `json:"use_from,omitempty"`
		DeactivatedAt   int64         `json:"deactivated_at,omitempty"`
		Cutoff          int64         `json:"cutoff,omitempty"`
		RetireFrom      int64         `json:"retire_from,omitempty"`
		RetiredAt       int64         `json:"retired_at,omitempty"`
		RunningSessions int           `json:"running_sessions"`
		Here            bool          `json:"here"`
	}
	type gatewayKey struct {
		Gateway     int    `json:"gateway"`
		PublicKey   string `json:"public_key"`
		AnnouncedAt int64  `json:"announced_at"`
		Cutoff      int64  `json:"cutoff,omitempty"`
	}
	return struct {
		IssuerKeys  []issuerKey  `json:"issuer_keys"`
		GatewayKeys []gatewayKey `json:"gateway_keys"`
	}{each(keys, func(k keyring.Line) issuerKey {
		return issuerKey{k.ID, hex.EncodeToString(k.Key[:]), k.State, seconds(k.Ordered), seconds(k.Published), seconds(k.UseFrom),
			seconds(k.Deactivated), seconds(k.Cutoff), seconds(k.RetireFrom), seconds(k.Retired), k.Running, a.service.Keys.Holds(k.ID)}
	}), each(gateways, func(g keyring.Gateway) gatewayKey {
		return gatewayKey{int(g.ID), hex.EncodeToString(g.Public[:]), seconds(g.Announced), seconds(g.Cutoff)}
	})}, err
}

// seconds is a time in Unix seconds; 0 for the zero time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Stream is a stream of records for gateways, with its publisher in this process.
type Stream struct {
	Outbox *outbox.Outbox
	// Stats returns the publisher's counters; nil: they are not shown.
	Stats func() publish.Stats
}

// streamHealth is the state of a stream. Times are in Unix ms by the database clock, unless their name says
// otherwise.
type streamHealth struct {
	Stream     string            `json:"stream"`
	Topic      string            `json:"topic"`
	Epoch      uint64            `json:"epoch"`
	LeaseUntil database.Millis   `json:"lease_until_ms,omitempty"`
	Here       bool              `json:"here"`
	Waiting    int64             `json:"waiting"`
	Oldest     database.Millis   `json:"oldest_ms,omitempty"`
	Partitions []partitionHealth `json:"partitions"`
	Publisher  *publisherHealth  `json:"publisher,omitempty"`
}

type partitionHealth struct {
	Partition int             `json:"partition"`
	Waiting   int64           `json:"waiting"`
	Oldest    database.Millis `json:"oldest_ms,omitempty"`
	Last      uint64          `json:"last"`
	// Watermark is by this issuer's clock; only the publisher knows it.
	Watermark int64 `json:"watermark_ms,omitempty"`
}

type publisherHealth struct {
	Failing        string `json:"failing,omitempty"`
	FailingSince   int64  `json:"failing_since,omitempty"`
	Failures       uint64 `json:"failures"`
	Republications uint64 `json:"republications"`
	TopicFaults    int    `json:"topic_faults"`
}

// readStreams returns the state of the streams and what keeps this issuer from being ready.
func (a *API) readStreams(r *request, _ registry.Principal) (any, error) {
	out := struct {
		NowMs     database.Millis `json:"now_ms"` // by the database clock
		IssuerMs  int64           `json:"issuer_ms"`
		Ready     bool            `json:"ready"`
		WaitingOn []string        `json:"waiting_on"`
		Streams   []streamHealth  `json:"streams"`
	}{Streams: []streamHealth{}}
	for _, s := range a.streams {
		h, err := s.Outbox.Health(r.Context())
		if err != nil {
			return nil, err
		}
		out.NowMs = h.Now
		out.Streams = append(out.Streams, newStreamHealth(h, s.Stats))
	}
	ready := a.readiness(r)
	out.IssuerMs, out.Ready, out.WaitingOn = a.service.Now().UnixMilli(), ready.Ready, ready.Waiting
	return out, nil
}

func newStreamHealth(h outbox.Health, stats func() publish.Stats) streamHealth {
	out := streamHealth{Stream: h.Name, Topic: h.Topic, Epoch: h.Epoch, LeaseUntil: h.LeaseUntil, Here: h.Own, Partitions: []partitionHealth{}}
	var s publish.Stats
	if stats != nil {
		s = stats()
		out.Publisher = &publisherHealth{s.Failing, seconds(s.FailingSince), s.Failures, s.Republications, s.TopicFaults}
	}
	for i, p := range h.Partitions {
		shown := partitionHealth{Partition: i, Waiting: p.Waiting, Oldest: p.Oldest, Last: p.Last}
		if i < len(s.LastMS) && s.Leading {
			shown.Watermark = s.LastMS[i]
		}
		if out.Waiting += p.Waiting; p.Oldest != 0 && (out.Oldest == 0 || p.Oldest < out.Oldest) {
			out.Oldest = p.Oldest
		}
		out.Partitions = append(out.Partitions, shown)
	}
	return out
}
