package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// bilingual is a text in the two languages of the service.
type bilingual struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// problemJSON is an RFC 9457 problem. Only Detail, and for a refused code the reason with
// its words, differs between two answers with one code; none repeats what was sent.
type problemJSON struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Code     problem.Code `json:"code"`
	Detail   string       `json:"detail"`
	Text     bilingual    `json:"text"`
	NextStep *bilingual   `json:"next_step,omitempty"`
	Contact  *bilingual   `json:"contact,omitempty"`  // customer service, where it can say why
	RetryAt  int64        `json:"retry_at,omitempty"` // Unix seconds
	// Reason and Class are of a refused code, as in a gateway's verdict; Text is then
	// the reason's.
	Reason string `json:"reason,omitempty"`
	Class  string `json:"class,omitempty"`
}

// newProblem renders a code. A code outside the table is a mistake of ours and
// must not leak: it becomes an internal error.
func newProblem(code problem.Code, detail string) problemJSON {
	info, ok := table[code]
	if !ok {
		code, detail, info = Internal, "", table[Internal]
	}
	p := problemJSON{
		Type: "/problems/" + string(code), Title: http.StatusText(info.status), Status: info.status,
		Code: code, Detail: detail, Text: bilingual{info.text.EN, info.text.ZH},
	}
	if detail == "" {
		p.Detail = info.text.EN
	}
	if info.text.NextEN != "" {
		p.NextStep = &bilingual{info.text.NextEN, info.text.NextZH}
	}
	return p
}

// write sends the problem with the headers that its status asks for.
func (p problemJSON) write(w http.ResponseWriter) {
	h := w.Header()
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	}
	if p.RetryAt != 0 {
		h.Set("Retry-After", time.Unix(p.RetryAt, 0).UTC().Format(http.TimeFormat))
	}
	h.Set("Content-Type", "application/problem+json")
	body, err := json.Marshal(p)
	if err != nil {
		panic("BUG: issuance/httpapi: a problem does not encode: " + err.Error())
	}
	w.WriteHeader(p.Status)
	w.Write(body) // a caller that went away is not told
}
