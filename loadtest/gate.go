package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/tokens"
)

// idleConnection is how long an unused connection stays open: less than any server's
// limit, so no check meets a connection that the gateway is closing.
const idleConnection = 2 * time.Second

// gate is the gateway's public listener.
type gate struct {
	base, address, device string
	https                 bool
	elsewhere             bool // another gateway than the first
	scope                 tokens.Scope
}

func newGate(base, device string, scope tokens.Scope) (*gate, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("gateway: not a URL")
	}
	https := u.Scheme == "https"
	return &gate{base: base, address: fasthttp.AddMissingPort(u.Host, https), device: device, https: https, scope: scope}, nil
}

// connection returns a client of one keep-alive connection, which its first request
// opens. It never retries: failures are counted.
func (g *gate) connection() *fasthttp.HostClient {
	return &fasthttp.HostClient{
		Addr: g.address, IsTLS: g.https,
		MaxConns:                  1,
		MaxIdleConnDuration:       idleConnection,
		MaxIdemponentCallAttempts: 1,
		MaxResponseBodySize:       MaxAnswer,
		NoDefaultUserAgentHeader:  true,
		DisablePathNormalizing:    true,
		ReadTimeout:               RequestTimeout,
		WriteTimeout:              RequestTimeout,
		// Replaces fasthttp's own dialer, which caches name lookups and ignores the
		// request's timeout.
		DialTimeout: func(addr string, timeout time.Duration) (net.Conn, error) {
			if timeout <= 0 || timeout > RequestTimeout {
				timeout = RequestTimeout
			}
			return net.DialTimeout("tcp", addr, timeout)
		},
	}
}

// ready waits until the gateway reports that it is ready.
func (g *gate) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ReadyWait)
	defer cancel()
	host := g.connection()
	defer host.CloseIdleConnections()
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(g.base + "/readyz")
	for {
		last := ""
		if err := host.DoTimeout(req, resp, RequestTimeout); err != nil {
			last = err.Error()
		} else if resp.StatusCode() == http.StatusOK {
			return nil
		} else {
			last = "HTTP " + strconv.Itoa(resp.StatusCode())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gateway %s is not ready (%s): is it running, and has it read its revocations?", g.base, last)
		case <-time.After(pollEvery):
		}
	}
}

// client sends checks on a connection of its own, as a gate does. It reuses its request
// and answer, so only one goroutine at a time may use it.
type client struct {
	host *fasthttp.HostClient
	req  fasthttp.Request
	resp fasthttp.Response
	text []byte
	got  answer
}

func (g *gate) newClient() *client {
	a := &client{host: g.connection(), text: make([]byte, 0, tokens.TextSize)}
	a.req.Header.SetMethod(fasthttp.MethodPost)
	a.req.SetRequestURI(g.base + "/v1/check?scope=" + g.scope.String())
	a.req.Header.Set("Authorization", "Bearer "+g.device)
	a.req.Header.SetContentType("text/plain")
	return a
}

func (a *client) close() { a.host.CloseIdleConnections() }

// check sends one code and parses the verdict, which is valid until the next call. The
// error is one of [failure], a [statusError] or an error of [answer].
func (a *client) check(code *tokens.Token) (*answer, error) {
	a.text = code.AppendText(a.text[:0])
	a.req.SetBodyRaw(a.text)
	if err := a.host.DoTimeout(&a.req, &a.resp, RequestTimeout); err != nil {
		return nil, failure(err)
	}
	if status := a.resp.StatusCode(); status != http.StatusOK {
		return nil, statusError(status)
	}
	return &a.got, a.got.parse(a.resp.Body())
}

// The classes of checks without a verdict. Two more are [statusError] and the errors of
// [answer]. A failure has no latency: a dead gateway refuses connections faster than any
// gateway answers.
var (
	errTimeout    = fmt.Errorf("timed out: no answer within %v", RequestTimeout)
	errRefused    = errors.New("refused")    // the address accepts no connections
	errReset      = errors.New("reset")      // the gateway closed the connection before its answer
	errConnection = errors.New("connection") // any other failure of the connection
)

// statusError is the HTTP status of an answer without a verdict.
type statusError int

func (e statusError) Error() string { return "HTTP " + strconv.Itoa(int(e)) }

// failure returns the class of a transport error.
func failure(err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, fasthttp.ErrTimeout), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", errRefused, err)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, fasthttp.ErrConnectionClosed):
		return fmt.Errorf("%w: %w", errReset, err)
	}
	return fmt.Errorf("%w: %w", errConnection, err)
}

// class returns the name under which an error is counted.
func class(err error) string {
	for _, c := range []error{errRefused, errReset, errConnection} {
		if errors.Is(err, c) {
			return c.Error()
		}
	}
	return err.Error()
}
