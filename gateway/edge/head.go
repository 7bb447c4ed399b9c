package edge

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// Fault is why a head is refused, or the framing of a body. After one the
// connection must end: where the next request begins is in doubt.
type Fault uint8

// The faults.
const (
	NoFault     Fault = iota
	Malformed         // breaks a rule of RFC 9112 or has two meanings
	Version           // neither HTTP/1.0 nor HTTP/1.1
	Expectation       // has an Expect line
	TooLarge          // of a body: has more chunk extensions than a request needs
	FaultCount  = iota
)

// Head is what a request head says. Its slices are views of the header it was
// read from.
type Head struct {
	Path, Query   []byte // of the target, as sent; Query without its question mark
	Authorization []byte // nil: no such line
	// Close says that the client wants the connection to end with the answer. The
	// server may have its own reasons to end it.
	Close bool
}

// ReadHead judges the head that fasthttp read as h, and reads it. It stands
// beside fasthttp's own rules (one Host, one Content-Length that is a number, no
// Transfer-Encoding in HTTP/1.0, no bare CR, no control bytes), which the raw
// requests of package gateway hold, and refuses what those let through:
//
//   - a version other than HTTP/1.0 and HTTP/1.1 (RFC 9110 section 2.5);
//   - a target in a form that its method does not have, with a scheme other than
//     http and https, a user, a fragment, or bytes that no URI has (RFC 9112
//     section 3.2);
//   - a header line that ends in LF alone, is folded, or whose name is no token
//     (RFC 9112 sections 2.2 and 5, RFC 9110 section 5.1);
//   - a Transfer-Encoding that is not exactly "chunked", or stands beside a
//     Content-Length (RFC 9112 section 6.1);
//   - any Expect (RFC 9110 section 10.1.1) and a second Authorization.
//
// Not seen, since fasthttp does not tell: empty lines before the request line,
// and a request line that ends in LF alone. RFC 9112 section 2.2 allows to take both.
//
// It looks at the method, the target, the protocol and the raw header lines only,
// so that a Memo of these can stand in for it.
func ReadHead(h *fasthttp.RequestHeader) (Head, Fault) {
	var head Head
	if protocol := h.Protocol(); string(protocol) != "HTTP/1.1" && string(protocol) != "HTTP/1.0" {
		return head, Version
	}
	var ok bool
	if head.Path, head.Query, ok = splitTarget(h.Method(), h.RequestURI()); !ok {
		return head, Malformed
	}
	var lengths, codings, credentials, expectations int
	for lines := h.RawHeaders(); len(lines) > 0; {
		end := bytes.IndexByte(lines, '\n')
		if end < 1 || lines[end-1] != '\r' {
			return head, Malformed
		}
		line := lines[:end-1]
		lines = lines[end+1:]
		if len(line) == 0 {
			break // the end of the head
		}
		name := token(line)
		if name == 0 || name == len(line) || line[name] != ':' {
			return head, Malformed
		}
		value := trim(line[name+1:])
		switch {
		case isName(line[:name], "authorization"):
			credentials++
			head.Authorization = value
		case isName(line[:name], "connection"):
			head.Close = head.Close || lists(value, "close")
		case isName(line[:name], "content-length"):
			lengths++
		case isName(line[:name], "expect"):
			expectations++
		case isName(line[:name], "transfer-encoding"):
			codings++
			if string(value) != "chunked" {
				return head, Malformed
			}
		}
	}
	switch {
	case credentials > 1, codings+lengths > 1:
		return head, Malformed
	case expectations > 0:
		return head, Expectation
	}
	return head, NoFault
}
