package edge_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/railgate/railgate/gateway/edge"
)

var limits = edge.Limits{Read: 5 * time.Second, Write: 4 * time.Second, Idle: 75 * time.Second}

// slack is how late a limit may strike: one tick so that it is never early, one tick of the clock.
const slack = 200 * time.Millisecond

// harness is a connection between a client and a server in a synctest bubble. The test
// itself makes all calls of the server.
type harness struct {
	t        *testing.T
	client   net.Conn
	server   *edge.Conn
	inner    *counted
	listener *edge.Listener
}

// counted counts the deadlines set on a connection.
type counted struct {
	net.Conn
	readDeadlines, writeDeadlines int
}

func (c *counted) SetReadDeadline(at time.Time) error {
	c.readDeadlines++
	return c.Conn.SetReadDeadline(at)
}

func (c *counted) SetWriteDeadline(at time.Time) error {
	c.writeDeadlines++
	return c.Conn.SetWriteDeadline(at)
}

// queue is a listener whose connections already exist.
type queue chan net.Conn

func (q queue) Accept() (net.Conn, error) { return <-q, nil }
func (q queue) Close() error              { return nil }
func (q queue) Addr() net.Addr            { return nil }

func run(t *testing.T, tell func(l *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		inner := &counted{Conn: server}
		waiting := make(queue, 1)
		waiting <- inner
		listener := edge.NewListener(waiting, limits, nil)
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		tell(&harness{t: t, client: client, server: conn.(*edge.Conn), inner: inner, listener: listener})
		client.Close()
		server.Close()
		listener.Close()
	})
}

// send lets the client send bytes after a delay.
func (l *harness) send(text string, after time.Duration) {
	go func() {
		time.Sleep(after)
		io.WriteString(l.client, text)
	}()
}

// expectRead expects the server to read the text.
func (l *harness) expectRead(text string) {
	l.t.Helper()
	p := make([]byte, 100)
	n, err := l.server.Read(p)
	if err != nil || string(p[:n]) != text {
		l.t.Fatalf("the server read %q and %v, want %q", p[:n], err, text)
	}
}

// answer lets the server write an answer to a client that reads.
func (l *harness) answer(text string) {
	l.t.Helper()
	go io.ReadFull(l.client, make([]byte, len(text)))
	if n, err := l.server.Write([]byte(text)); n != len(text) || err != nil {
		l.t.Fatalf("the server wrote %d bytes, %v", n, err)
	}
}

// expectTimeout expects step to time out after the given time, not before and at most slack later.
func (l *harness) expectTimeout(after time.Duration, step func() (int, error)) {
	l.t.Helper()
	began := time.Now()
	n, err := step()
	took := time.Since(began)
	var network net.Error
	if n != 0 || !errors.As(err, &network) || !network.Timeout() {
		l.t.Errorf("got %d bytes and %v, want a timeout", n, err)
	}
	if took < after || took > after+slack {
		l.t.Errorf("cut off after %v, want %v to %v", took, after, after+slack)
	}
}

func (l *harness) read() (int, error) { return l.server.Read(make([]byte, 100)) }

func TestSilentConnectionEndsWithEOF(t *testing.T) {
	run(t, func(l *harness) {
		began := time.Now()
		n, err := l.read()
		if took := time.Since(began); n != 0 || err != io.EOF || took < limits.Read || took > limits.Read+slack {
			t.Errorf("after %v: %d bytes and %v, want the end after %v", took, n, err, limits.Read)
		}
		if l.server.Late() {
			t.Error("Late is true although no request had begun")
		}
	})
}

func TestFirstRequestIsTimedFromTheConnection(t *testing.T) {
	run(t, func(l *harness) {
		l.send("a", 4*time.Second)
		l.expectRead("a")
		l.expectTimeout(time.Second, l.read)
		if !l.server.Late() {
			t.Error("a request was cut off and is not late")
		}
	})
}

func TestSlowlyArrivingRequestTimesOut(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", 0)
		l.expectRead("whole")
		l.answer("fine")
		for range 4 { // the second request, a byte a second, after a minute
			l.send("a", time.Minute)
			l.expectRead("a")
			for range 4 {
				l.send("b", time.Second)
				l.expectRead("b")
			}
			l.answer("fine")
		}
		l.send("a", time.Minute)
		l.expectRead("a")
		for range 4 {
			l.send("b", time.Second)
			l.expectRead("b")
		}
		l.expectTimeout(time.Second, l.read)
		if !l.server.Late() {
			t.Error("a request was cut off and is not late")
		}
	})
}

func TestIdleConnectionTimesOut(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", 0)
		l.expectRead("whole")
		l.answer("fine")
		l.expectTimeout(limits.Idle, l.read)
	})
}

func TestIdleConnectionCanBeReused(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", time.Second) // the first request has less time
		l.expectRead("whole")
		l.answer("fine")
		for range 10 {
			l.send("whole", limits.Idle-time.Second)
			l.expectRead("whole")
			l.answer("fine")
		}
	})
}

func TestClientThatDoesNotReadTimesOut(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", 0)
		l.expectRead("whole")
		l.answer("fine")
		l.send("whole", time.Minute)
		l.expectRead("whole")
		l.expectTimeout(limits.Write, func() (int, error) { return l.server.Write([]byte("answer")) })
	})
}

func TestAnswerInPiecesHasOneLimit(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", 0)
		l.expectRead("whole")
		l.answer("first")
		time.Sleep(time.Second)
		l.answer("second")
		l.expectTimeout(limits.Write-time.Second, func() (int, error) { return l.server.Write([]byte("third")) })
	})
}

// A longer limit is for one answer: the next has its usual one.
func TestLengthenedAnswer(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", 0)
		l.expectRead("whole")
		l.server.LengthenAnswer(time.Minute)
		l.answer("first")
		time.Sleep(limits.Write + 50*time.Second)
		l.answer("second")
		l.send("whole", time.Second)
		l.expectRead("whole")
		l.expectTimeout(limits.Write, func() (int, error) { return l.server.Write([]byte("third")) })
	})
}

// A client reads half of an answer, and the rest after the deadline of an earlier answer:
// every byte arrives once.
func TestWriteContinuesAfterAnEarlierDeadline(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", 0)
		l.expectRead("whole")
		l.answer("fine")
		l.send("whole", limits.Write-time.Second)
		l.expectRead("whole")
		got := make(chan string)
		go func() {
			half := make([]byte, 3)
			io.ReadFull(l.client, half)
			time.Sleep(2 * time.Second)
			rest := make([]byte, 3)
			io.ReadFull(l.client, rest)
			got <- string(half) + string(rest)
		}()
		if n, err := l.server.Write([]byte("abcdef")); n != 6 || err != nil {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		if text := <-got; text != "abcdef" {
			t.Errorf("the client got %q", text)
		}
	})
}

func TestBusyConnectionSetsFewDeadlines(t *testing.T) {
	const every, requests = 50 * time.Millisecond, 1200 // a minute
	for name, c := range map[string]struct {
		pieces []string
		most   int
	}{
		// The first 5 s, then each Idle.
		"in one piece": {pieces: []string{"whole"}, most: 2},
		// Per Read limit, one after an early strike and one for the piece with less time.
		"in two pieces": {pieces: []string{"head", "body"}, most: 2*12 + 2},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(l *harness) {
				for range requests {
					for i, piece := range c.pieces {
						l.send(piece, every*time.Duration(1-i))
						l.expectRead(piece)
					}
					l.answer("fine")
				}
				if n := l.inner.readDeadlines; n > c.most || n == 0 {
					t.Errorf("%d read deadlines for %d requests, want at most %d", n, requests, c.most)
				}
				if n := l.inner.writeDeadlines; n > 16 || n == 0 {
					t.Errorf("%d write deadlines for %d requests in a minute", n, requests)
				}
			})
		})
	}
}

// When a gateway drains, the listener closes first; requests in progress keep their limits.
func TestConnectionsOutliveTheirListener(t *testing.T) {
	run(t, func(l *harness) {
		l.send("whole", 0)
		l.expectRead("whole")
		l.listener.Close()
		time.Sleep(30 * time.Second) // a slow check
		l.answer("fine")
		l.send("a", time.Minute)
		l.expectRead("a")
		l.expectTimeout(limits.Read, l.read)
	})
}

func TestConnectionErrorsAreReturned(t *testing.T) {
	run(t, func(l *harness) {
		time.AfterFunc(time.Second, func() { l.client.Close() })
		if n, err := l.read(); n != 0 || err != io.EOF {
			t.Errorf("after the client left: %d bytes and %v", n, err)
		}
		l.server.Close()
		if n, err := l.server.Write([]byte("x")); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("writing to a closed connection: %d bytes and %v", n, err)
		}
	})
}
