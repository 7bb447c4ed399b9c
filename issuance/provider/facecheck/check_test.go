package facecheck_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

var today = time.Unix(1770768000, 0)

func TestAnswerDecidesTheCheck(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Answer(200, passed), fakeprovider.Answer(200, failed), fakeprovider.Answer(422, `{"error":"evidence_unreadable"}`))
	h.mustDecide(t, true)
	h.mustDecide(t, false)
	h.mustFail(t, patience, facecheck.ErrEvidence)
	q := requestOf(t, h.provider.Calls()[0])
	if q["name"] != marked.Name || q["document_type"] != "resident_id" || q["document_number"] != marked.Number || q["evidence"] != evidence || q["callback_url"] != h.callback {
		t.Errorf("the request was %q", q)
	}
}

func TestCallbackDecidesTheCheck(t *testing.T) {
	for decision, want := range map[string]bool{"passed": true, "failed": false} {
		t.Run(decision, func(t *testing.T) {
			h := newHarness(t, nil, fakeprovider.Silent)
			done := make(chan struct{})
			h.provider.Do(h.answerThenCall(t, done, http.StatusOK, fakeprovider.Answer(202, later), decision))
			h.mustDecide(t, want)
			<-done
			h.counted(t, "decided", 1)
		})
	}
}

func TestTheCallbackMayComeBeforeTheAnswer(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	h.provider.Do(h.callThenAnswer(t, fakeprovider.Answer(202, later), "passed"))
	h.mustDecide(t, true)
	// The same decision in the answer is accepted.
	h.provider.Do(h.callThenAnswer(t, fakeprovider.Answer(200, passed), "passed", "passed"))
	h.mustDecide(t, true)
	h.counted(t, "decided", 2)
	h.counted(t, "repeated", 1)
}

// The true one of two contradicting decisions is unknown: the check does not pass.
func TestContradictionDoesNotPass(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	h.provider.Do(h.callThenAnswer(t, fakeprovider.Answer(200, passed), "failed"))
	h.mustFail(t, patience, facecheck.ErrContradiction)
	h.provider.Do(h.callThenAnswer(t, fakeprovider.Answer(200, failed), "passed"))
	h.mustFail(t, patience, facecheck.ErrContradiction)
	h.provider.Do(h.callThenAnswer(t, fakeprovider.Answer(422, `{"error":"evidence_unreadable"}`), "passed"))
	h.mustFail(t, patience, facecheck.ErrEvidence)
	// A passed decision in a callback does not outweigh an invalid answer.
	h.provider.Do(h.callThenAnswer(t, fakeprovider.Unsigned(200, passed), "passed"))
	h.mustFail(t, patience, provider.ErrAnswer)
}

func TestBrokenConnectionIsRetriedAsTheSameCheck(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.BreakOff, fakeprovider.Answer(200, passed))
	h.mustDecide(t, true)
	if calls := h.provider.Calls(); len(calls) != 2 || calls[0].Signature.ID != calls[1].Signature.ID {
		t.Errorf("%d requests", len(calls))
	}
}

func TestConcurrentChecksAreBounded(t *testing.T) {
	h := newHarness(t, func(c *facecheck.Config) { c.Waiting = 2 }, fakeprovider.Answer(202, later))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := h.Check(ctx, marked, evidence)
			ended <- err
		}()
	}
	runtest.Eventually(t, patience, "two checks", func() bool { return len(h.provider.Calls()) == 2 })
	h.mustFail(t, patience, provider.ErrUnavailable)
	if len(h.provider.Calls()) != 2 {
		t.Error("a check beyond the bound was sent")
	}
	cancel()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	h.provider.Do(fakeprovider.Answer(200, passed))
	h.mustDecide(t, true)
}

func TestFailingProviderIsNotCalledForAPause(t *testing.T) {
	h := newHarness(t, func(c *facecheck.Config) { c.Client.Faults, c.Client.Pause = 2, time.Minute }, fakeprovider.Unsigned(200, passed))
	for range 2 {
		h.mustFail(t, patience, provider.ErrAnswer)
	}
	h.mustFail(t, patience, provider.ErrUnavailable)
	if len(h.provider.Calls()) != 2 {
		t.Error("the provider was called")
	}
}

// The answers are prompt and valid, and the announced callbacks are missing.
func TestProviderWithoutCallbacksIsNotCalledForAPause(t *testing.T) {
	var late atomic.Int64 // nanoseconds
	h := newHarness(t, func(c *facecheck.Config) {
		c.Client.Faults, c.Client.Pause = 2, 20*time.Second
		c.Client.Now = func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	}, fakeprovider.Answer(202, later))
	for range 2 {
		h.mustFail(t, bound, context.DeadlineExceeded)
	}
	start := time.Now()
	h.mustFail(t, patience, provider.ErrUnavailable)
	if len(h.provider.Calls()) != 2 || time.Since(start) > slack {
		t.Errorf("%d requests, the last took %v", len(h.provider.Calls()), time.Since(start))
	}
	late.Store(int64(20 * time.Second))
	done := make(chan struct{})
	h.provider.Do(h.answerThenCall(t, done, http.StatusOK, fakeprovider.Answer(202, later), "passed"), fakeprovider.Answer(200, failed))
	h.mustDecide(t, true)
	<-done
	h.mustDecide(t, false)
}

func TestCanceledCheckIsNoFaultOfTheProvider(t *testing.T) {
	h := newHarness(t, func(c *facecheck.Config) { c.Client.Faults = 1 }, fakeprovider.Answer(202, later))
	for i := range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := h.Check(ctx, marked, evidence)
			ended <- err
		}()
		runtest.Eventually(t, patience, "the check", func() bool { return len(h.provider.Calls()) == i+1 })
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if h.trace.Count(t, "railgate_issuer_face_breaker") != 0 || h.trace.Count(t, "railgate_issuer_provider_breaker") != 0 {
		t.Error("a breaker is not closed")
	}
}

func TestInvalidRequestIsNotSent(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Answer(200, passed))
	for _, bad := range []string{"", strings.Repeat("x", facecheck.MaxEvidence+1), "markevidence\xff"} {
		if r, err := h.Check(t.Context(), marked, bad); !errors.Is(err, facecheck.ErrEvidence) || r.Passed {
			t.Errorf("%+v, %v", r, err)
		}
	}
	for _, change := range []func(*provider.Person){
		func(p *provider.Person) { p.Name = "" }, func(p *provider.Person) { p.Name += "\xff" }, func(p *provider.Person) { p.Number = "" },
		func(p *provider.Person) { p.Number += "\xff" }, func(p *provider.Person) { p.Document = 0 }, func(p *provider.Person) { p.Document++ },
	} {
		p := marked
		change(&p)
		r, err := h.Check(t.Context(), p, evidence)
		if err == nil || r.Passed {
			t.Errorf("%+v", r)
		}
		h.trace.Error(err)
	}
	if len(h.provider.Calls()) != 0 {
		t.Error("an invalid request was sent")
	}
	// The longest evidence, with every byte escaped, fits into a request.
	if r, err := h.Check(t.Context(), marked, strings.Repeat("\x01", facecheck.MaxEvidence)); err != nil || !r.Passed {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAllFaultsOfAConfigurationAreReported(t *testing.T) {
	_, err := facecheck.NewHTTP(facecheck.Config{CallbackURL: "http://issuer.example/callback", Label: "提供者", Waiting: -1})
	for _, field := range []string{"url: ", "secret_files: ", "callback_url: ", "label: ", "waiting: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %q", err, field)
		}
	}
	_, err = facecheck.Settings{CallbackURL: "https://issuer.example"}.Load(ownfile.Trust{})
	for _, field := range []string{"url: ", "secret_files: ", "callback_url: must have a path", "label: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %q", err, field)
		}
	}
}

// No fault of the provider passes a check or delays it beyond its bound.
func TestA6_NoFaultPassesACheck(t *testing.T) {
	withName := `{"decision":"passed","name":"` + marked.Name + `"}`
	for name, c := range map[string]struct {
		behavior fakeprovider.Behavior
		want     error
	}{
		"unsigned": {fakeprovider.Unsigned(200, passed), provider.ErrAnswer}, "wrong secret": {fakeprovider.WrongSecret(200, passed), provider.ErrAnswer},
		"another id": {fakeprovider.OtherID(200, passed), provider.ErrAnswer}, "another request": {fakeprovider.OtherRequest(200, passed), provider.ErrAnswer},
		"another body": {fakeprovider.OtherBody(200, passed), provider.ErrAnswer}, "another status": {fakeprovider.OtherStatus(200, passed), provider.ErrAnswer},
		"old": {fakeprovider.AtTime(-32*time.Second, 200, passed), provider.ErrAnswer}, "huge": {fakeprovider.Huge(4, 200, passed), provider.ErrAnswer},
		"redirect": {fakeprovider.Redirect("/v1/elsewhere", passed), provider.ErrAnswer}, "switch": {fakeprovider.Switch, provider.ErrAnswer},
		"invalid UTF-8": {fakeprovider.Answer(200, "{\"decision\":\"passed\xff\"}"), provider.ErrAnswer}, "unknown field": {fakeprovider.Answer(200, withName), provider.ErrAnswer},
		"in capitals": {fakeprovider.Answer(200, `{"decision":"PASSED"}`), provider.ErrAnswer}, "true": {fakeprovider.Answer(200, `{"decision":true}`), provider.ErrAnswer},
		"nothing": {fakeprovider.Answer(200, `{}`), provider.ErrAnswer}, "twice": {fakeprovider.Answer(200, `{"decision":"failed","decision":"passed"}`), provider.ErrAnswer},
		"passed and 202": {fakeprovider.Answer(202, passed), provider.ErrAnswer}, "later and 200": {fakeprovider.Answer(200, later), provider.ErrAnswer},
		"passed and 201": {fakeprovider.Answer(201, passed), provider.ErrAnswer}, "passed and 500": {fakeprovider.Answer(500, passed), provider.ErrAnswer},
		"passed and 422": {fakeprovider.Answer(422, passed), provider.ErrAnswer}, "another error": {fakeprovider.Answer(422, `{"error":"passed"}`), provider.ErrAnswer},
		"broke off": {fakeprovider.BreakOff, provider.ErrBroken}, "broke off in answer": {fakeprovider.BreakOffLater(200, passed), provider.ErrBroken},
		"not HTTP": {fakeprovider.Garbage(marked.Name + evidence), provider.ErrBroken},
		"silent":   {fakeprovider.Silent, context.DeadlineExceeded}, "an answer for ever": {fakeprovider.Trickle, context.DeadlineExceeded},
		"later, and silent": {fakeprovider.Answer(202, later), context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil, c.behavior)
			within := patience
			if c.want == context.DeadlineExceeded {
				within = bound
			}
			h.mustFail(t, within, c.want)
		})
	}
}

func TestUnsolicitedAnswerIsIgnored(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Twice(200, failed, passed))
	h.mustDecide(t, false)
	h.notPassed(t)
}

// notPassed fails the test if the check passes.
func (h *harness) notPassed(t *testing.T) {
	t.Helper()
	if r, _ := h.check(t, patience); r.Passed {
		t.Error("passed")
	}
}
