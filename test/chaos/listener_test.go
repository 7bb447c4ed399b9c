package main

import (
	"io"
	"net"
	"testing"
	"time"
)

const patience = 5 * time.Second

// echoing echoes every byte behind a [faultyListener].
func echoing(t *testing.T) (*faultyListener, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newFaultyListener(l)
	t.Cleanup(func() { g.Close() })
	go func() {
		for {
			c, err := g.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			}()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return g, c
}

func ping(c net.Conn, within time.Duration) error {
	c.SetDeadline(time.Now().Add(within))
	if _, err := c.Write([]byte{1}); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

// A frozen listener accepts data and passes none; after the thaw it delivers.
func TestFrozenListenerDelaysAllData(t *testing.T) {
	g, c := echoing(t)
	if err := ping(c, patience); err != nil {
		t.Fatal("not frozen:", err)
	}
	thaw := g.freeze()
	if err := ping(c, 50*time.Millisecond); err == nil {
		t.Error("a frozen listener passed data")
	}
	thaw()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Error("data sent meanwhile is lost:", err)
	}
}

func TestCutEndsEveryConnection(t *testing.T) {
	g, c := echoing(t)
	if err := ping(c, patience); err != nil {
		t.Fatal("not frozen:", err)
	}
	g.cut()
	if err := ping(c, patience); err == nil {
		t.Error("the connection is still open")
	}
}

// The first bytes name the client, as in a Kafka request; they are echoed like any others.
func TestIsolatedClientAloneIsStopped(t *testing.T) {
	g, isolated := echoing(t)
	other, err := net.Dial("tcp", g.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	greet := func(c net.Conn, name string) {
		t.Helper()
		request := append(make([]byte, 13), byte(len(name)))
		request = append(request, name...)
		c.SetDeadline(time.Now().Add(patience))
		for _, piece := range [][]byte{request[:4], request[4:13], request[13:]} {
			if _, err := c.Write(piece); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, len(piece))); err != nil {
				t.Fatal(err)
			}
		}
	}
	greet(isolated, "gateway-1")
	greet(other, "gateway-2")
	heal := g.isolate("gateway-1")
	if err := ping(isolated, 50*time.Millisecond); err == nil {
		t.Error("the isolated client exchanges data")
	}
	if err := ping(other, patience); err != nil {
		t.Error("another client is stopped, too:", err)
	}
	heal()
	isolated.SetDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(isolated, make([]byte, 1)); err != nil {
		t.Error("data sent meanwhile is lost:", err)
	}
}
