package fake

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/railgate/railgate/tokens"
)

func (w *Servers) gatewayHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(out http.ResponseWriter, _ *http.Request) {
		if w.behavior.NeverReady {
			out.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /v1/check", w.check)
	return mux
}

type revocationJSON struct {
	State     string `json:"state"`
	Flagged   bool   `json:"flagged"`
	AgeMS     int64  `json:"age_ms"`
	Watermark int64  `json:"watermark_ms"`
}

type allowJSON struct {
	Verdict     string         `json:"verdict"`
	Reason      string         `json:"reason"`
	Class       string         `json:"class"`
	Subject     string         `json:"subject"`
	Serial      string         `json:"serial"`
	Scopes      []string       `json:"scopes"`
	SecondsLeft int64          `json:"seconds_left"`
	Revocation  revocationJSON `json:"revocation"`
	Passback    *passbackJSON  `json:"passback,omitempty"`
	Ticket      *ticketJSON    `json:"ticket,omitempty"`
}

type denyJSON struct {
	Verdict    string            `json:"verdict"`
	Reason     string            `json:"reason"`
	Class      string            `json:"class"`
	Text       map[string]string `json:"text"`
	Revocation revocationJSON    `json:"revocation"`
	Passback   *passbackJSON     `json:"passback,omitempty"`
	Ticket     *ticketJSON       `json:"ticket,omitempty"`
}

func (w *Servers) check(out http.ResponseWriter, req *http.Request) {
	scope, ok := tokens.ParseScope([]byte(req.URL.Query().Get("scope")))
	if !ok || req.Header.Get("Authorization") != "Bearer "+w.device && req.Header.Get("Authorization") != "Bearer "+w.second {
		out.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, 4096))
	if err != nil {
		return
	}
	var t tokens.Token
	reason := t.ParseText(body)
	now := time.Now().Unix()
	if reason == tokens.ReasonOK {
		reason = w.checker.Check(&t, now, scope)
	}
	if t.KeyID() == LoadKey {
		if w.behavior.Overloaded && w.loads.Load() > 0 {
			out.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.stall()
		reason = w.lie(reason)
	}
	var use *passbackJSON
	if w.behavior.Passback != "" && scope == tokens.Entry {
		reason, use = w.use(&t, req.Header.Get("Authorization"), reason)
	}
	time.Sleep(w.behavior.EachCheck)
	w.checks.Add(1)
	out.Header().Set("Content-Type", "application/json")
	fresh := revocationJSON{"fresh", false, 312, 1770681600123}
	if reason == tokens.ReasonOK {
		json.NewEncoder(out).Encode(allowJSON{
			"allow", reason.String(), reason.Class().String(), t.Subject().String(), t.Serial().String(),
			t.Scopes().Names(), t.SecondsLeft(now), fresh, use, w.ticket(),
		})
		return
	}
	en, zh := reason.Text()
	json.NewEncoder(out).Encode(denyJSON{
		"deny", reason.String(), reason.Class().String(), map[string]string{"en": en, "zh": zh}, fresh, use, w.ticket(),
	})
}

// stall delays every answer until the stall is over.
func (w *Servers) stall() {
	now := time.Now()
	w.firstLoad.CompareAndSwap(0, now.UnixNano())
	since := now.Sub(time.Unix(0, w.firstLoad.Load()))
	if since >= w.behavior.StallAfter && since < w.behavior.StallAfter+w.behavior.StallFor {
		time.Sleep(w.behavior.StallAfter + w.behavior.StallFor - since)
	}
}

// lie inverts every n-th answer, except the first, with which the load test probes its
// key.
func (w *Servers) lie(honest tokens.Reason) tokens.Reason {
	n := w.loads.Add(1)
	if w.behavior.LieEvery == 0 || n == 1 || n%w.behavior.LieEvery != 0 {
		return honest
	}
	if honest == tokens.ReasonOK {
		return tokens.ReasonRevoked
	}
	return tokens.ReasonOK
}
