package edge_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/railgate/railgate/gateway/edge"
)

// plain is the reference for edge.Conn: the same limits with a deadline for every step,
// from the exact time.
type plain struct {
	net.Conn
	opened, receiving bool
	readDue, writeDue time.Time
}

func (c *plain) Read(p []byte) (int, error) {
	was := c.receiving
	switch {
	case !c.opened:
		c.opened, was = true, true
		c.readDue = time.Now().Add(oddLimits.Read)
	case !c.receiving:
		c.readDue = time.Now().Add(oddLimits.Idle)
	}
	c.Conn.SetReadDeadline(c.readDue)
	n, err := c.Conn.Read(p)
	if n > 0 && !was {
		c.readDue = time.Now().Add(oddLimits.Read)
	}
	c.receiving = c.receiving || n > 0
	return n, err
}

func (c *plain) Write(p []byte) (int, error) {
	if c.receiving {
		c.receiving = false
		c.writeDue = time.Now().Add(oddLimits.Write)
	}
	c.Conn.SetWriteDeadline(c.writeDue)
	return c.Conn.Write(p)
}

// oddLimits are limits that no sum of half seconds comes near: a step that is late by less
// than slack times out in both implementations.
var oddLimits = edge.Limits{Read: 5100 * time.Millisecond, Write: 4100 * time.Millisecond, Idle: 75100 * time.Millisecond}

// outcome is the result of one step of a server, and its time.
type outcome struct {
	what string
	n    int
	end  string // "", "eof", "timeout"
	at   time.Duration
}

// playConnection plays a random sequence of steps on a connection: a client that sends
// and reads at random times, a server that answers now and then.
func playConnection(t *testing.T, seed uint64, wrap func(net.Conn) net.Conn) (steps []outcome) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		client, inner := net.Pipe()
		random := rand.New(rand.NewPCG(seed, 1))
		pause := func(long int) time.Duration {
			if random.IntN(long) == 0 {
				return time.Duration(random.IntN(80)) * time.Second
			}
			return time.Duration(random.IntN(3)) * time.Second / 2
		}
		var sends, takes []time.Duration
		for range 60 {
			sends, takes = append(sends, pause(12)), append(takes, pause(20))
		}
		go func() {
			for _, after := range sends {
				time.Sleep(after)
				if _, err := client.Write([]byte("x")); err != nil {
					return
				}
			}
			client.Close()
		}()
		go func() {
			for i := 0; ; i++ {
				time.Sleep(takes[i%len(takes)])
				if _, err := client.Read(make([]byte, 2)); err != nil {
					return
				}
			}
		}()
		server := wrap(inner)
		for end := ""; end == ""; {
			var n int
			var err error
			what := "read"
			if len(steps) > 0 && steps[len(steps)-1].what == "read" && random.IntN(3) == 0 || len(steps) > 1 && random.IntN(9) == 0 {
				what = "write"
				n, err = server.Write([]byte("answer"))
			} else {
				n, err = server.Read(make([]byte, 8))
			}
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				end = "timeout"
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
				end = "eof"
			case err != nil:
				t.Fatal(err)
			}
			steps = append(steps, outcome{what, n, end, time.Since(begun)})
		}
		client.Close()
		inner.Close()
		time.Sleep(time.Hour) // until all other goroutines have ended
	})
	return steps
}

func TestLazyDeadlinesAgreeWithPlainOnes(t *testing.T) {
	ends := map[string]int{}
	for seed := range uint64(100) {
		want := playConnection(t, seed, func(c net.Conn) net.Conn { return &plain{Conn: c} })
		got := playConnection(t, seed, func(c net.Conn) net.Conn {
			listener := edge.NewListener(make(queue), oddLimits, nil)
			if seed%2 == 0 { // with a ticking clock
				waiting := make(queue, 1)
				waiting <- c
				listener = edge.NewListener(waiting, oddLimits, nil)
				conn, _ := listener.Accept()
				time.AfterFunc(59*time.Minute, func() { listener.Close() })
				return conn
			}
			return listener.Wrap(c)
		})
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d steps, want %d", seed, len(got), len(want))
		}
		for i := range want {
			if len(want) == 1 && want[0].end == "timeout" {
				want[0].end = "eof" // no byte ever arrived
			}
			late := got[i].at - want[i].at
			got[i].at = want[i].at
			if got[i] != want[i] || late < 0 || late > slack {
				t.Fatalf("seed %d, step %d: got %+v, %v late, want %+v", seed, i, got[i], late, want[i])
			}
		}
		last := want[len(want)-1]
		ends[last.what+" "+last.end]++
	}
	for _, end := range []string{"read timeout", "write timeout", "read eof"} {
		if ends[end] == 0 {
			t.Errorf("no connection ended with %q: %v", end, ends)
		}
	}
}

// instantConn is a connection on which every step finishes immediately; its deadlines
// are those of a real one, since their cost is measured.
type instantConn struct{ net.Conn }

func (instantConn) Read(p []byte) (int, error)  { return len(p), nil }
func (instantConn) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkLimits measures the cost of the limits per request: one read and one write.
func BenchmarkLimits(b *testing.B) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer tcp.Close()
	real, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer real.Close()
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"lazy": func(c net.Conn) net.Conn {
			waiting := make(queue, 1)
			waiting <- c
			listener := edge.NewListener(waiting, limits, nil)
			b.Cleanup(func() { listener.Close() })
			conn, _ := listener.Accept()
			return conn
		},
		"plain": func(c net.Conn) net.Conn { return &plain{Conn: c} },
		"none":  func(c net.Conn) net.Conn { return c },
	} {
		b.Run(name, func(b *testing.B) {
			conn := wrap(instantConn{real})
			p := make([]byte, 8)
			for b.Loop() {
				conn.Read(p)
				conn.Write(p)
			}
		})
	}
}
