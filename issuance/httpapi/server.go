package httpapi

import (
	"net/http"
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
