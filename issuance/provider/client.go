// Package provider is how the issuer speaks with an outside service: one that
// may be slow, silent, down or wrong at any time, and whose network is not ours.
//
// It promises that a call ends within its bound, that an answer was made by a
// holder of the shared secret for this very request, that a service in trouble
// is left alone (Breaker) and cannot hold more than a set number of calls, and
// that nothing a call carries, either way, reaches an error, a log or a metric:
// all texts here are constants. It does not promise that a service does its
// work once: it repeats a request, under the same id, when the connection broke
// before an answer.
//
// # Protocol
//
// A request is a POST of one JSON object over HTTPS; plain HTTP is for loopback
// addresses only. Values are strings, names are lower-case ASCII; unknown and
// repeated names are refused. Both sides sign with HMAC-SHA-256 under a secret
// that they share, in one header with one spelling:
//
//	Railgate-Signature: v1;key=KEY;time=SECONDS;id=ID;mac=MAC
//
// KEY names the secret: 1 to 32 of a-z, 0-9 and "-". SECONDS is the Unix time
// of signing, in decimal. ID is 32 lower-case hex digits, random, one for each
// request and the same when it is sent again. MAC is 64 lower-case hex digits.
// What is signed, each line ended by a line feed, hashes in lower-case hex:
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
// An answer thus belongs to one request and to no other. Every answer that says
// something is signed, errors too; what is not signed says nothing. Each side
// refuses a time that is further from its clock than a bound. A URL has no
// query, because the signature does not cover one.
//
// Within that bound a request can be replayed. It is answered as the first time,
// because its id is known: whoever serves must keep ids for at least twice the
// bound. Two secrets may be valid at once. To change one: give both sides the
// new one as their second, then make it the first, then drop the old one. A
// secret serves one service only.
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

// Why a call came to nothing. A call whose ctx ended has ctx's error instead.
var (
	// ErrUnavailable: nothing was sent. The service is left alone, or as many
	// calls as may be are in flight.
	ErrUnavailable = errors.New("left alone for now or full")
	// ErrTimeout: the service did not answer within the client's bound.
	ErrTimeout = errors.New("no answer in time")
	// ErrBroken: there was no connection, or it broke, twice if it had stood.
	ErrBroken = errors.New("no connection")
	// ErrAnswer: what came is not an answer of this protocol to this request.
	ErrAnswer = errors.New("not an answer")
	// ErrRequest: the caller asked for what cannot be sent. It is a mistake of ours.
	ErrRequest = errors.New("cannot be asked")
)

// Client calls one service. It is safe for many goroutines at once and runs
// nothing between calls.
type Client struct {
	config    Config // immutable after construction
	url       *url.URL
	keys      *Keyring
	transport *http.Transport
	slots     chan struct{}
	breaker   *Breaker
	metrics   *metrics
}

// New makes a client; it reports all faults of the configuration.
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

// NewBreaker makes another breaker with the client's settings, for what a call
// does not show: a promise that the service made and does not keep.
func (c *Client) NewBreaker() *Breaker { return NewBreaker(c.config.Faults, c.config.Pause) }

// Receiver takes what the service sends by itself, at a URL of ours with this
// escaped path, under the same secrets, clock and bound on its clock.
func (c *Client) Receiver(path string, maxBody int64) Receiver {
	return Receiver{Keys: c.keys, Path: path, Skew: c.config.Skew, Now: c.config.Now, MaxBody: maxBody}
}

// Post sends ask to a path below the service's URL and hands the answer, once
// it is known to be the service's own and to this request, to read. If read
// returns an error the answer is none of this protocol, whatever its signature;
// the error's text is dropped, because it may quote the answer.
//
// It returns nil only after read did. It returns before ctx ends, with ctx's
// error when that was the reason, else with one of the errors of this package.
// ask must encode to an object of strings in valid UTF-8.
func (c *Client) Post(ctx context.Context, path string, id ID, ask any, read func(status int, body []byte) error) error {
	body, err := json.Marshal(ask)
	if err != nil || len(body) > MaxRequest {
		return c.fault(ErrRequest, "")
	}
	if ctx.Err() != nil {
		return ctx.Err() // not the service's fault
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	default:
		c.metrics.call(outcomeFull)
		return c.fault(ErrUnavailable, "full")
	}
	permit, ok := c.breaker.Allow(c.config.Now())
	if !ok {
		c.metrics.call(outcomeOpen)
		return c.fault(ErrUnavailable, "left alone")
	}
	verdict := Bad // if read panics
	defer func() {
		if state, changed := c.breaker.Done(permit, verdict, c.config.Now()); changed {
			c.config.Log.Warn("partner breaker", zap.String("service", c.config.Service), zap.Stringer("state", state))
		}
	}()
	start := time.Now()
	bound, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	err = c.ask(bound, path, id, body, read)
	if bound.Err() != nil && err != nil {
		// Whatever broke, it broke because the time was over.
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

// ask sends the request, and once more if its connection broke before an answer.
func (c *Client) ask(ctx context.Context, path string, id ID, body []byte, read func(int, []byte) error) error {
	again, err := c.try(ctx, path, id, body, read)
	if again && ctx.Err() == nil {
		_, err = c.try(ctx, path, id, body, read)
	}
	return err
}

// try sends the request. It says whether it may be sent again: the connection
// stood, so the request may have arrived, and broke before any answer.
func (c *Client) try(ctx context.Context, path string, id ID, body []byte, read func(int, []byte) error) (again bool, err error) {
	var stood, answered atomic.Bool // net/http calls the trace from goroutines of its own
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { stood.Store(true) },
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
		return stood.Load() && !answered.Load(), c.fault(ErrBroken, describe(err))
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusOK {
		// A connection that switches protocols is no longer under ctx: reading
		// from it could last for ever.
		return false, c.fault(ErrAnswer, "another protocol")
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return false, c.fault(ErrBroken, "in the middle of the answer")
	case len(text) > MaxAnswer:
		return false, c.fault(ErrAnswer, "too large")
	}
	theirs, ok := signatureOf(response.Header)
	switch {
	case !ok:
		return false, c.fault(ErrAnswer, "not signed")
	case !c.keys.VerifyAnswer(theirs, signature, response.StatusCode, text, c.config.Now(), c.config.Skew):
		return false, c.fault(ErrAnswer, "signed wrongly, to another request, or by a clock too far from ours")
	case !strictjson.Declared(response.Header):
		return false, c.fault(ErrAnswer, "not JSON")
	}
	if read(response.StatusCode, text) != nil {
		return false, c.fault(ErrAnswer, "not of this protocol")
	}
	return false, nil
}

// fault says which service, what kind of fault, and a constant more.
func (c *Client) fault(kind error, detail string) error {
	if detail == "" {
		return fmt.Errorf("partner %s: %w", c.config.Service, kind)
	}
	return fmt.Errorf("partner %s: %w: %s", c.config.Service, kind, detail)
}

// Bounds of a connection. The call's own bound holds as well, but net/http goes
// on dialling for a caller who left: these two say how long.
const (
	dialTimeout      = 3 * time.Second
	handshakeTimeout = 5 * time.Second
	maxHeader        = 8 << 10 // of an answer, bytes
	sessions         = 8       // TLS sessions kept for resumption
)

// newTransport makes the transport of one client.
//
// Each call has a connection of its own. On one that is kept, net/http writes to
// the standard log what a service sends without being asked, and that may speak
// of a person; a broken idle one would also look like a fault of the service. And
// only on one that was kept does net/http repeat a request by itself.
// TLS sessions are resumed, so the price is a round trip.
//
// It is used without http.Client: nothing follows redirects or keeps cookies.
func newTransport(roots *x509.CertPool, calls int) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // HTTP/2 would put all calls on one connection
	return &http.Transport{
		Proxy:                  nil, // not even one that the environment names
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: -1}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(sessions)},
		TLSHandshakeTimeout:    handshakeTimeout,
		Protocols:              protocols,
		DisableKeepAlives:      true,
		DisableCompression:     true, // a body is bounded and hashed as it came
		MaxConnsPerHost:        calls,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// describe says in words of ours why there was no connection. The texts of
// net/http may quote what the service sent, and that may speak of a person.
func describe(err error) string {
	var (
		lookup      *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch {
	case errors.As(err, &lookup):
		return "its name does not resolve"
	case errors.As(err, &certificate):
		return "its certificate is not trusted"
	case errors.As(err, &record), errors.As(err, &alert):
		return "TLS was not agreed on"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "it broke off"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "not made in time"
	}
	return "it broke, or what came is not HTTP"
}
