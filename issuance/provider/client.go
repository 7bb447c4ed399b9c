// Package provider calls outside services. A service may be slow, silent, down or wrong at any time, and
// the network to it is not trusted.
//
// It promises:
//   - A call ends within its time bound.
//   - An answer was made by a holder of the shared secret for this request.
//   - A failing service is not called ([Breaker]), and blocks at most a configured number of calls.
//   - The content of requests and answers never appears in an error, a log or a metric: all texts of this
//     package are constants.
//
// It does not promise that a service acts once: it repeats a request, with the same id, if the connection
// broke before an answer.
//
// # Protocol
//
// A request is a POST of one JSON object over HTTPS; plain HTTP is allowed for loopback addresses only.
// Values are strings, and names are lower-case ASCII; unknown and repeated names are refused. Both sides
// sign with HMAC-SHA-256 and a shared secret, in one header with exactly one spelling:
//
//	Railgate-Signature: v1;key=KEY;time=SECONDS;id=ID;mac=MAC
//
// KEY is the name of the secret: 1 to 32 of a-z, 0-9 and "-". SECONDS is the Unix time of signing, in
// decimal. ID is 32 random lower-case hex digits, unique for each request and repeated only when the
// request is sent again. MAC is 64 lower-case hex digits. The MAC covers these lines, each terminated by a
// line feed, with hashes in lower-case hex (the first line keeps an older name of this package):
//
//	a request                     an answer
//	railgate-partner-request-v1   railgate-partner-answer-v1
//	KEY                           KEY
//	SECONDS                       SECONDS
//	ID                            ID
//	POST                          STATUS (decimal)
//	PATH of the URL               MAC of the request
//	SHA-256 of the body           SHA-256 of the body
//
// An answer therefore belongs to exactly one request. Every answer with content is signed, including
// errors; an unsigned answer is ignored. Each side refuses a time that differs from its clock by more than
// a bound. URLs have no query, because the signature does not cover one.
//
// Within that bound a request can be replayed. The server answers a known id as it did the first time: it
// must store ids for at least twice the bound. Two secrets may be valid at the same time. To change the
// secret, configure the new one as the second on both sides, then make it the first, then remove the old
// one. A secret belongs to one service only.
package provider

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/strictjson"
)

// The errors of a call. A call whose ctx ended returns the error of ctx instead.
var (
	// ErrUnavailable: the request was not sent. The breaker is open, or too many calls are in progress.
	ErrUnavailable = errors.New("not called")
	// ErrTimeout: the service did not answer within the client's timeout.
	ErrTimeout = errors.New("no answer in time")
	// ErrBroken: there was no connection, or it broke; an established connection was retried once.
	ErrBroken = errors.New("no connection")
	// ErrAnswer: the response is not an answer of this protocol to this request.
	ErrAnswer = errors.New("not an answer")
	// ErrRequest: the request cannot be sent. This is a mistake of the program.
	ErrRequest = errors.New("not a valid request")
)

// Client calls one service. It is safe for concurrent use and starts no goroutine.
type Client struct {
	config    Config // immutable after construction
	url       *url.URL
	keys      *Keyring
	transport *http.Transport
	slots     chan struct{}
	breaker   *Breaker
	metrics   *metrics
}

// New makes a [Client], or reports every fault of the configuration.
func New(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.complete()
	u, err := ParseURL(c.URL)
	if err != nil {
		return nil, err
	}
	keys, err := NewKeyring(c.Secrets...)
	if err != nil {
		return nil, err
	}
	client := &Client{
		config: c, url: u, keys: keys,
		transport: newTransport(c.Roots, c.Calls),
		slots:     make(chan struct{}, c.Calls),
		breaker:   NewBreaker(c.Faults, c.Pause),
	}
	client.metrics, err = newMetrics(c.Metrics, c.Service, client.breaker)
	return client, err
}

// NewBreaker makes another breaker with the client's settings, for a fault that the call itself does not
// show, such as a missing callback.
func (c *Client) NewBreaker() *Breaker { return NewBreaker(c.config.Faults, c.config.Pause) }

// Receiver returns a [Receiver] for the service's own requests, at a URL of the issuer with this escaped
// path, with the same secrets, clock and clock bound.
func (c *Client) Receiver(path string, maxBody int64) Receiver {
	return Receiver{Keys: c.keys, Path: path, Skew: c.config.Skew, Now: c.config.Now, MaxBody: maxBody}
}

// Post sends content to a path below the service's URL. It passes the answer to read after the signature
// is verified. If read returns an error, the answer violates the protocol; the text of the error is
// dropped, because it may quote the answer.
//
// Post returns nil only after read returned nil. It returns at the latest when ctx ends, then with the error
// of ctx; all other errors are those of this package. content must encode to an object of strings in valid UTF-8.
func (c *Client) Post(ctx context.Context, path string, id ID, content any, read func(status int, body []byte) error) error {
	body, err := json.Marshal(content)
	if err != nil || len(body) > MaxRequest {
		return c.fault(ErrRequest, "")
	}
	if ctx.Err() != nil {
		return ctx.Err() // not a fault of the service
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	default:
		c.metrics.call(outcomeFull)
		return c.fault(ErrUnavailable, "too many calls are in progress")
	}
	permit, ok := c.breaker.Allow(c.config.Now())
	if !ok {
		c.metrics.call(outcomeOpen)
		return c.fault(ErrUnavailable, "the breaker is open")
	}
	verdict := Bad // if read panics
	defer func() {
		if state, changed := c.breaker.Done(permit, verdict, c.config.Now()); changed {
			c.config.Log.Warn("provider breaker changed state", zap.String("service", c.config.Service), zap.Stringer("state", state))
		}
	}()
	start := time.Now()
	bound, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	err = c.send(bound, path, id, body, read)
	if bound.Err() != nil && err != nil {
		// The end of the time is the cause of every other error.
		if err = ctx.Err(); err == nil {
			err = c.fault(ErrTimeout, "")
		}
	}
	outcome := outcomeOf(err)
	verdict = outcome.verdict()
	c.metrics.call(outcome)
	c.metrics.seconds.Observe(time.Since(start).Seconds())
	return err
}

// send sends the request, and repeats it once if its connection broke before an answer.
func (c *Client) send(ctx context.Context, path string, id ID, body []byte, read func(int, []byte) error) error {
	retry, err := c.sendOnce(ctx, path, id, body, read)
	if retry && ctx.Err() == nil {
		_, err = c.sendOnce(ctx, path, id, body, read)
	}
	return err
}

// sendOnce sends the request. retry reports whether the request may be repeated: the connection was
// established and broke before any answer.
func (c *Client) sendOnce(ctx context.Context, path string, id ID, body []byte, read func(int, []byte) error) (retry bool, err error) {
	var connected, answered atomic.Bool // net/http calls the trace from its own goroutines
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { connected.Store(true) },
		GotFirstResponseByte: func() { answered.Store(true) },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return false, c.fault(ErrRequest, "")
	}
	signature := c.keys.SignRequest(request.URL.EscapedPath(), id, body, c.config.Now())
	request.Header.Set(SignatureHeader, signature.String())
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "railgate-issuer")

	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return connected.Load() && !answered.Load(), c.fault(ErrBroken, describe(err))
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusOK {
		// ctx does not bound a connection that switched protocols: a read could block forever.
		return false, c.fault(ErrAnswer, "the service switched protocols")
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return false, c.fault(ErrBroken, "the connection broke in the answer")
	case len(text) > MaxAnswer:
		return false, c.fault(ErrAnswer, "the answer is too large")
	}
	theirs, ok := signatureOf(response.Header)
	switch {
	case !ok:
		return false, c.fault(ErrAnswer, "the answer is not signed")
	case !c.keys.VerifyAnswer(theirs, signature, response.StatusCode, text, c.config.Now(), c.config.Skew):
		return false, c.fault(ErrAnswer, "the signature is wrong or for another request, or the clocks differ too much")
	case !strictjson.Declared(response.Header):
		return false, c.fault(ErrAnswer, "the answer is not JSON")
	}
	if read(response.StatusCode, text) != nil {
		return false, c.fault(ErrAnswer, "the answer violates the protocol")
	}
	return false, nil
}

// fault makes an error with the service, the kind of fault and a constant detail.
func (c *Client) fault(kind error, detail string) error {
	if detail == "" {
		return fmt.Errorf("provider %s: %w", c.config.Service, kind)
	}
	return fmt.Errorf("provider %s: %w: %s", c.config.Service, kind, detail)
}

// Bounds of a connection. net/http continues to dial after the caller canceled: the two timeouts end that.
const (
	dialTimeout      = 3 * time.Second
	handshakeTimeout = 5 * time.Second
	maxHeader        = 8 << 10 // of an answer, bytes
	sessions         = 8       // TLS sessions stored for resumption
)

// newTransport makes the transport of one client.
//
// Each call has its own connection. On a reused connection, net/http logs unsolicited bytes from the
// service to the standard log, which may be personal data; a broken idle connection would count as a fault
// of the service; and net/http would repeat requests itself. TLS sessions are resumed: the cost is one
// round trip.
//
// The transport is used without http.Client: it follows no redirects and stores no cookies.
func newTransport(roots *x509.CertPool, calls int) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // HTTP/2 would put all calls on one connection
	return &http.Transport{
		Proxy:                  nil, // ignores the environment
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: -1}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(sessions)},
		TLSHandshakeTimeout:    handshakeTimeout,
		Protocols:              protocols,
		DisableKeepAlives:      true,
		DisableCompression:     true, // bodies are bounded and hashed as received
		MaxConnsPerHost:        calls,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// describe returns a constant text for a failed connection. The errors of net/http may quote bytes from the
// service, which may be personal data.
func describe(err error) string {
	var (
		lookup      *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch {
	case errors.As(err, &lookup):
		return "the host name does not resolve"
	case errors.As(err, &certificate):
		return "the certificate is not trusted"
	case errors.As(err, &record), errors.As(err, &alert):
		return "the TLS handshake failed"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "not established in time"
	}
	return "the connection broke, or the answer is not HTTP"
}
