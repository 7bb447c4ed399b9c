package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

// Status 5xx and missing answers are declined, and not retried.
func TestDeclinedRequestIsNotAWrongAnswer(t *testing.T) {
	for _, status := range []int{409, 500, 503, 504} {
		var requests atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			w.WriteHeader(status)
		}))
		c, done := newClient(s.URL, 2)
		err := c.Revoke(t.Context(), tokens.Serial{}, "rgs_")
		var statusErr *passenger.StatusError
		if declined := errors.Is(err, openloop.ErrDeclined); declined != (status >= 500) || declined == errors.As(err, &statusErr) || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: %v", status, err)
		}
		if n := requests.Load(); n != 1 {
			t.Errorf("%d: %d requests, want 1", status, n)
		}
		done()
		s.Close()
	}
	c, _ := newClient("http://127.0.0.1:1", 1)
	if err := c.Revoke(t.Context(), tokens.Serial{}, "rgs_"); !errors.Is(err, openloop.ErrDeclined) {
		t.Errorf("no server: %v", err)
	}
}
