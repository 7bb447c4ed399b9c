package fakeprovider

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance/provider"
)

// writeSigned sends an answer with the signature.
func writeSigned(w http.ResponseWriter, status int, body string, s provider.Signature) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(provider.SignatureHeader, s.String())
	w.WriteHeader(status)
	w.Write([]byte(body))
}

// Answer sends a correct answer.
func Answer(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		writeSigned(w, status, body, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now()))
	}
}

// Silent reads the request and sends nothing until the caller disconnects.
func Silent(p *Provider, _ http.ResponseWriter, c Call) {
	select {
	case <-c.Request.Context().Done():
	case <-p.ended:
	}
}

// After waits until gate is closed and then behaves as then.
func After(gate <-chan struct{}, then Behavior) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		select {
		case <-gate:
			then(p, w, c)
		case <-p.ended:
		}
	}
}

// Trickle sends an answer's head and then one byte at a time, without end.
func Trickle(p *Provider, w http.ResponseWriter, c Call) {
	w.Header().Set("Content-Type", "application/json")
	for {
		w.Write([]byte(" "))
		w.(http.Flusher).Flush()
		select {
		case <-time.After(time.Millisecond):
		case <-c.Request.Context().Done():
			return
		case <-p.ended:
			return
		}
	}
}

// Unsigned sends an answer without a signature.
func Unsigned(status int, body string) Behavior {
	return func(_ *Provider, w http.ResponseWriter, _ Call) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// WrongSecret signs with a secret of the correct name and different content.
func WrongSecret(status int, body string) Behavior {
	other, err := provider.NewKeyring(provider.NewSecret("one"))
	if err != nil {
		panic(err)
	}
	return func(_ *Provider, w http.ResponseWriter, c Call) {
		writeSigned(w, status, body, other.SignAnswer(c.Signature, status, []byte(body), time.Now()))
	}
}

// OtherBody sends the signature of an answer with another body.
func OtherBody(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		writeSigned(w, status, body, p.Keys.SignAnswer(c.Signature, status, []byte(body+" "), time.Now()))
	}
}

// OtherStatus sends the signature of an answer with another status.
func OtherStatus(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		writeSigned(w, status, body, p.Keys.SignAnswer(c.Signature, status+1, []byte(body), time.Now()))
	}
}

// OtherID answers a request that has another ID.
func OtherID(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		other := c.Signature
		other.ID = provider.NewID()
		writeSigned(w, status, body, p.Keys.SignAnswer(other, status, []byte(body), time.Now()))
	}
}

// OtherRequest answers a request that has the same ID and other content.
func OtherRequest(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		other := p.Keys.SignRequest(c.Path, c.Signature.ID, []byte("{}"), time.Now())
		writeSigned(w, status, body, p.Keys.SignAnswer(other, status, []byte(body), time.Now()))
	}
}

// AtTime signs with a clock that differs by wrong.
func AtTime(wrong time.Duration, status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		writeSigned(w, status, body, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now().Add(wrong)))
	}
}

// TwoSignatures sends a correct signature and a second one.
func TwoSignatures(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		w.Header().Add(provider.SignatureHeader, "v1")
		w.Header().Add(provider.SignatureHeader, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now()).String())
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// Text sends a correctly signed answer with the content type text/plain.
func Text(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set(provider.SignatureHeader, p.Keys.SignAnswer(c.Signature, status, []byte(body), time.Now()).String())
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// Huge sends a correctly signed answer followed by mebibytes of white space.
func Huge(mebibytes int, status int, body string) Behavior {
	return Answer(status, body+string(bytes.Repeat([]byte(" "), mebibytes<<20)))
}

// HugeHead sends an endless HTTP header.
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

// Redirect sends a correctly signed redirection.
func Redirect(to string, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		w.Header().Set("Location", to)
		Answer(http.StatusTemporaryRedirect, body)(p, w, c)
	}
}

// Switch announces another protocol and sends nothing more.
func Switch(p *Provider, w http.ResponseWriter, c Call) {
	raw(w, func(conn net.Conn) {
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		conn.Read(make([]byte, 1)) // until the caller disconnects
	})
}

// BreakOff closes the connection before an answer.
func BreakOff(_ *Provider, w http.ResponseWriter, _ Call) { raw(w, func(net.Conn) {}) }

// BreakOffLater closes the connection before the last byte of an answer.
func BreakOffLater(status int, body string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		whole := answerText(p, c, status, body)
		raw(w, func(conn net.Conn) { fmt.Fprint(conn, whole[:len(whole)-1]) })
	}
}

// Twice sends two correctly signed answers on a connection that stays open.
func Twice(status int, first, second string) Behavior {
	return func(p *Provider, w http.ResponseWriter, c Call) {
		both := answerText(p, c, status, first) + answerText(p, c, status, second)
		raw(w, func(conn net.Conn) {
			fmt.Fprint(conn, both)
			conn.Read(make([]byte, 1))
		})
	}
}

// Garbage sends text that is not HTTP.
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

// raw takes over the connection and closes it when speak returns.
func raw(w http.ResponseWriter, speak func(net.Conn)) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(callTimeout))
	speak(conn)
}
