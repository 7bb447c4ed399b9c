package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

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
