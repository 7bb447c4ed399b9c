package servers

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/rivals/jwtgate"
	"github.com/railgate/railgate/bench/rivals/nginx"
)

// newNoop returns the minimal fasthttp server: no timeouts, no routing, a prepared answer. It has
// the gateway's name, so heads have the same size.
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

// devices returns the gateway's devices: scopes by Authorization header.
func devices() map[string][]string {
	scopes := []string{corpus.Scope.String()}
	return map[string][]string{"Bearer " + corpus.Gate: scopes, "Bearer " + corpus.Stranger: scopes}
}

// newJWT returns fasthttp with a token library, with the same devices and as many revoked
// credentials as the gateway.
func newJWT() (*role, error) {
	revoked := make(map[string]bool, revokedCount)
	for i := range revokedCount {
		revoked[jwtgate.Serial(time.Now(), corpus.FirstRevoked+i)] = true
	}
	return plain(jwtgate.New(devices(), revoked).Serve), nil
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

// nginxEntries is the size of nginx's cache: larger than -sessions, so it never evicts.
const nginxEntries = 1 << 17

type nginxServer struct{ *nginx.Server }

// StartNginx starts nginx with the same devices; its tokens are jwtgate's.
func StartNginx(cpu int) (Server, error) {
	s, err := nginx.Start(nginx.Config{Keys: jwtgate.Keys(), Devices: devices(), Entries: nginxEntries, CPU: cpu})
	if err != nil {
		return nil, err
	}
	return nginxServer{s}, nil
}

func (s nginxServer) Address() string { return s.Server.Address }

func (s nginxServer) Usage() (Usage, error) {
	u, err := s.Server.Usage()
	return Usage{CPU: u.CPU, Misses: u.Misses}, err
}
