package passenger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// MaxAnswer bounds the bytes read of an answer; the largest contain a thousand pseudonyms.
const MaxAnswer = 64 << 10

// Request is one HTTP request.
type Request struct {
	Method, URL string
	Bearer      string // credential or token; empty: none
	Media       string // type of the body; empty: application/json
	Body        []byte // nil: none
}

// Answer is an HTTP answer with any status.
type Answer struct {
	Status int
	Media  string
	Body   []byte
	Header http.Header // nil if the sender does not keep it
}

// Sender sends a request once. An error means that no complete answer arrived; the server may have
// processed the request nevertheless. It is safe for concurrent use.
type Sender func(ctx context.Context, r Request) (Answer, error)

// HTTP returns a [Sender] that uses net/http. The client's timeout bounds a request, and the client
// decides on redirects.
func HTTP(c *http.Client) Sender {
	return func(ctx context.Context, r Request) (Answer, error) {
		var body io.Reader
		if r.Body != nil {
			body = bytes.NewReader(r.Body)
		}
		sent, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
		if err != nil {
			return Answer{}, errors.New("the address or an identifier in it does not form a valid URL")
		}
		if r.Body != nil {
			sent.Header.Set("Content-Type", r.media())
		}
		if r.Bearer != "" {
			sent.Header.Set("Authorization", "Bearer "+r.Bearer)
		}
		got, err := c.Do(sent)
		if err != nil {
			return Answer{}, withoutURL(err)
		}
		defer got.Body.Close()
		text, err := io.ReadAll(io.LimitReader(got.Body, MaxAnswer))
		return Answer{got.StatusCode, got.Header.Get("Content-Type"), text, got.Header}, err
	}
}

func (r *Request) media() string {
	if r.Media == "" {
		return "application/json"
	}
	return r.Media
}

// withoutURL removes the address from the error: it contains serials and identifiers.
func withoutURL(err error) error {
	if e := new(url.Error); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// StatusError is an answer with an unexpected status.
type StatusError struct {
	Call   string // name of the request
	Status int
	Want   int
	Code   string // of the problem; "?" if it has none
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: HTTP %d %q, expected %d", e.Call, e.Status, e.Code, e.Want)
}

// Read decodes an answer with the expected status into the struct into, which may be nil. Unknown
// fields are ignored: a later version may have more. call names the request in errors.
func (a Answer) Read(call string, want int, into any) error {
	if a.Status != want {
		return &StatusError{call, a.Status, want, a.Code()}
	}
	if into == nil {
		return nil
	}
	if !strings.HasPrefix(a.Media, "application/json") {
		return fmt.Errorf("%s: the answer's content type is not JSON", call)
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("%s: the answer is not the JSON of the contract", call)
	}
	return nil
}

// Code returns the code of a problem, and nothing else that the server sent: "?" if the code is
// missing or malformed.
func (a Answer) Code() string {
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.Body, &problem) != nil {
		return "?"
	}
	for _, c := range problem.Code {
		if c != '_' && (c < 'a' || c > 'z') {
			return "?"
		}
	}
	return problem.Code[:min(len(problem.Code), 40)]
}
