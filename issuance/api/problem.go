package api

import (
	"encoding/json"
	"net/http"

	"github.com/railgate/railgate/issuance/refusal"
)

// Codes of the transport; those of the rules are issuance.Codes.
const (
	BodyMalformed    refusal.Code = "body_malformed"
	BodyTooLarge     refusal.Code = "body_too_large"
	MediaType        refusal.Code = "media_type_not_supported"
	StaffUnknown     refusal.Code = "staff_unauthorized"
	NotFound         refusal.Code = "not_found"
	MethodNotAllowed refusal.Code = "method_not_allowed"
	Overloaded       refusal.Code = "overloaded"
	Internal         refusal.Code = "internal_error"
)

// words is a text in the two languages of the service.
type words struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// problem is an RFC 9457 problem. Only Detail differs between two answers with
// one code, and it never repeats what was sent.
type problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Code     refusal.Code `json:"code"`
	Detail   string       `json:"detail"`
	Text     words        `json:"text"`
	NextStep *words       `json:"next_step,omitempty"`
}

// newProblem renders a code. A code outside the table is a mistake of ours and
// must not leak: it becomes an internal error.
func newProblem(code refusal.Code, detail string) problem {
	info, ok := table[code]
	if !ok {
		code, detail, info = Internal, "", table[Internal]
	}
	p := problem{
		Type: "/problems/" + string(code), Title: http.StatusText(info.status), Status: info.status,
		Code: code, Detail: detail, Text: info.text,
	}
	if detail == "" {
		p.Detail = info.text.EN
	}
	if info.next != (words{}) {
		p.NextStep = &info.next
	}
	return p
}

// write sends the problem with the headers that its status asks for.
func (p problem) write(w http.ResponseWriter) {
	h := w.Header()
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	}
	h.Set("Content-Type", "application/problem+json")
	body, err := json.Marshal(p)
	if err != nil {
		panic("BUG: issuance/api: a problem does not encode: " + err.Error())
	}
	w.WriteHeader(p.Status)
	w.Write(body) // a caller that went away is not told
}
