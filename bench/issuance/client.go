package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/test/harness/passenger"
)

// Bounds of a call.
const (
	// callWithin bounds the writing of a request, and then its answer.
	callWithin = 10 * time.Second
	idleMax    = 30 * time.Second // below the time after which the issuer closes an idle connection
)

// newClient returns a client of the issuer at a base URL, with at most the given number of
// keep-alive connections and concurrent calls. It connects on first use.
//
// The client uses little processor time compared to the issuer, and never retries. A 5xx status or
// a missing answer is openloop.ErrDeclined.
func newClient(url string, connections int) (c *passenger.Client, done func()) {
	host := &fasthttp.HostClient{
		Addr: strings.TrimPrefix(url, "http://"), MaxConns: connections, MaxConnWaitTimeout: callWithin, MaxIdleConnDuration: idleMax,
		ReadTimeout: callWithin, WriteTimeout: callWithin, MaxResponseBodySize: passenger.MaxAnswer,
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true,
		// A retried call would be counted once and cost twice.
		RetryIfErr: func(*fasthttp.Request, int, error) (resetTimeout, retry bool) { return false, false },
	}
	send := func(_ context.Context, r passenger.Request) (a passenger.Answer, err error) {
		request, answer := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(request)
		defer fasthttp.ReleaseResponse(answer)
		request.Header.SetMethod(r.Method)
		request.SetRequestURI(r.URL)
		if r.Body != nil {
			request.Header.SetContentType("application/json")
			request.SetBodyRaw(r.Body)
		}
		if r.Bearer != "" {
			request.Header.Set("Authorization", "Bearer "+r.Bearer)
		}
		if err := host.Do(request, answer); err != nil {
			return a, fmt.Errorf("%w (%w)", err, openloop.ErrDeclined)
		}
		a = passenger.Answer{Status: answer.StatusCode(), Media: string(answer.Header.ContentType()), Body: append([]byte(nil), answer.Body()...)}
		if a.Status >= 500 {
			return a, fmt.Errorf("HTTP %d %q: %w", a.Status, a.Code(), openloop.ErrDeclined)
		}
		return a, nil
	}
	return passenger.New(url, send), host.CloseIdleConnections
}
