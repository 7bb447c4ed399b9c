package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"
)

// maxRounds is above what PLAIN (1) and SCRAM (2) need.
const maxRounds = 4

// ErrRefused means that a broker did not accept user, password or mechanism, or
// could not prove that it knows the password itself.
var ErrRefused = errors.New("SASL: the broker refused the login")

// authenticate logs in on a fresh connection. kafka-go's own login has no
// deadline, and tells a wrong password from an unknown topic only in its
// internal state. The broker's words stay out of the errors: who poses as a
// broker could repeat a PLAIN password there.
func authenticate(ctx context.Context, pc *protocol.Conn, m sasl.Mechanism) error {
	r, err := pc.RoundTrip(&saslhandshake.Request{Mechanism: m.Name()})
	if err != nil {
		return fmt.Errorf("SASL: %w", err)
	}
	if code := r.(*saslhandshake.Response).ErrorCode; code != 0 {
		return fmt.Errorf("%w: it does not offer %s: %w", ErrRefused, m.Name(), kafka.Error(code))
	}
	session, answer, err := m.Start(ctx)
	if err != nil {
		return fmt.Errorf("SASL: %s did not start", m.Name())
	}
	for range maxRounds {
		r, err := pc.RoundTrip(&saslauthenticate.Request{AuthBytes: answer})
		if hungUp(err) {
			return fmt.Errorf("%w: it hung up; check user and password_file", ErrRefused)
		}
		if err != nil {
			return fmt.Errorf("SASL: %w", err)
		}
		res := r.(*saslauthenticate.Response)
		if res.ErrorCode != 0 {
			return fmt.Errorf("%w; check user and password_file: %w", ErrRefused, kafka.Error(res.ErrorCode))
		}
		var done bool
		if done, answer, err = session.Next(ctx, res.AuthBytes); err != nil {
			return fmt.Errorf("%w: its part of %s is wrong", ErrRefused, m.Name())
		}
		if done {
			return nil
		}
	}
	return fmt.Errorf("%w: it did not come to an end", ErrRefused)
}

// hungUp tells a broker that closes the connection on a wrong password, as some
// do, from one that is silent.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
