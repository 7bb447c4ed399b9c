package loadtest

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"

	"github.com/valyala/fasthttp"
)

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
