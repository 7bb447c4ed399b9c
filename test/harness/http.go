package harness

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/passenger"
)

// Object is a JSON object.
type Object = map[string]any

// With returns a copy of o with the fields of more added or replaced.
func With(o, more Object) Object {
	out := Object{}
	maps.Copy(out, o)
	maps.Copy(out, more)
	return out
}

// Answer is one HTTP answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Call sends a request to the issuer. token is a bearer credential, or empty. body is encoded as
// JSON unless it is a string; nil sends no body.
func (h *Harness) Call(method, path, token string, body any) Answer {
	h.T.Helper()
	return h.send(method, h.issuer+path, token, "application/json", body)
}

func (h *Harness) send(method, url, token, media string, body any) Answer {
	h.T.Helper()
	r := passenger.Request{Method: method, URL: url, Bearer: token, Media: media}
	switch b := body.(type) {
	case nil:
	case string:
		r.Body = []byte(b)
	default:
		var err error
		r.Body, err = json.Marshal(b)
		h.must(err)
	}
	got, err := h.http(h.T.Context(), r)
	h.must(err)
	return Answer{got.Status, got.Header, got.Body}
}

// As decodes the body of an answer that must have the status.
func As[T any](t testing.TB, a Answer, status int) (v T) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	if len(a.Body) == 0 {
		return v
	}
	if err := json.Unmarshal(a.Body, &v); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	return v
}

// OK asserts that the answer is a success.
func (a Answer) OK(t testing.TB) {
	t.Helper()
	if a.Status < 200 || a.Status > 299 {
		t.Fatalf("answered %d: %s", a.Status, a.Body)
	}
}

// Bilingual is a text in English and Chinese.
type Bilingual struct{ En, Zh string }

// Has asserts that both languages are present and contain each part. A part with Chinese characters
// is looked for in the Chinese text, any other part in the English text.
func (b Bilingual) Has(t testing.TB, parts ...string) {
	t.Helper()
	if b.En == "" || b.Zh == "" {
		t.Errorf("a language is missing: %+v", b)
	}
	for _, part := range parts {
		text := b.En
		if strings.ContainsFunc(part, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			text = b.Zh
		}
		if !strings.Contains(text, part) {
			t.Errorf("the text %q does not contain %q", text, part)
		}
	}
}

// Problem is an error answer, RFC 9457.
type Problem struct {
	Code          problem.Code
	Status        int
	Detail        string
	Text, Contact Bilingual
	NextStep      Bilingual `json:"next_step"`
	RetryAt       int64     `json:"retry_at"`
}

// Refused asserts a problem with the code, and returns it.
func (a Answer) Refused(t testing.TB, code problem.Code) Problem {
	t.Helper()
	p := As[Problem](t, a, a.Status)
	if a.Status < 400 || p.Code != code || p.Status != a.Status {
		t.Fatalf("answered %d, want a problem with code %s: %s", a.Status, code, a.Body)
	}
	return p
}

// CodeRefused asserts that a code did not identify a person, with the reason code of a verdict.
func (a Answer) CodeRefused(h *Harness, reason string) Problem {
	h.T.Helper()
	p := a.Refused(h.T, problem.Code("code_refused"))
	if r := As[struct{ Reason string }](h.T, a, a.Status).Reason; r != reason {
		h.T.Fatalf("the reason is %s, want %s", r, reason)
	}
	return p
}
