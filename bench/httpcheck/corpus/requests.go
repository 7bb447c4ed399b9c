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

// Requests are requests that are sent in order.
type Requests struct {
	Tokens int // in each request
	Once   bool

	requests [][]byte
	judge    func(load.Answer) error
	drawn    atomic.Int64
}

var _ load.Supply = (*Requests)(nil)

// Next implements load.Supply: the requests in turn, repeatedly unless Once.
func (r *Requests) Next() []byte {
	n := int(r.drawn.Add(1) - 1)
	if r.Once && n >= len(r.requests) {
		return nil
	}
	return r.requests[n%len(r.requests)]
}

// Judge implements load.Supply.
func (r *Requests) Judge(a load.Answer) error { return r.judge(a) }

// Len returns the number of requests.
func (r *Requests) Len() int { return len(r.requests) }

// Through returns the same requests, each to be sent once.
func (r *Requests) Through() *Requests {
	return &Requests{Tokens: r.Tokens, Once: true, requests: r.requests, judge: r.judge}
}

// Errors of wrong answers. Their texts are fixed: an answer names a passenger.
var (
	errNotOK    = errors.New("the status is not 200")
	errNotAllow = errors.New("a verdict is not allow")
	errNotDeny  = errors.New("a forged pass was not refused for its signature")
	errCount    = errors.New("a batch answer does not have one verdict for each code")
)

const unavailable = 503

// ok accepts status 200; 503 is declined, which a server may do.
func ok(a load.Answer) error {
	switch a.Status {
	case 200:
		return nil
	case unavailable:
		return openloop.ErrDeclined
	}
	return fmt.Errorf("%w but %d", errNotOK, a.Status)
}

var (
	allow = []byte(`{"verdict":"allow","reason":"ok",`)
	deny  = []byte(`{"verdict":"deny","reason":"bad_signature",`)
	list  = []byte(`{"verdicts":[`)
)

// Allowed requires the verdict allow.
func Allowed(a load.Answer) error {
	if err := ok(a); err != nil {
		return err
	}
	if !bytes.HasPrefix(a.Body, allow) {
		return errNotAllow
	}
	return nil
}

// Forged requires a refusal for the signature.
func Forged(a load.Answer) error {
	if err := ok(a); err != nil {
		return err
	}
	if !bytes.HasPrefix(a.Body, deny) {
		return errNotDeny
	}
	return nil
}

// either accepts both.
func either(a load.Answer) error {
	if Allowed(a) == nil {
		return nil
	}
	return Forged(a)
}

// Singles returns one request for each code, from the device with the credential.
func Singles(codes []tokens.Token, credential string, judge func(load.Answer) error) *Requests {
	requests := make([][]byte, len(codes))
	for i := range codes {
		requests[i] = single(credential, codes[i].AppendText(make([]byte, 0, tokens.TextSize)))
	}
	return &Requests{Tokens: 1, requests: requests, judge: judge}
}

// Texts does the same for tokens of another format.
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

// Shuffle returns the requests of all, each once, in a random order that the seed decides. Their
// answers may be those of honest or of forged requests.
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

// First returns the first n requests, each once.
func (r *Requests) First(n int) *Requests {
	cut := r.Through()
	cut.requests = cut.requests[:min(n, len(cut.requests))]
	return cut
}

// Judged returns the same requests with another judge.
func (r *Requests) Judged(judge func(load.Answer) error) *Requests {
	other := r.Through()
	other.judge = judge
	return other
}

// BatchSize is the number of codes in a batch request.
const BatchSize = 256

// Batches returns requests with size codes each, scanned at now. Codes that do not fill a request
// are omitted.
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

// verdict is the beginning of every verdict in a batch's answer.
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
