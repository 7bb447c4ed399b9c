package fakeprovider

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance/provider"
)

// write sends an answer that bears the signature.
func write(w http.ResponseWriter, status int, body string, s provider.Signature) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(provider.SignatureHeader, s.String())
	w.WriteHeader(status)
	w.Write([]byte(body))
}

// Answer answers as it must.
func Answer(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		write(w, status, body, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now()))
	}
}

// Silent takes the request and says nothing until the caller leaves.
func Silent(p *Provider, _ http.ResponseWriter, c Call) {
	select {
	case <-c.Request.Context().Done():
	case <-p.over:
	}
}

// After answers as then does, when the gate opens.
func After(gate <-chan struct{}, then Behavior) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		select {
		case <-gate:
			then(p, w, c)
		case <-p.over:
		}
	}
}

// Trickle sends an answer's head and then one byte at a time, for ever.
func Trickle(p *Provider, w http.ResponseWriter, c Call) {
	w.Header().Set("Content-Type", "application/json")
	for {
		w.Write([]byte(" "))
		w.(http.Flusher).Flush()
		select {
		case <-time.After(time.Millisecond):
		case <-c.Request.Context().Done():
			return
		case <-p.over:
			return
		}
	}
}

// Unsigned answers without a signature.
func Unsigned(status int, body string) Behavior {
	return func(_ *Provider, w http.ResponseWriter, _ Call) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// WrongSecret signs with a secret that has the right name and is another.
func WrongSecret(status int, body string) Behavior {
	other, err := provider.NewKeyring(provider.NewSecret("one"))
	if err != nil {
		panic(err)
	}
	return func(_ *Provider, w http.ResponseWriter, c Call) {
		write(w, status, body, other.SignAnswer(c.Signature, status, []byte(body), time.Now()))
	}
}

// OtherBody bears the signature of an answer with another body.
func OtherBody(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		write(w, status, body, p.Keys.SignAnswer(c.Signature, status, []byte(body+" "), time.Now()))
	}
}

// OtherStatus bears the signature of an answer with another status.
func OtherStatus(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		write(w, status, body, p.Keys.SignAnswer(c.Signature, status+1, []byte(body), time.Now()))
	}
}

// OtherID answers a request with another id.
func OtherID(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		other := c.Signature
		other.ID = provider.NewID()
		write(w, status, body, p.Keys.SignAnswer(other, status, []byte(body), time.Now()))
	}
}

// OtherRequest answers a request that has this id and another content.
func OtherRequest(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		other := p.Keys.SignRequest(c.Path, c.Signature.ID, []byte("{}"), time.Now())
		write(w, status, body, p.Keys.SignAnswer(other, status, []byte(body), time.Now()))
	}
}

// AtTime answers with a clock that is wrong by so much.
func AtTime(wrong time.Duration, status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		write(w, status, body, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now().Add(wrong)))
	}
}

// TwoSignatures bears a good signature and one more.
func TwoSignatures(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		w.Header().Add(provider.SignatureHeader, "v1")
		w.Header().Add(provider.SignatureHeader, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now()).String())
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// Text signs well and says that it is plain text.
func Text(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set(provider.SignatureHeader, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now()).String())
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// Huge is a well-signed answer with mebibytes of white space after it.
func Huge(mebibytes int, status int, body string) Behavior {
	return Answer(status, body+string(bytes.Repeat([]byte(" "), mebibytes<<20)))
}

// HugeHead has a head that never ends.
func HugeHead(p *Provider, w http.ResponseWriter, c Call) {
	raw(w, func(conn net.Conn) {
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := fmt.Fprintf(conn, "X: %01000d\r\n", 0); err != nil {
				return
			}
		}
	})
}

// Redirect sends elsewhere, well signed.
func Redirect(to string, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		w.Header().Set("Location", to)
		Answer(http.StatusTemporaryRedirect, body)(p, w, c)
	}
}

// Switch says that another protocol follows, and nothing does.
func Switch(p *Provider, w http.ResponseWriter, c Call) {
	raw(w, func(conn net.Conn) {
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		conn.Read(make([]byte, 1)) // until the caller leaves
	})
}

// BreakOff closes the connection before an answer.
func BreakOff(_ *Provider, w http.ResponseWriter, _ Call) { raw(w, func(net.Conn) {}) }

// BreakOffLater closes it in the middle of one.
func BreakOffLater(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		whole := answerText(p, c, status, body)
		raw(w, func(conn net.Conn) { fmt.Fprint(conn, whole[:len(whole)-1]) })
	}
}

// Twice sends two answers, each well signed, on a connection that it keeps open.
func Twice(status int, first, second string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		both := answerText(p, c, status, first) + answerText(p, c, status, second)
		raw(w, func(conn net.Conn) {
			fmt.Fprint(conn, both)
			conn.Read(make([]byte, 1))
		})
	}
}

// Garbage answers with text that is not HTTP.
func Garbage(text string) Behavior {
	return func(_ *Provider, w http.ResponseWriter, _ Call) {
		raw(w, func(conn net.Conn) { fmt.Fprint(conn, text) })
	}
}

func answerText(p *Provider, c Call, status int, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s: %s\r\n\r\n%s",
		status, http.StatusText(status), len(body), provider.SignatureHeader,
		p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now()), body)
}

// raw takes the connection, closed when speak returns.
func raw(w http.ResponseWriter, speak func(net.Conn)) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(callTimeout))
	speak(conn)
}
