package facecheck_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestDecisionMayBeRepeatedAndNotChanged(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	done := make(chan struct{})
	h.provider.Do(h.answerThenCall(t, done, http.StatusOK, fakeprovider.Answer(202, later), "failed", "failed"))
	h.mustDecide(t, false)
	<-done
	id := h.provider.Calls()[0].Signature.ID
	h.sendCallbacks(t, http.StatusConflict, id, "passed", "passed")
	h.sendCallbacks(t, http.StatusOK, id, "failed")
	h.counted(t, "decided", 1)
	h.counted(t, "repeated", 2)
	h.counted(t, "contradicted", 2)
}

func TestLateDecisionChangesNothing(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Answer(202, later))
	h.mustFail(t, bound, context.DeadlineExceeded)
	first := h.provider.Calls()[0].Signature.ID
	// The provider cannot distinguish an ended check from an unknown one.
	h.sendCallbacks(t, http.StatusOK, first, "passed", "passed", "failed")
	h.sendCallbacks(t, http.StatusOK, provider.NewID(), "passed")
	h.counted(t, "late", 3)
	h.counted(t, "unknown", 1)
	h.mustFail(t, bound, context.DeadlineExceeded)
}

// A recorded callback that is replayed changes nothing: within the clock bound it repeats the decision, later
// it has expired, and it is not signed for another check.
func TestReplayedCallbackChangesNothing(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	done := make(chan struct{})
	h.provider.Do(h.answerThenCall(t, done, http.StatusOK, fakeprovider.Answer(202, later), "passed"))
	h.mustDecide(t, true)
	<-done
	body := callbackBody(h.provider.Calls()[0].Signature.ID, "passed")
	signature := h.provider.Keys.SignRequest(callbackPath, provider.NewID(), body, time.Now()).String()
	for range 2 {
		if status, _ := fakeprovider.SendSigned(t, h.callback, body, signature); status != http.StatusOK {
			t.Errorf("within the clock bound: %d", status)
		}
	}
	h.counted(t, "repeated", 2)

	h.provider.Do(fakeprovider.Answer(202, later))
	waiting := make(chan struct{})
	go func() { defer close(waiting); h.mustFail(t, bound, context.DeadlineExceeded) }()
	runtest.Eventually(t, patience, "the next check", func() bool { return len(h.provider.Calls()) == 2 })
	next := callbackBody(h.provider.Calls()[1].Signature.ID, "passed")
	for what, send := range map[string]func() (int, []byte){
		"another body": func() (int, []byte) { return fakeprovider.SendSigned(t, h.callback, next, signature) },
		"old": func() (int, []byte) {
			return fakeprovider.Send(t, h.provider.Keys, h.callback, next, time.Now().Add(-32*time.Second))
		},
		"of the future": func() (int, []byte) {
			return fakeprovider.Send(t, h.provider.Keys, h.callback, next, time.Now().Add(32*time.Second))
		},
		"a stranger": func() (int, []byte) {
			stranger, err := provider.NewKeyring(provider.NewSecret("one"))
			if err != nil {
				t.Error(err)
			}
			return fakeprovider.Send(t, stranger, h.callback, next, time.Now())
		},
		"unsigned": func() (int, []byte) { return fakeprovider.SendSigned(t, h.callback, next, "") },
	} {
		if status, answer := send(); status != http.StatusUnauthorized || len(answer) > 0 {
			t.Errorf("%s: %d %s", what, status, answer)
		}
	}
	<-waiting
	h.counted(t, "unsigned", 5)
	h.counted(t, "decided", 1)
}

func TestCallbackIsParsedStrictly(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	id := provider.NewID().String()
	bodies := []string{
		"", "[]", "{}", `{"request":"` + id + `"}`, `{"decision":"passed"}`, `{"request":"` + id + `","decision":"later"}`, `{"request":"` + id + `","decision":""}`,
		`{"request":"` + strings.ToUpper(id[:31]) + `A","decision":"passed"}`, `{"request":"` + id + `","decision":"passed","x":"y"}`, `{"request":"` + id + `","decision":"failed","decision":"passed"}`,
		`{"request":"` + id + `","Decision":"passed"}`, "{\"request\":\"" + id + "\",\"decision\":\"passed\xff\"}",
	}
	for _, body := range bodies {
		if status, answer := fakeprovider.Send(t, h.provider.Keys, h.callback, []byte(body), time.Now()); status != http.StatusBadRequest || len(answer) > 0 {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	huge := []byte(`{"request":"` + id + `","decision":"passed"}` + strings.Repeat(" ", 1024))
	if status, _ := fakeprovider.Send(t, h.provider.Keys, h.callback, huge, time.Now()); status != http.StatusRequestEntityTooLarge {
		t.Errorf("huge: %d", status)
	}
	h.counted(t, "malformed", float64(len(bodies)+1))
}
