package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/tokens"
)

// Deck is requests in the order in which they are drawn.
type Deck struct {
	Tokens int // in each request
	Once   bool

	requests [][]byte
	judge    func(load.Answer) error
	drawn    atomic.Int64
}

var _ load.Supply = (*Deck)(nil)

// Next implements load.Supply: the requests in turn, again and again unless Once.
func (d *Deck) Next() []byte {
	n := int(d.drawn.Add(1) - 1)
	if d.Once && n >= len(d.requests) {
		return nil
	}
	return d.requests[n%len(d.requests)]
}

// Judge implements load.Supply.
func (d *Deck) Judge(a load.Answer) error { return d.judge(a) }

// Len counts the requests.
func (d *Deck) Len() int { return len(d.requests) }

// Through is a deck of the same requests, each to be drawn once.
func (d *Deck) Through() *Deck {
	return &Deck{Tokens: d.Tokens, Once: true, requests: d.requests, judge: d.judge}
}

// Ways in which an answer is not what it must be. Fixed texts: an answer names a passenger.
var (
	errNotOK    = errors.New("an answer was not a 200")
	errNotAllow = errors.New("a verdict was not an allow")
	errNotDeny  = errors.New("a forged pass was not refused as one")
	errCount    = errors.New("a batch was not answered with one verdict for each code")
)

const unavailable = 503

// ok refuses all statuses but 200; 503 is the server's right.
func ok(a load.Answer) error {
	switch a.Status {
	case 200:
		return nil
	case unavailable:
		return load.ErrBusy
	}
	return fmt.Errorf("%w but a %d", errNotOK, a.Status)
}

var (
	allow = []byte(`{"verdict":"allow","reason":"ok",`)
	deny  = []byte(`{"verdict":"deny","reason":"bad_signature",`)
	list  = []byte(`{"verdicts":[`)
)

// Allowed demands an allow.
func Allowed(a load.Answer) error {
	if err := ok(a); err != nil {
		return err
	}
	if !bytes.HasPrefix(a.Body, allow) {
		return errNotAllow
	}
	return nil
}

// Forged demands that the signature was found wrong.
func Forged(a load.Answer) error {
	if err := ok(a); err != nil {
		return err
	}
	if !bytes.HasPrefix(a.Body, deny) {
		return errNotDeny
	}
	return nil
}

// either is for good and forged passes in one deck.
func either(a load.Answer) error {
	if Allowed(a) == nil {
		return nil
	}
	return Forged(a)
}

// Singles is a deck of one request for each code, from the device with that credential.
func Singles(codes []tokens.Token, credential string, judge func(load.Answer) error) *Deck {
	requests := make([][]byte, len(codes))
	for i := range codes {
		requests[i] = single(credential, codes[i].AppendText(make([]byte, 0, tokens.TextSize)))
	}
	return &Deck{Tokens: 1, requests: requests, judge: judge}
}

// Texts is the same of tokens of another kind.
func Texts(texts []string, credential string) *Deck {
	requests := make([][]byte, len(texts))
	for i, text := range texts {
		requests[i] = single(credential, []byte(text))
	}
	return &Deck{Tokens: 1, requests: requests, judge: Allowed}
}

func single(credential string, text []byte) []byte {
	return post("/v1/check", credential, "text/plain", text)
}

func post(path, credential, kind string, body []byte) []byte {
	return fmt.Appendf(make([]byte, 0, len(body)+256), "POST %s?scope=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", path, Scope, credential, kind, len(body), body)
}
