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

// What the issuer cannot do now, and silence, are declined, and not asked again.
func TestADeclineIsNoWrongAnswer(t *testing.T) {
	for _, status := range []int{409, 500, 503, 504} {
		var asked atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
		}))
		c, done := newClient(s.URL, 2)
		err := c.Revoke(t.Context(), tokens.Serial{}, "rgs_")
		var refused *passenger.StatusError
		if declined := errors.Is(err, openloop.ErrDeclined); declined != (status >= 500) || declined == errors.As(err, &refused) || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: %v", status, err)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("%d: asked %d times, want 1", status, n)
		}
		done()
		s.Close()
	}
	c, _ := newClient("http://127.0.0.1:1", 1)
	if err := c.Revoke(t.Context(), tokens.Serial{}, "rgs_"); !errors.Is(err, openloop.ErrDeclined) {
		t.Errorf("no server: %v", err)
	}
}
