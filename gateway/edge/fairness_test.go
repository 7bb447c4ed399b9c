package edge_test

import (
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway/edge"
)

// endless is a connection whose client always has sent more.
type endless struct {
	net.Conn
	text string
	at   int
}

func (c *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		m := copy(p[n:], c.text[c.at:])
		n += m
		c.at = (c.at + m) % len(c.text)
	}
	return n, nil
}

func (c *endless) Write(p []byte) (int, error)      { return len(p), nil }
func (c *endless) SetReadDeadline(time.Time) error  { return nil }
func (c *endless) SetWriteDeadline(time.Time) error { return nil }

// Connections of pipelining clients take turns, request by request, on one processor: each
// is served once before any is served again. The test is not parallel, since it takes
// the other processors away.
func TestConnectionsTakeTurns(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const conns, each = 8, 100
	for name, request := range map[string]string{
		"small requests":                 bodiless,
		"one that fills the buffer":      "GET /a HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 4096-36) + "\r\n\r\n",
		"a body that comes with its end": byLength + "abc",
	} {
		t.Run(name, func(t *testing.T) {
			var order []int // appended to by one goroutine at a time: there is one processor
			var mu sync.Mutex
			var serving sync.WaitGroup
			start := make(chan struct{})
			for i := range conns {
				conn := edge.NewListener(nil, limits, nil).Wrap(&endless{text: request})
				serving.Go(func() {
					<-start
					for range each {
						for p := make([]byte, 4096); ; {
							if n, err := conn.Read(p); n == 0 || err != nil {
								t.Errorf("read %d bytes, %v", n, err)
								return
							}
							if conn.Whole() {
								break
							}
						}
						mu.Lock()
						order = append(order, i)
						mu.Unlock()
						conn.Write([]byte("fine"))
					}
				})
			}
			close(start)
			serving.Wait()
			// The system may interrupt any goroutine, so most turns are enough.
			alone, last := 0, -1
			for _, i := range order {
				if i == last {
					alone++
				}
				last = i
			}
			if alone > len(order)/10 {
				t.Errorf("in %d of %d turns a connection was served twice in a row", alone, len(order))
			}
		})
	}
}
