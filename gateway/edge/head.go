package edge

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// Fault is why a head, or the framing of a body, is refused. After a fault the
// connection must end: the start of the next request is unknown.
type Fault uint8

// The faults.
const (
	NoFault     Fault = iota
	Malformed         // breaks a rule of RFC 9112 or has two meanings
	Version           // neither HTTP/1.0 nor HTTP/1.1
	Expectation       // has an Expect line
	TooLarge          // of a body: more chunk extensions than a request needs
	FaultCount  = iota
)

// Head holds the parts of a request head. Its slices are views of the header it was
// read from.
type Head struct {
	Path, Query   []byte // of the target, as sent; Query without its question mark
	Authorization []byte // nil: no such line
	// Close reports whether the client asks to close the connection after the answer.
	// The server may have other reasons to close it.
	Close bool
}

// ReadHead validates and reads the head that fasthttp read as h. It adds to fasthttp's
// own rules (one Host, one numeric Content-Length, no Transfer-Encoding in HTTP/1.0,
// no bare CR, no control bytes), which the raw requests of package gateway test. It
// refuses:
//
//   - a version other than HTTP/1.0 and HTTP/1.1 (RFC 9110 section 2.5);
//   - a target in a form that its method does not have, with a scheme other than
//     http and https, a user, a fragment, or bytes that no URI has (RFC 9112
//     section 3.2);
//   - a header line that ends in LF alone, is folded, or whose name is not a token
//     (RFC 9112 sections 2.2 and 5, RFC 9110 section 5.1);
//   - a Transfer-Encoding that is not exactly "chunked", or comes with a
//     Content-Length (RFC 9112 section 6.1);
//   - any Expect (RFC 9110 section 10.1.1) and a second Authorization.
//
// It cannot see, since fasthttp does not report them: empty lines before the request
// line, and a request line that ends in LF alone. RFC 9112 section 2.2 allows both.
//
// It depends only on the method, the target, the protocol and the raw header lines, so
// a [Memo] of these can replace it.
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
