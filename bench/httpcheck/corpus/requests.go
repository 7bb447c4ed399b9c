package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/tokens"
)

// Requests are drawn in their order.
type Requests struct {
	Tokens int // in each request
	Once   bool

	requests [][]byte
	judge    func(load.Answer) error
	drawn    atomic.Int64
}

var _ load.Supply = (*Requests)(nil)

// Next implements load.Supply: the requests in turn, again and again unless Once.
func (r *Requests) Next() []byte {
	n := int(r.drawn.Add(1) - 1)
	if r.Once && n >= len(r.requests) {
		return nil
	}
	return r.requests[n%len(r.requests)]
}

// Judge implements load.Supply.
func (r *Requests) Judge(a load.Answer) error { return r.judge(a) }

// Len counts the requests.
func (r *Requests) Len() int { return len(r.requests) }

// Through are the same requests, each to be drawn once.
func (r *Requests) Through() *Requests {
	return &Requests{Tokens: r.Tokens, Once: true, requests: r.requests, judge: r.judge}
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
		return openloop.ErrDeclined
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

// either is for good and forged passes among each other.
func either(a load.Answer) error {
	if Allowed(a) == nil {
		return nil
	}
	return Forged(a)
}

// Singles are one request for each code, from the device with that credential.
func Singles(codes []tokens.Token, credential string, judge func(load.Answer) error) *Requests {
	requests := make([][]byte, len(codes))
	for i := range codes {
		requests[i] = single(credential, codes[i].AppendText(make([]byte, 0, tokens.TextSize)))
	}
	return &Requests{Tokens: 1, requests: requests, judge: judge}
}

// Texts is the same of tokens of another kind.
func Texts(texts []string, credential string) *Requests {
	requests := make([][]byte, len(texts))
	for i, text := range texts {
		requests[i] = single(credential, []byte(text))
	}
	return &Requests{Tokens: 1, requests: requests, judge: Allowed}
}

func single(credential string, text []byte) []byte {
	return post("/v1/check", credential, "text/plain", text)
}

func post(path, credential, kind string, body []byte) []byte {
	return fmt.Appendf(make([]byte, 0, len(body)+256), "POST %s?scope=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", path, Scope, credential, kind, len(body), body)
}

// Shuffle are the requests of several, each once, in a random order
// that the seed decides; each may be answered as an honest or as a forged one is.
func Shuffle(seed uint64, all ...*Requests) *Requests {
	mixed := &Requests{Tokens: 1, Once: true, judge: either}
	for _, one := range all {
		mixed.requests = append(mixed.requests, one.requests...)
	}
	random := rand.New(rand.NewPCG(seed, 0x73687566666c65))
	random.Shuffle(len(mixed.requests), func(i, j int) {
		mixed.requests[i], mixed.requests[j] = mixed.requests[j], mixed.requests[i]
	})
	return mixed
}

// First are the first n of them, each once.
func (r *Requests) First(n int) *Requests {
	cut := r.Through()
	cut.requests = cut.requests[:min(n, len(cut.requests))]
	return cut
}

// Judged are the same with another judge.
func (r *Requests) Judged(judge func(load.Answer) error) *Requests {
	other := r.Through()
	other.judge = judge
	return other
}

// BatchSize codes are in one batch request.
const BatchSize = 256

// Batches are requests with size codes each, scanned at now; codes that
// do not fill a request are left out.
func Batches(codes []tokens.Token, size int, now time.Time) *Requests {
	var requests [][]byte
	for ; len(codes) >= size; codes = codes[size:] {
		body := []byte(`{"scans":[`)
		for i := range size {
			if i > 0 {
				body = append(body, ',')
			}
			body = append(body, `{"code":"`...) // no character of a code needs an escape
			body = codes[i].AppendText(body)
			body = fmt.Appendf(body, `","scanned_at_ms":%d}`, now.UnixMilli())
		}
		requests = append(requests, post("/v1/checks", Gate, "application/json", append(body, ']', '}')))
	}
	return &Requests{Tokens: size, requests: requests, judge: func(a load.Answer) error { return allAllowed(a, size) }}
}

// verdict begins every verdict in a batch's answer.
var verdict = []byte(`{"verdict":`)

func allAllowed(a load.Answer, size int) error {
	if err := ok(a); err != nil {
		return err
	}
	if !bytes.HasPrefix(a.Body, list) || bytes.Count(a.Body, verdict) != size {
		return errCount
	}
	if bytes.Count(a.Body, allow) != size {
		return errNotAllow
	}
	return nil
}

// BatchAnswerMax bounds the answer to a batch, bytes: an allow has about 270.
const BatchAnswerMax = 512 * BatchSize
