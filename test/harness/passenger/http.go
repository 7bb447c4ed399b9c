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

// MaxAnswer is how many bytes of an answer are read; the largest are a thousand
// pseudonyms.
const MaxAnswer = 64 << 10

// Request is one HTTP request.
type Request struct {
	Method, URL string
	Bearer      string // credential or token; empty: none
	Media       string // type of the body; empty: application/json
	Body        []byte // nil: none
}

// Answer is what came back, whatever the status.
type Answer struct {
	Status int
	Media  string
	Body   []byte
	Header http.Header // nil if the sender does not keep it
}

// Sender sends a request once. An error means that there is no whole answer: the request
// may have been carried out nevertheless. It is safe for concurrent use.
type Sender func(ctx context.Context, r Request) (Answer, error)

// HTTP sends with net/http. The client's timeout bounds a request. Redirects are for the
// client to follow or not.
func HTTP(c *http.Client) Sender {
	return func(ctx context.Context, r Request) (Answer, error) {
		var body io.Reader
		if r.Body != nil {
			body = bytes.NewReader(r.Body)
		}
		sent, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
		if err != nil {
			return Answer{}, errors.New("the address or an identifier in it cannot be used in a URL")
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

// withoutURL drops the address from the error: it contains serials and identifiers.
func withoutURL(err error) error {
	if e := new(url.Error); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Refused is an answer with another status than the right one.
type Refused struct {
	Call   string // what was asked for
	Status int
	Want   int
	Code   string // of the problem; ? if it is none
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%s: HTTP %d %q, expected %d", r.Call, r.Status, r.Code, r.Want)
}

// Read reads an answer with the status into the struct into, which may be nil. Fields
// that the struct lacks are ignored: a later version may have more. call names the
// request in errors.
func (a Answer) Read(call string, want int, into any) error {
	if a.Status != want {
		return &Refused{call, a.Status, want, a.Code()}
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

// Code is the stable code of a problem, and nothing else of what another program sent:
// "?" if there is none, or a malformed one.
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
