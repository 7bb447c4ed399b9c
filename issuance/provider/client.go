package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
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
	// ErrAsk: the caller asked for what cannot be sent. It is a mistake of ours.
	ErrAsk = errors.New("cannot be asked")
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
	if err != nil || len(body) > MaxAsk {
		return c.fault(ErrAsk, "")
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
		return false, c.fault(ErrAsk, "")
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
