package servers

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/rivals/jwtgate"
)

// newNoop is the least that fasthttp can do for a request: no timeouts, no
// routing, the answer ready. It has the gateway's name, so heads are of one size.
func newNoop() (*role, error) {
	var body atomic.Pointer[[]byte]
	body.Store(&[]byte{})
	r := plain(func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.SetContentType("application/json")
		ctx.Response.SetBody(*body.Load())
	})
	r.answer = func(text string) { b := []byte(text); body.Store(&b) }
	return r, nil
}

// newJWT is fasthttp with a token library, knowing the same devices and as many
// revoked credentials as the gateway.
func newJWT() (*role, error) {
	devices := map[string][]string{}
	for _, credential := range []string{corpus.Gate, corpus.Stranger} {
		devices["Bearer "+credential] = []string{corpus.Scope.String()}
	}
	revoked := make(map[string]bool, revokedCount)
	for i := range revokedCount {
		revoked[jwtgate.Serial(time.Now(), corpus.FirstRevoked+i)] = true
	}
	return plain(jwtgate.New(devices, revoked).Serve), nil
}

// plain serves a handler without timeouts.
func plain(handler fasthttp.RequestHandler) *role {
	server := &fasthttp.Server{Name: "railgate", CloseOnShutdown: true, Handler: handler}
	return &role{
		serve: func(ctx context.Context, listener net.Listener) error {
			failed := make(chan error, 1)
			go func() { failed <- server.Serve(listener) }()
			select {
			case err := <-failed:
				return err
			case <-ctx.Done():
			}
			bounded, cancel := context.WithTimeout(context.Background(), drainWithin)
			defer cancel()
			return server.ShutdownWithContext(bounded)
		},
		misses: func() (uint64, error) { return 0, nil },
	}
}
