package partner_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/partner"
	"github.com/railgate/railgate/issuance/partner/partnertest"
)

// Whatever a lying service sends, and however it is signed, nothing of it is
// taken, nothing takes longer than the bound, nothing is repeated anywhere.
func TestALieIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		conduct partnertest.Conduct
		want    error
	}{
		"unsigned":             {partnertest.Unsigned(200, good), partner.ErrAnswer},
		"wrong secret":         {partnertest.WrongSecret(200, good), partner.ErrAnswer},
		"another body":         {partnertest.OtherBody(200, good), partner.ErrAnswer},
		"another status":       {partnertest.OtherStatus(200, good), partner.ErrAnswer},
		"another id":           {partnertest.OtherID(200, good), partner.ErrAnswer},
		"another request":      {partnertest.OtherRequest(200, good), partner.ErrAnswer},
		"old":                  {partnertest.AtTime(-32*time.Second, 200, good), partner.ErrAnswer},
		"of the future":        {partnertest.AtTime(32*time.Second, 200, good), partner.ErrAnswer},
		"two signatures":       {partnertest.TwoSignatures(200, good), partner.ErrAnswer},
		"plain text":           {partnertest.Text(200, good), partner.ErrAnswer},
		"one byte too much":    {partnertest.Answer(200, good+strings.Repeat(" ", partner.MaxAnswer-len(good)+1)), partner.ErrAnswer},
		"huge":                 {partnertest.Huge(8, 200, good), partner.ErrAnswer},
		"huge head":            {partnertest.HugeHead, partner.ErrBroken},
		"redirect":             {partnertest.Redirect("/v1/elsewhere", good), partner.ErrAnswer},
		"switch":               {partnertest.Switch, partner.ErrAnswer},
		"invalid UTF-8":        {partnertest.Answer(200, "{\"decision\":\"passed\",\"x\":\"\xff\"}"), partner.ErrAnswer},
		"unknown field":        {partnertest.Answer(200, `{"decision":"passed","`+mark+`":"x"}`), partner.ErrAnswer},
		"not JSON":             {partnertest.Answer(200, mark), partner.ErrAnswer},
		"unknown status":       {partnertest.Answer(500, good), partner.ErrAnswer},
		"not HTTP":             {partnertest.Garbage(mark + mark + mark + "\r\n\r\n"), partner.ErrBroken},
		"bad head":             {partnertest.Garbage("HTTP/1.1 200 OK\r\n" + mark + "\r\n\r\n"), partner.ErrBroken},
		"broke off in answer":  {partnertest.BreakOffLater(200, good), partner.ErrBroken},
		"broke off each time":  {partnertest.BreakOff, partner.ErrBroken},
		"silent":               {partnertest.Silent, partner.ErrTimeout},
		"an answer for ever":   {partnertest.Trickle, partner.ErrTimeout},
		"unsigned and trickle": {partnertest.After(make(chan struct{}), partnertest.Unsigned(200, good)), partner.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			set := func(*partner.Config) {}
			if c.want == partner.ErrTimeout {
				set = short
			}
			w := newWorld(t, set, c.conduct)
			start := time.Now()
			err := w.ask(t.Context())
			if took := time.Since(start); took > patience/2+slack/4 {
				t.Errorf("it took %v", took)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if len(w.Calls()) > 2 {
				t.Errorf("it was asked %d times", len(w.Calls()))
			}
			for _, call := range w.Calls() {
				if call.Path != "/v1/checks" {
					t.Errorf("a redirect was followed to %s", call.Path)
				}
			}
			w.trace.Free(t, mark, "标记", "Markname", "passed")
		})
	}
}

// The second answer lies in wait on the connection: the next call must not see
// it, and the standard log must not tell it.
func TestAnAnswerThatNobodyAskedForIsSeenByNobody(t *testing.T) {
	w := newWorld(t, nil, partnertest.Twice(200, good, `{"name":"`+mark+`"}`), partnertest.Answer(500, "{}"))
	if err := w.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.ask(t.Context()); !errors.Is(err, partner.ErrAnswer) {
		t.Fatalf("the next call was answered by the second answer: %v", err)
	}
	w.trace.Free(t, mark, "nsolicited")
}
