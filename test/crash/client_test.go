package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/railgate/railgate/test/runtest"
)

// fate is what became of a request.
type fate int

const (
	answered fate = iota // done, or refused and nothing done
	unknown              // it failed: it may have been carried out
	unsent               // nobody listened
)

// answer is what was heard.
type answer struct {
	fate   fate
	status int
	header http.Header
	body   []byte
}

// did reports whether the request was carried out.
func (a answer) did() bool { return a.fate == answered && a.status < 300 }

const longestAnswer = 64 << 10 // bytes

// call sends a request to whoever serves now, and waits for somebody to.
func (h *house) call(ctx context.Context, method, path, token string, body any) answer {
	url := h.somebody(ctx)
	if url == "" {
		return answer{fate: unsent}
	}
	var raw io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			h.book.fault("a request does not encode: %v", err)
			return answer{fate: unsent}
		}
		raw = bytes.NewReader(text)
	}
	// Without ctx: a request that was sent is heard out, or its fate is unknown for
	// no reason.
	r, err := http.NewRequest(method, url+path, raw)
	if err != nil {
		h.book.fault("%v", err)
		return answer{fate: unsent}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := h.client.Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return answer{fate: unsent}
	}
	if err != nil {
		return answer{fate: unknown}
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, longestAnswer)); err != nil {
		return answer{fate: unknown}
	}
	h.book.heard(method, a)
	if a.status >= http.StatusInternalServerError {
		a.fate = unknown
	}
	return a
}

// somebody is the address of who serves; empty when ctx ends first.
func (h *house) somebody(ctx context.Context) string {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if url := h.url.Load(); url != nil {
			return *url
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return ""
}

// drain waits until the stream has all that the issuer said.
func (h *house) drain() {
	h.t.Helper()
	runtest.Eventually(h.t, longestDrain, "the outbox to be empty", func() bool {
		a := h.call(h.t.Context(), http.MethodGet, waitingPath, "", nil)
		return a.did() && strings.TrimSpace(string(a.body)) == "0"
	})
}

// working waits until the last life has answered a good number of requests.
func (h *house) working() {
	h.t.Helper()
	const enough = 30
	had := h.book.answers()
	runtest.Eventually(h.t, longestBoot, "the issuer to work after the last kill", func() bool {
		return h.book.answers() >= had+enough
	})
}

// read decodes an answer that was given.
func read[T any](h *house, a answer) (v T) {
	if err := json.Unmarshal(a.body, &v); err != nil {
		h.book.fault("an answer of status %d is no JSON: %v", a.status, err)
	}
	return v
}
