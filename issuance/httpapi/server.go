package httpapi

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// Bounds of a connection. A request is small, so reading it is quick or hostile.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = RequestTimeout + 10*time.Second // from the end of the headers: reading, then work
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 8 << 10
)

// NewServer makes a server with every bound set; it does not listen yet. addr
// is host:port. log may be nil.
func NewServer(addr string, h http.Handler, log *zap.Logger) *http.Server {
	if log == nil {
		log = zap.NewNop()
	}
	return &http.Server{
		Addr: addr, Handler: h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          zap.NewStdLog(log),
	}
}

// headersTooLarge is what net/http writes, in one piece, when a request's
// headers are above the bound: no handler runs, so nothing else can be said there.
const headersTooLarge = "HTTP/1.1 431 Request Header Fields Too Large\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n431 Request Header Fields Too Large"

// Listener makes a server answer headers above the bound with a problem and a
// request id, as it answers everything else. log may be nil.
func Listener(l net.Listener, log *zap.Logger) net.Listener {
	if log == nil {
		log = zap.NewNop()
	}
	return &listener{l, log}
}

type listener struct {
	net.Listener
	log *zap.Logger
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &connection{c, l.log}, nil
}

type connection struct {
	net.Conn
	log *zap.Logger
}

func (c *connection) Write(p []byte) (int, error) {
	if string(p) != headersTooLarge {
		return c.Conn.Write(p)
	}
	a := &loneAnswer{header: http.Header{"Connection": {"close"}}}
	rec := &responseRecorder{ResponseWriter: a, id: requestID()}
	protect(rec)
	newProblem(HeadersTooLarge, "").write(rec)
	c.log.Info("request", zap.String("request", rec.id), zap.String("route", routeNone), zap.Int("status", rec.status))
	if _, err := c.Conn.Write(a.wire.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// loneAnswer is an answer outside a server, which takes its status and its body once each.
type loneAnswer struct {
	header http.Header
	status int
	wire   bytes.Buffer
}

func (a *loneAnswer) Header() http.Header { return a.header }

func (a *loneAnswer) WriteHeader(status int) { a.status = status }

func (a *loneAnswer) Write(body []byte) (int, error) {
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	fmt.Fprintf(&a.wire, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	a.header.Write(&a.wire)
	a.wire.WriteString("\r\n")
	return a.wire.Write(body)
}

// CloseWrite lets net/http end its side first, so that the answer is not lost.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("issuance/httpapi: %T has no CloseWrite", c.Conn)
}
