package passenger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/loadtest/openloop"
)

// Bounds of a call.
const (
	// Within bounds the writing of a request, and then its answer.
	Within    = 10 * time.Second
	answerMax = 64 << 10         // bytes; the largest are a thousand pseudonyms
	idleMax   = 30 * time.Second // below the time after which the issuer ends a silent connection
)

// Client asks one issuer over keep-alive connections. It is safe for many
// goroutines at once.
type Client struct {
	http   *fasthttp.HostClient
	policy atomic.Pointer[string] // version of the privacy policy in force; nil: not asked yet
}

// New makes a client of the issuer at address, host:port, with at most so many
// connections, and as many calls at once. It connects when it is used.
func New(address string, connections int) *Client {
	return &Client{http: &fasthttp.HostClient{
		Addr: address, MaxConns: connections, MaxConnWaitTimeout: Within, MaxIdleConnDuration: idleMax,
		ReadTimeout: Within, WriteTimeout: Within, MaxResponseBodySize: answerMax,
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true,
		// A call that was sent again would be counted once and cost twice.
		RetryIfErr: func(*fasthttp.Request, int, error) (resetTimeout, retry bool) { return false, false },
	}}
}

// Close closes the connections that are not at work.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call is one request. what names it in errors.
type call struct {
	what, method, path, bearer string
	body                       []byte
	want                       int // status
}

// do sends it and reads the answer's fields into the struct. What the answer
// holds beyond them is the issuer's business. A 5xx, and no answer at all, are
// openloop.ErrDeclined.
func (c *Client) do(k call, into any) error {
	request, answer := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(answer)
	request.Header.SetMethod(k.method)
	request.URI().SetScheme("http")
	request.URI().SetHost(c.http.Addr)
	request.URI().SetPath(k.path)
	if k.body != nil {
		request.Header.SetContentType("application/json")
		request.SetBodyRaw(k.body)
	}
	if k.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+k.bearer)
	}
	if err := c.http.Do(request, answer); err != nil {
		return fmt.Errorf("%s: no answer: %w (%w)", k.what, err, openloop.ErrDeclined)
	}
	switch status := answer.StatusCode(); {
	case status == k.want:
	case status >= 500:
		return fmt.Errorf("%s: HTTP %d %q: %w", k.what, status, code(answer.Body()), openloop.ErrDeclined)
	default:
		return fmt.Errorf("%s: HTTP %d %q, expected %d", k.what, status, code(answer.Body()), k.want)
	}
	if !bytes.HasPrefix(answer.Header.ContentType(), []byte("application/json")) {
		return fmt.Errorf("%s: the answer is not said to be JSON", k.what)
	}
	if err := json.Unmarshal(answer.Body(), into); err != nil {
		return fmt.Errorf("%s: the answer is not the JSON of the contract", k.what)
	}
	return nil
}

// code is a problem's stable code and nothing else of what another program sent.
func code(body []byte) string {
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &problem) != nil {
		return "?"
	}
	for _, c := range problem.Code {
		if c != '_' && (c < 'a' || c > 'z') {
			return "?"
		}
	}
	return problem.Code[:min(len(problem.Code), 40)]
}
