package load

import (
	"errors"
	"strings"
	"testing"
)

const goodHead = "HTTP/1.1 200 OK\r\nServer: railgate\r\nContent-Length: 100\r\n\r\n"

var goodAnswer = goodHead + strings.Repeat(".", 100)

func TestPartialAnswerIsNotComplete(t *testing.T) {
	for n := range len(goodAnswer) {
		if _, whole, err := parse([]byte(goodAnswer[:n])); whole || err != nil {
			t.Fatalf("after %d bytes: whole %v, %v, want an incomplete answer", n, whole, err)
		}
	}
	a, whole, err := parse([]byte(goodAnswer))
	if err != nil || !whole || a.Status != 200 || a.Size != len(goodAnswer) || len(a.Body) != 100 || a.Close {
		t.Errorf("got %+v, %v, %v", a, whole, err)
	}
}

func TestHeadsOfOtherServersAreParsed(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		body         string
		close        bool
	}{
		{"nginx's order", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi", 200, "hi", false},
		{"declined and closed", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 503, "", true},
	} {
		a, whole, err := parse([]byte(c.answer))
		if err != nil || !whole || a.Status != c.status || string(a.Body) != c.body || a.Close != c.close {
			t.Errorf("%s: got %+v, %v, %v", c.name, a, whole, err)
		}
	}
}

func TestInvalidAnswerIsRejected(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         error
	}{
		{"another protocol", "SSH-2.0-x\r\n\r\n", errHead},
		{"no status", "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", errHead},
		{"no length", "HTTP/1.1 200 OK\r\nServer: railgate\r\n\r\n", errHead},
		{"no valid length", strings.Replace(goodAnswer, "100", "1x0", 1), errHead},
		{"a huge length", strings.Replace(goodAnswer, "100", "100000000000000000000", 1), errHead},
		{"more than announced", goodAnswer + ".", errTooLong},
		{"two answers", goodAnswer + goodAnswer, errTooLong},
	} {
		if _, whole, err := parse([]byte(c.answer)); whole || !errors.Is(err, c.want) {
			t.Errorf("%s: whole %v, %v, want %v", c.name, whole, err, c.want)
		}
	}
}
