package phonecode_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider/phonecode"
)

func TestTheSandboxKeepsTheLastCodeAndPrintsNone(t *testing.T) {
	s := phonecode.NewSandbox()
	m := phonecode.Message{Number: "+8613800000001", Code: "123456", Purpose: phonecode.VerifyPhone, Language: phonecode.Chinese}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	m.Code = "654321"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if code, ok := s.Code(m.Number); code != "654321" || !ok {
		t.Errorf("%q, %v", code, ok)
	}
	if _, ok := s.Code("+8613800000002"); ok {
		t.Error("a code that was never sent")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, m); text != "(private)" {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func TestTheSandboxForgetsTheOldestNumbers(t *testing.T) {
	s := phonecode.NewSandbox()
	for i := range 10_001 {
		m := phonecode.Message{Number: fmt.Sprintf("+861380%07d", i), Code: "123456"}
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := s.Code("+8613800000000"); ok {
		t.Error("the oldest number is still known")
	}
	if _, ok := s.Code("+8613800010000"); !ok {
		t.Error("the newest number is forgotten")
	}
}

func TestTheSandboxFailsAsAsked(t *testing.T) {
	s := phonecode.NewSandbox()
	if err := s.Send(t.Context(), phonecode.Message{Number: phonecode.SandboxFault}); !errors.Is(err, phonecode.ErrSandboxFault) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, phonecode.Message{Number: phonecode.SandboxSilent}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
