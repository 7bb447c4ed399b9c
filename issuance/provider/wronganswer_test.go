package provider_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Invalid answers are refused within the time bound, and none of their content appears in errors, logs or
// metrics.
func TestInvalidAnswerIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		behavior fakeprovider.Behavior
		want     error
	}{
		"unsigned":             {fakeprovider.Unsigned(200, good), provider.ErrAnswer},
		"wrong secret":         {fakeprovider.WrongSecret(200, good), provider.ErrAnswer},
		"another body":         {fakeprovider.OtherBody(200, good), provider.ErrAnswer},
		"another status":       {fakeprovider.OtherStatus(200, good), provider.ErrAnswer},
		"another id":           {fakeprovider.OtherID(200, good), provider.ErrAnswer},
		"another request":      {fakeprovider.OtherRequest(200, good), provider.ErrAnswer},
		"old":                  {fakeprovider.AtTime(-32*time.Second, 200, good), provider.ErrAnswer},
		"of the future":        {fakeprovider.AtTime(32*time.Second, 200, good), provider.ErrAnswer},
		"two signatures":       {fakeprovider.TwoSignatures(200, good), provider.ErrAnswer},
		"plain text":           {fakeprovider.Text(200, good), provider.ErrAnswer},
		"one byte too much":    {fakeprovider.Answer(200, good+strings.Repeat(" ", provider.MaxAnswer-len(good)+1)), provider.ErrAnswer},
		"huge":                 {fakeprovider.Huge(8, 200, good), provider.ErrAnswer},
		"huge head":            {fakeprovider.HugeHead, provider.ErrBroken},
		"redirect":             {fakeprovider.Redirect("/v1/elsewhere", good), provider.ErrAnswer},
		"switch":               {fakeprovider.Switch, provider.ErrAnswer},
		"invalid UTF-8":        {fakeprovider.Answer(200, "{\"decision\":\"passed\",\"x\":\"\xff\"}"), provider.ErrAnswer},
		"unknown field":        {fakeprovider.Answer(200, `{"decision":"passed","`+mark+`":"x"}`), provider.ErrAnswer},
		"not JSON":             {fakeprovider.Answer(200, mark), provider.ErrAnswer},
		"unknown status":       {fakeprovider.Answer(500, good), provider.ErrAnswer},
		"not HTTP":             {fakeprovider.Garbage(mark + mark + mark + "\r\n\r\n"), provider.ErrBroken},
		"bad head":             {fakeprovider.Garbage("HTTP/1.1 200 OK\r\n" + mark + "\r\n\r\n"), provider.ErrBroken},
		"broke off in answer":  {fakeprovider.BreakOffLater(200, good), provider.ErrBroken},
		"broke off each time":  {fakeprovider.BreakOff, provider.ErrBroken},
		"silent":               {fakeprovider.Silent, provider.ErrTimeout},
		"an answer for ever":   {fakeprovider.Trickle, provider.ErrTimeout},
		"unsigned and trickle": {fakeprovider.After(make(chan struct{}), fakeprovider.Unsigned(200, good)), provider.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			set := func(*provider.Config) {}
			if c.want == provider.ErrTimeout {
				set = short
			}
			h := newHarness(t, set, c.behavior)
			start := time.Now()
			err := h.ask(t.Context())
			if took := time.Since(start); took > patience/2+slack/4 {
				t.Errorf("the call took %v", took)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if len(h.Calls()) > 2 {
				t.Errorf("the service was called %d times", len(h.Calls()))
			}
			for _, call := range h.Calls() {
				if call.Path != "/v1/checks" {
					t.Errorf("a redirect was followed to %s", call.Path)
				}
			}
			h.trace.Free(t, mark, "标记", "Markname", "passed")
		})
	}
}

// The connection carries a second, unsolicited answer. The next call must not receive it, and the standard
// log must not contain it.
func TestUnsolicitedAnswerIsIgnored(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Twice(200, good, `{"name":"`+mark+`"}`), fakeprovider.Answer(500, "{}"))
	runtest.Must(t, h.ask(t.Context()))
	if err := h.ask(t.Context()); !errors.Is(err, provider.ErrAnswer) {
		t.Fatalf("the next call received the unsolicited answer: %v", err)
	}
	h.trace.Free(t, mark, "nsolicited")
}
