package load

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

// counter starts a server whose answers come from the function answer; n counts requests from 1.
func counter(t *testing.T, answer func(n int64) string) (address string, seen *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	seen = new(atomic.Int64)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					text := answer(seen.Add(1))
					if _, err := c.Write([]byte(text)); err != nil || text == "" {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String(), seen
}

func answerOf(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

const busyAnswer = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// supply makes n requests and accepts the answer "yes".
type supply struct{ left atomic.Int64 }

func requests(n int64) *supply {
	s := &supply{}
	s.left.Store(n)
	return s
}

var errNo = errors.New("no")

func (s *supply) Next() []byte {
	if s.left.Add(-1) < 0 {
		return nil
	}
	return []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
}

func (s *supply) Judge(a Answer) error {
	switch {
	case a.Status == 503:
		return openloop.ErrDeclined
	case string(a.Body) != "yes":
		return errNo
	}
	return nil
}

func dial(t *testing.T, address string, n int) *Connections {
	t.Helper()
	c, err := Dial(address, n, 4096)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestClosedLoopSendsEachRequestOnce(t *testing.T) {
	address, seen := counter(t, func(int64) string { return answerOf("yes") })
	r, err := dial(t, address, 3).Run(requests(100), time.Minute)
	if err != nil || r.Done != 100 || r.Declined != 0 || seen.Load() != 100 || r.Took <= 0 {
		t.Errorf("got %+v, %v; the server saw %d, want 100", r, err, seen.Load())
	}
}

func TestWrongAnswerEndsAClosedLoop(t *testing.T) {
	address, seen := counter(t, func(n int64) string {
		if n == 50 {
			return answerOf("no")
		}
		return answerOf("yes")
	})
	_, err := dial(t, address, 2).Run(requests(1<<40), time.Minute)
	if !errors.Is(err, errNo) || seen.Load() > 100 {
		t.Errorf("got %v after %d requests, want %v soon after 50", err, seen.Load(), errNo)
	}
}

// A busy server may answer 503 and close the connection; the next request uses a new connection.
func TestClosedLoopCountsDeclinedRequests(t *testing.T) {
	address, _ := counter(t, func(n int64) string {
		if n%10 == 0 {
			return busyAnswer
		}
		return answerOf("yes")
	})
	r, err := dial(t, address, 1).Run(requests(100), time.Minute)
	if err != nil || r.Done != 90 || r.Declined != 10 {
		t.Errorf("got %+v, %v, want 90 answers and 10 declined", r, err)
	}
}

func TestClosedConnectionIsAnError(t *testing.T) {
	address, _ := counter(t, func(int64) string { return "" })
	if _, err := dial(t, address, 1).Run(requests(1), time.Minute); !errors.Is(err, errEnded) {
		t.Errorf("got %v, want %v", err, errEnded)
	}
	if _, err := Ask(address, requests(1).Next(), 4096); !errors.Is(err, errEnded) {
		t.Errorf("Ask: got %v, want %v", err, errEnded)
	}
}
