package crash

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
)

// fate is the outcome of a request.
type fate int

const (
	answered fate = iota // carried out, or refused without effect
	unknown              // it failed and may have been carried out
	unsent               // no process listened
)

// answer is the answer to a request.
type answer struct {
	fate   fate
	status int
	header http.Header
	body   []byte
}

// did reports whether the request was carried out.
func (a answer) did() bool { return a.fate == answered && a.status < 300 }

// call waits for an issuer that serves, and sends it a request.
func (sys *system) call(ctx context.Context, method, path, token string, body any) answer {
	url := sys.awaitURL(ctx)
	if url == "" {
		return answer{fate: unsent}
	}
	r := passenger.Request{Method: method, URL: url + path, Bearer: token}
	if body != nil {
		var err error
		if r.Body, err = json.Marshal(body); err != nil {
			sys.model.fault("a request does not encode: %v", err)
			return answer{fate: unsent}
		}
	}
	// Without ctx: the answer to a request that was sent is awaited, or its outcome would be
	// unknown for no reason.
	got, err := passenger.HTTP(sys.client)(context.Background(), r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return answer{fate: unsent}
	}
	if err != nil {
		return answer{fate: unknown}
	}
	a := answer{status: got.Status, header: got.Header, body: got.Body}
	sys.model.count(method, a)
	if a.status >= http.StatusInternalServerError {
		a.fate = unknown
	}
	return a
}

// awaitURL returns the address of the issuer that serves; empty if ctx ends first.
func (sys *system) awaitURL(ctx context.Context) string {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if url := sys.url.Load(); url != nil {
			return *url
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return ""
}

// drain waits until the stream has all of the issuer's records.
func (sys *system) drain() {
	sys.t.Helper()
	runtest.Eventually(sys.t, drainWithin, "the outbox to be empty", func() bool {
		a := sys.call(sys.t.Context(), http.MethodGet, waitingPath, "", nil)
		return a.did() && strings.TrimSpace(string(a.body)) == "0"
	})
}

// awaitWork waits until the last process has answered some requests.
func (sys *system) awaitWork() {
	sys.t.Helper()
	const enough = 30
	had := sys.model.answers()
	runtest.Eventually(sys.t, bootWithin, "the issuer to work after the last kill", func() bool {
		return sys.model.answers() >= had+enough
	})
}

// decode decodes an answer.
func decode[T any](sys *system, a answer) (v T) {
	if err := json.Unmarshal(a.body, &v); err != nil {
		sys.model.fault("an answer with status %d is not JSON: %v", a.status, err)
	}
	return v
}
