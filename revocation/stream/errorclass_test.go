package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/railgate/railgate/revocation/kafka"
)

// Only messages that were read and are invalid count as "data": an alarm depends on it.
func TestErrorsHaveAClass(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for want, errs := range map[string][]error{
		"network": {io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, kafka.ErrClosed, refused,
			os.NewSyscallError("read", syscall.ECONNRESET), syscall.EPIPE},
		"broker":  {kafkago.NotLeaderForPartition, kafkago.BrokerNotAvailable, protocol.NewErrNoTopic("t"), protocol.NewErrNoLeader("t", 1)},
		"timeout": {context.DeadlineExceeded, os.ErrDeadlineExceeded},
		"data":    {errors.New("a batch reaches offset 9, the log ends at 7")},
	} {
		for _, err := range errs {
			if got := errorClass(fmt.Errorf("kafka.(*Client).Fetch: %w", err)); got != want {
				t.Errorf("%v is %q, want %q", err, got, want)
			}
		}
	}
}
