package remote_test

import (
	"context"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/partner"
	"github.com/railgate/railgate/issuance/partner/partnertest"
)

// No fault of the provider passes a check or holds it beyond its bound.
func TestA6_NoFaultPassesACheck(t *testing.T) {
	lie := `{"decision":"passed","name":"` + marked.Name + `"}`
	for name, c := range map[string]struct {
		conduct partnertest.Conduct
		want    error
	}{
		"unsigned": {partnertest.Unsigned(200, passed), partner.ErrAnswer}, "wrong secret": {partnertest.WrongSecret(200, passed), partner.ErrAnswer},
		"another id": {partnertest.OtherID(200, passed), partner.ErrAnswer}, "another request": {partnertest.OtherRequest(200, passed), partner.ErrAnswer},
		"another body": {partnertest.OtherBody(200, passed), partner.ErrAnswer}, "another status": {partnertest.OtherStatus(200, passed), partner.ErrAnswer},
		"old": {partnertest.AtTime(-32*time.Second, 200, passed), partner.ErrAnswer}, "huge": {partnertest.Huge(4, 200, passed), partner.ErrAnswer},
		"redirect": {partnertest.Redirect("/v1/elsewhere", passed), partner.ErrAnswer}, "switch": {partnertest.Switch, partner.ErrAnswer},
		"invalid UTF-8": {partnertest.Answer(200, "{\"decision\":\"passed\xff\"}"), partner.ErrAnswer}, "more than asked": {partnertest.Answer(200, lie), partner.ErrAnswer},
		"in capitals": {partnertest.Answer(200, `{"decision":"PASSED"}`), partner.ErrAnswer}, "true": {partnertest.Answer(200, `{"decision":true}`), partner.ErrAnswer},
		"nothing": {partnertest.Answer(200, `{}`), partner.ErrAnswer}, "twice": {partnertest.Answer(200, `{"decision":"failed","decision":"passed"}`), partner.ErrAnswer},
		"passed and 202": {partnertest.Answer(202, passed), partner.ErrAnswer}, "later and 200": {partnertest.Answer(200, later), partner.ErrAnswer},
		"passed and 201": {partnertest.Answer(201, passed), partner.ErrAnswer}, "passed and 500": {partnertest.Answer(500, passed), partner.ErrAnswer},
		"passed and 422": {partnertest.Answer(422, passed), partner.ErrAnswer}, "another error": {partnertest.Answer(422, `{"error":"passed"}`), partner.ErrAnswer},
		"broke off": {partnertest.BreakOff, partner.ErrBroken}, "broke off in answer": {partnertest.BreakOffLater(200, passed), partner.ErrBroken},
		"not HTTP": {partnertest.Garbage(marked.Name + evidence), partner.ErrBroken},
		"silent":   {partnertest.Silent, context.DeadlineExceeded}, "an answer for ever": {partnertest.Trickle, context.DeadlineExceeded},
		"later, and silent": {partnertest.Answer(202, later), context.DeadlineExceeded},
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
	w := newWorld(t, nil, partnertest.Twice(200, failed, passed))
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
