//go:build !race

package guard_test

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/revocation/kafka/guard"
	"github.com/segmentio/kafka-go/protocol"
	fetching "github.com/segmentio/kafka-go/protocol/fetch"
)

// A usual fetch costs the guard no memory besides the buffer of the connection.
func TestGuardDoesNotAllocatePerFetch(t *testing.T) {
	frame := frameOf(newest, 1000, honest(0, 999).Encode())
	w := &wire{frame: frame}
	conn := guard.Wrap(w, new(atomic.Uint64))
	var request bytes.Buffer
	if err := protocol.WriteRequest(&request, newest, 1, "test", new(fetching.Request)); err != nil {
		t.Fatal(err)
	}
	into := make([]byte, len(frame))
	once := func() {
		if _, err := conn.Write(request.Bytes()); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, into); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, once); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if !bytes.Equal(into, frame) {
		t.Error("the answer was changed")
	}
}
