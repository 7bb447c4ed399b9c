package facecheck_test

import (
	"context"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
)

// No fault of the provider passes a check or holds it beyond its bound.
func TestA6_NoFaultPassesACheck(t *testing.T) {
	lie := `{"decision":"passed","name":"` + marked.Name + `"}`
	for name, c := range map[string]struct {
		conduct fakeprovider.Conduct
		want    error
	}{
		"unsigned": {fakeprovider.Unsigned(200, passed), provider.ErrAnswer}, "wrong secret": {fakeprovider.WrongSecret(200, passed), provider.ErrAnswer},
		"another id": {fakeprovider.OtherID(200, passed), provider.ErrAnswer}, "another request": {fakeprovider.OtherRequest(200, passed), provider.ErrAnswer},
		"another body": {fakeprovider.OtherBody(200, passed), provider.ErrAnswer}, "another status": {fakeprovider.OtherStatus(200, passed), provider.ErrAnswer},
		"old": {fakeprovider.AtTime(-32*time.Second, 200, passed), provider.ErrAnswer}, "huge": {fakeprovider.Huge(4, 200, passed), provider.ErrAnswer},
		"redirect": {fakeprovider.Redirect("/v1/elsewhere", passed), provider.ErrAnswer}, "switch": {fakeprovider.Switch, provider.ErrAnswer},
		"invalid UTF-8": {fakeprovider.Answer(200, "{\"decision\":\"passed\xff\"}"), provider.ErrAnswer}, "more than asked": {fakeprovider.Answer(200, lie), provider.ErrAnswer},
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
			w := newWorld(t, nil, c.conduct)
			within := patience
			if c.want == context.DeadlineExceeded {
				within = bound
			}
			w.undecided(t, within, c.want)
		})
	}
}

func TestAnswersAfterTheFirstAreNotSeen(t *testing.T) {
	w := newWorld(t, nil, fakeprovider.Twice(200, failed, passed))
	w.decides(t, false)
	w.undecidedOrFailed(t)
}

// undecidedOrFailed is any end but a pass.
func (w *world) undecidedOrFailed(t *testing.T) {
	t.Helper()
	if r, _ := w.check(t, patience); r.Passed {
		t.Error("passed")
	}
}
