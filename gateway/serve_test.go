package gateway_test

import (
	"io"
	"net"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/tokens/tokentest"
)

// replay is a connection on which requests arrive without a network: the given ones in
// turn, one per Read. Its deadlines are those of a real connection, since they are part
// of the cost.
type replay struct {
	net.Conn
	requests [][]byte
	left     int
	rest     []byte // of the request that is being read
	written  int
	answer   []byte // the first
}

func (r *replay) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = r.requests[r.left%len(r.requests)]
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *replay) Write(p []byte) (int, error) {
	if r.answer == nil {
		r.answer = append(r.answer, p...)
	}
	r.written += len(p)
	return len(p), nil
}

func newReplay(t testing.TB, requests ...[]byte) *replay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &replay{Conn: conn, requests: requests}
}

// BenchmarkServe measures the server's time per request without the network: the gateway
// with every pass in its cache, and a fasthttp handler that does nothing.
func BenchmarkServe(b *testing.B) {
	s := newHarness(b, setup{})
	var requests [][]byte
	for i := range uint32(64) {
		code := s.issuer.Open(i, tokentest.Epoch-int64(i%29)*60)
		shown := code.Code(int(i % 29))
		requests = append(requests, []byte(post("/v1/check?scope=entry", "Content-Type: text/plain\r\n", shown.Text())))
	}
	warm := newReplay(b, requests...)
	warm.left = 2 * len(requests)
	if err := s.ServeConn(warm); err != nil {
		b.Fatal(err)
	}
	s.Settle()
	noop := &fasthttp.Server{Name: "railgate", Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.SetContentType("application/json")
		ctx.Response.SetBody(make([]byte, 274))
	}}
	for name, serve := range map[string]func(net.Conn) error{"noop": noop.ServeConn, "gateway": s.ServeConn} {
		b.Run(name, func(b *testing.B) {
			conn := newReplay(b, requests...)
			conn.left = b.N
			b.ReportAllocs()
			b.ResetTimer()
			if err := serve(conn); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(conn.written)/float64(b.N), "B/answer")
		})
	}
}
