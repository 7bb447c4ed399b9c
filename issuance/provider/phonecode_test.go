package provider_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

const accepted = `{"message":"accepted"}`

// markedMessage has a number and a code that must not appear in errors or logs.
var markedMessage = provider.Message{Number: "+8613712345678", Code: "918273", Purpose: provider.ResetPassword, Language: provider.English}

type senderHarness struct {
	*serviceHarness[provider.CodeSender]
}

func newSender(t *testing.T, behavior ...fakeprovider.Behavior) senderHarness {
	t.Helper()
	return senderHarness{newService(t, provider.NewCodeSender, []string{"13712345678", "918273"}, behavior...)}
}

func (h senderHarness) send(t *testing.T, within time.Duration) (err error) {
	t.Helper()
	h.do(t, within, func(ctx context.Context) error {
		err = h.client.Send(ctx, markedMessage)
		return err
	})
	return err
}

func TestEveryDocumentedAnswerToAMessageIsKnown(t *testing.T) {
	h := newSender(t, fakeprovider.Silent)
	doc, documented := document(t, "phone-code.yaml", "message")
	known := map[string]error{"accepted": nil, "undeliverable": provider.ErrUndeliverable}
	if len(documented) != len(known) {
		t.Errorf("documented %v, known %v", documented, known)
	}
	for _, name := range documented {
		want, ok := known[name]
		h.provider.Do(fakeprovider.Answer(200, `{"message":"`+name+`"}`))
		if err := h.send(t, patience); !ok || !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", name, err, want)
		}
	}
	for _, value := range h.asDocumented(t, doc, "Message") {
		if value["phone"] != markedMessage.Number || value["code"] != markedMessage.Code {
			t.Errorf("a different message was sent: %v", value)
		}
	}
}

func TestFaultNeverCountsAsSent(t *testing.T) {
	for name, c := range map[string]struct {
		behavior fakeprovider.Behavior
		want     error
	}{
		"unsigned": {fakeprovider.Unsigned(200, accepted), provider.ErrAnswer}, "wrong secret": {fakeprovider.WrongSecret(200, accepted), provider.ErrAnswer},
		"another id": {fakeprovider.OtherID(200, accepted), provider.ErrAnswer}, "another body": {fakeprovider.OtherBody(200, accepted), provider.ErrAnswer},
		"unknown": {fakeprovider.Answer(200, `{"message":"later"}`), provider.ErrAnswer}, "nothing": {fakeprovider.Answer(200, `{}`), provider.ErrAnswer},
		"accepted and 404": {fakeprovider.Answer(404, accepted), provider.ErrAnswer}, "unknown field": {fakeprovider.Answer(200, `{"message":"accepted","code":"918273"}`), provider.ErrAnswer},
		"broke off": {fakeprovider.BreakOff, provider.ErrBroken}, "silent": {fakeprovider.Silent, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			h := newSender(t, c.behavior)
			if err := h.send(t, withinOf(c.want)); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestSandboxCodesStoresTheLastCodeAndPrintsNone(t *testing.T) {
	s := provider.NewSandboxCodes()
	m := provider.Message{Number: "+8613800000001", Code: "123456", Purpose: provider.VerifyPhone, Language: provider.Chinese}
	runtest.Must(t, s.Send(t.Context(), m))
	m.Code = "654321"
	runtest.Must(t, s.Send(t.Context(), m))
	if code, ok := s.Code(m.Number); code != "654321" || !ok {
		t.Errorf("%q, %v", code, ok)
	}
	if _, ok := s.Code("+8613800000002"); ok {
		t.Error("the sandbox has a code that was never sent")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, m); text != "(private)" {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func TestSandboxCodesDeletesTheOldestNumbers(t *testing.T) {
	s := provider.NewSandboxCodes()
	for i := range 10_001 {
		m := provider.Message{Number: fmt.Sprintf("+861380%07d", i), Code: "123456"}
		runtest.Must(t, s.Send(t.Context(), m))
	}
	if _, ok := s.Code("+8613800000000"); ok {
		t.Error("the oldest number is still stored")
	}
	if _, ok := s.Code("+8613800010000"); !ok {
		t.Error("the newest number is not stored")
	}
}

func TestSandboxCodesFailsAsRequested(t *testing.T) {
	s := provider.NewSandboxCodes()
	if err := s.Send(t.Context(), provider.Message{Number: provider.SandboxFaultNumber}); !errors.Is(err, provider.ErrSandbox) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, provider.Message{Number: provider.SandboxSilentNumber}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
