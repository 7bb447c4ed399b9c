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

// idleConnection is how long a connection may lie unused before it is closed
// on our side: sooner than any server would, or a check could meet a
// connection that the gateway is just closing.
const idleConnection = 2 * time.Second

// gate is the gateway as its public listener shows it.
type gate struct {
	base, address, device string
	https                 bool
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

// connection is one keep-alive connection; it is opened with the first request
// on it. It never retries: what fails is counted.
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
		// Not fasthttp's own dialler: it looks names up with a cache of its own
		// and would leave the request's bound out of account.
		DialTimeout: func(addr string, timeout time.Duration) (net.Conn, error) {
			if timeout <= 0 || timeout > RequestTimeout {
				timeout = RequestTimeout
			}
			return net.DialTimeout("tcp", addr, timeout)
		},
	}
}

// ready waits until the gateway says that it can judge.
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

// asker is one caller with a connection of its own, as a gate is, and with a
// request and an answer that are used again and again. One goroutine at a time.
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

// ask sends one code and reads the verdict; the answer is good until the next
// call. An error is one of [failure]'s, a statusError or one of answer's.
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

// Ways in which a check brings no verdict, each a class of its own in the report. Two
// more are a [statusError] and the errors of [answer]. No failure has a latency: a dead
// gateway refuses connections faster than any gateway answers.
var (
	errTimeout    = fmt.Errorf("timed out: no answer within %v", RequestTimeout)
	errRefused    = errors.New("refused")    // nothing accepts connections
	errReset      = errors.New("reset")      // the other side ended the connection before its answer
	errConnection = errors.New("connection") // anything else between the two
)

// statusError is an answer that is no verdict.
type statusError int

func (e statusError) Error() string { return "HTTP " + strconv.Itoa(int(e)) }

// failure sorts an error of the transport into its class.
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

// class is the name under which an error is counted.
func class(err error) string {
	for _, c := range []error{errRefused, errReset, errConnection} {
		if errors.Is(err, c) {
			return c.Error()
		}
	}
	return err.Error()
}
