package corpus

import (
	"bytes"
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/tokens"
)

// BatchSize codes are in one batch request.
const BatchSize = 256

// Batches is a deck of requests with size codes each, scanned at now; codes that
// do not fill a request are left out.
func Batches(codes []tokens.Token, size int, now time.Time) *Deck {
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
	return &Deck{Tokens: size, requests: requests, judge: func(a load.Answer) error { return allAllowed(a, size) }}
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
