package main

import (
	"errors"
	"strings"
	"testing"
)

const goodHead = "HTTP/1.1 200 OK\r\nServer: railgate\r\nContent-Length: 100\r\n\r\n"

var goodAnswer = goodHead + string(allow) + strings.Repeat(".", 100-len(allow))

// read plays a connection that hands over all it has at once.
func read(l layout, answer string) error {
	size, err := l.size([]byte(answer))
	switch {
	case err != nil:
		return err
	case size == 0 || len(answer) < size:
		return errEnded
	}
	return l.check([]byte(answer), size)
}

func TestOnlyAnAllowIsCounted(t *testing.T) {
	l, ok, err := learn([]byte(goodAnswer))
	if err != nil || !ok || int(l) != len(goodHead) {
		t.Fatalf("learnt %d, %v, %v, want a head of %d bytes", l, ok, err, len(goodHead))
	}
	for _, c := range []struct {
		name, answer string
		want         error
	}{
		{"good", goodAnswer, nil},
		{"denied", strings.Replace(goodAnswer, `"allow"`, `"deny" `, 1), errNotAllow},
		{"allowed for another reason", strings.Replace(goodAnswer, `"ok"`, `"no"`, 1), errNotAllow},
		{"refused as a request", strings.Replace(goodAnswer, "200 OK", "401 No", 1), errNotOK},
		{"refused shortly", "HTTP/1.1 500 \r\n\r\n", errNotOK},
		{"another head", strings.Replace(goodAnswer, "Server: railgate", "Server: railgates", 1), errHead},
		{"another last line", strings.Replace(goodAnswer, "Content-Length", "Content-Lenght", 1), errHead},
		{"no number", strings.Replace(goodAnswer, "100", "1x0", 1), errHead},
		{"more than announced", goodAnswer + ".", errTooLong},
		{"less than announced", goodAnswer[:len(goodAnswer)-1], errEnded},
		{"half a head", goodAnswer[:20], errEnded},
		{"nothing", "", errEnded},
	} {
		if err := read(l, c.answer); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestTheFirstAnswerTeachesOnlyWhatLaterOnesCanBeHeldTo(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nServer: railgate\r\n\r\n",
		"\r\n\r\n",
	} {
		if l, _, err := learn([]byte(answer)); err == nil {
			t.Errorf("learnt a head of %d bytes from %q", l, answer)
		}
	}
	if _, ok, err := learn([]byte(goodAnswer[:30])); ok || err != nil {
		t.Errorf("half a head: %v, %v, want to read on", ok, err)
	}
}
