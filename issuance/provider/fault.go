package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
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

// callError says which service, what kind of fault, and a constant more.
type callError struct {
	service string
	kind    error
	detail  string
}

func (e *callError) Error() string {
	text := "partner " + e.service + ": " + e.kind.Error()
	if e.detail != "" {
		text += ": " + e.detail
	}
	return text
}

func (e *callError) Unwrap() error { return e.kind }

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
