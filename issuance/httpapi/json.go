package httpapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/railgate/railgate/internal/strictjson"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/tokens"
)

// MaxBody bounds a request's body, in bytes. The largest valid body is a face check with
// its evidence.
const MaxBody = 16 << 10

// MaxSubjectsBody bounds the one larger body: [credential.MaxSubjects] persons.
const MaxSubjectsBody = 128 << 10

// withoutBody serves a request without a body. It responds with the status and the result of
// serve; nil is no content.
func withoutBody[By any](status int, serve func(*request, By) (any, error)) handlerFor[By] {
	return func(w http.ResponseWriter, r *request, by By) error {
		out, err := serve(r, by)
		if err != nil {
			return err
		}
		return writeJSON(w, status, out)
	}
}

// withBody serves a request whose body is one JSON object, which it reads first.
func withBody[By, In any](status int, serve func(*request, By, In) (any, error)) handlerFor[By] {
	return withBodyUpTo(MaxBody, status, serve)
}

// withBodyUpTo is withBody with a body of at most bound bytes.
func withBodyUpTo[By, In any](bound int64, status int, serve func(*request, By, In) (any, error)) handlerFor[By] {
	return func(w http.ResponseWriter, r *request, by By) error {
		var in In
		if err := readJSON(w, r, &in, bound); err != nil {
			return err
		}
		out, err := serve(r, by, in)
		if err != nil {
			return err
		}
		return writeJSON(w, status, out)
	}
}

// empty is a body without fields.
type empty = struct{}

// readJSON reads the JSON object in a request's body, of at most bound bytes, into dst as
// [strictjson.Read] does. Errors name a field by its path, in which an embedded struct has
// its Go name: the names of embedded structs are part of responses.
func readJSON(w http.ResponseWriter, r *request, dst any, bound int64) error {
	if !strictjson.Declared(r.Header) {
		return &problem.Error{Code: MediaType, Detail: "Content-Type must be application/json in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bound))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return &problem.Error{Code: BodyTooLarge, Detail: fmt.Sprintf("the body may have at most %d bytes", bound)}
	}
	if err != nil {
		return malformed("the body ended early")
	}
	if err := strictjson.Read(body, dst); err != nil {
		return malformed(err.Error()) // contains nothing of the body
	}
	return nil
}

func malformed(detail string) error {
	return &problem.Error{Code: BodyMalformed, Detail: detail}
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	if v == nil {
		w.WriteHeader(status)
		return nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // an error means that the caller has disconnected
	return nil
}

// each converts every element. The result is never nil, so it is encoded as a list.
func each[From, To any](all []From, convert func(From) To) []To {
	out := make([]To, len(all))
	for i, one := range all {
		out[i] = convert(one)
	}
	return out
}

// filled is an optional text that is not empty if present: absence has one spelling.
type filled string

// UnmarshalJSON refuses an empty text.
func (f *filled) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text == "" {
		return &json.UnmarshalTypeError{Value: "empty string", Type: reflect.TypeFor[filled]()}
	}
	*f = filled(text)
	return nil
}

// problems are the problems of HTTP itself. The packages of the rules have their own.
var problems problem.Table

// The problems that occur before a rule is evaluated, or after one failed.
var (
	BodyMalformed    = problems.Add(400, "body_malformed", "The request cannot be read.", "请求格式有误。", "", "")
	BodyTooLarge     = problems.Add(413, "body_too_large", "The request is too large.", "请求内容过大。", "", "")
	HeadersTooLarge  = problems.Add(431, "headers_too_large", "The headers of the request are too large.", "请求头过大。", "", "")
	BodySlow         = problems.Add(408, "body_timeout", "The request did not arrive in time.", "请求内容未能及时送达。", "Please check the network and try again.", "请检查网络后重试。")
	MediaType        = problems.Add(415, "media_type_not_supported", "The request must be JSON.", "请求必须为 JSON 格式。", "", "")
	QueryMalformed   = problems.Add(400, "query_malformed", "The query in the address cannot be read.", "请求地址中的查询参数有误。", "", "")
	NotFound         = problems.Add(404, "not_found", "The address does not exist.", "请求的地址不存在。", "", "")
	MethodNotAllowed = problems.Add(405, "method_not_allowed", "This method is not supported here.", "不支持该请求方法。", "", "")
	Overloaded       = problems.Add(503, "overloaded", "The service is busy.", "系统繁忙。", "Please try again in a moment.", "请稍后重试。")
	Unavailable      = problems.Add(503, "temporarily_unavailable", "The service is not available now.", "服务暂不可用。", "Please try again in a moment.", "请稍后重试。")
	Internal         = problems.Add(500, "internal_error", "An internal error occurred.", "系统故障。", "Please try again later, or go to the station police window.", "请稍后重试，或到车站公安制证窗口办理。")
)

// tables are the problems of all responses; table finds a row by its code. They are
// declared after the rows above, because those must be added first.
var (
	tables = []problem.Table{
		credential.Problems, account.Problems, throttle.Problems, rules.Problems, registry.Problems, staff.Problems, audit.Problems, problems,
	}
	table = problem.Join(tables...)
)

// bilingual is a text in English and Chinese.
type bilingual struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// problemJSON is an RFC 9457 problem. Two problems with the same code differ only in
// Detail and, for a refused code, in the reason and its text. None repeats data of the
// request.
type problemJSON struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Code     problem.Code `json:"code"`
	Detail   string       `json:"detail"`
	Text     bilingual    `json:"text"`
	NextStep *bilingual   `json:"next_step,omitempty"`
	Contact  *bilingual   `json:"contact,omitempty"`  // customer service, if it can explain the problem
	RetryAt  int64        `json:"retry_at,omitempty"` // Unix seconds
	// Reason and Class are set for a refused code, as in a gateway's verdict; Text is then
	// the text of the reason.
	Reason string `json:"reason,omitempty"`
	Class  string `json:"class,omitempty"`
}

// newProblem returns the problem of a code. A code that is not in the table is a bug and
// must not reach the caller: it becomes an internal error.
func newProblem(code problem.Code, detail string) problemJSON {
	row, ok := table[code]
	if !ok {
		row, detail = table[Internal], ""
	}
	p := problemJSON{
		Type: "/problems/" + string(row.Code), Title: http.StatusText(row.Status), Status: row.Status,
		Code: row.Code, Detail: cmp.Or(detail, row.EN), Text: bilingual{row.EN, row.ZH},
	}
	if row.NextEN != "" {
		p.NextStep = &bilingual{row.NextEN, row.NextZH}
	}
	return p
}

// write sends the problem with the headers that its status requires.
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
	w.Write(body) // an error means that the caller has disconnected
}

// contactCodes are the problems of an identity that is not confirmed. Counters and
// customer service can explain them (S4:411-415).
var contactCodes = map[problem.Code]bool{
	credential.IdentityNotConfirmed: true,
	credential.DocumentCancelled:    true,
	rules.IdentityRegistered:        true,
}

// newCodeProblem returns the problem of a refused code, with the text of a gateway's
// verdict.
func newCodeProblem(r tokens.Reason) problemJSON {
	p := newProblem(credential.CodeRefused, "the code is not accepted: "+r.String())
	p.Reason, p.Class = r.String(), r.Class().String()
	p.Text.EN, p.Text.ZH = r.Text()
	return p
}
