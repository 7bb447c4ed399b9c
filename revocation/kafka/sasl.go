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

// maxRounds exceeds the rounds of PLAIN (1) and SCRAM (2).
const maxRounds = 4

// ErrRefused means that a broker did not accept user, password or mechanism, or could not prove that it knows
// the password.
var ErrRefused = errors.New("SASL: the broker refused the login")

// authenticate logs in on a new connection. kafka-go's own login has no deadline, and distinguishes a wrong
// password from an unknown topic only in its internal state. The broker's texts are not added to the errors:
// a program that impersonates a broker could repeat a PLAIN password in them.
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
			return fmt.Errorf("%w: it closed the connection; check user and password_file", ErrRefused)
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
			return fmt.Errorf("%w: its answer in %s is wrong", ErrRefused, m.Name())
		}
		if done {
			return nil
		}
	}
	return fmt.Errorf("%w: the exchange did not end", ErrRefused)
}

// hungUp distinguishes a broker that closes the connection on a wrong password, as some do, from a silent
// one.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
