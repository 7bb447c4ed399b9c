package provider_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
)

const matched = `{"match":"matched"}`

// marked is a person whose data must not appear in errors or logs.
var marked = provider.Person{Name: "标记姓名Markname", Document: identity.ResidentID, Number: "11010519491231002X"}

type registryHarness struct {
	*serviceHarness[provider.ResidentRegistry]
}

func newRegistry(t *testing.T, behavior ...fakeprovider.Behavior) registryHarness {
	t.Helper()
	return registryHarness{newService(t, provider.NewResidentRegistry, []string{"标记", "Markname", "110105"}, behavior...)}
}

func (h registryHarness) lookup(t *testing.T, within time.Duration) (m provider.Match, err error) {
	t.Helper()
	h.do(t, within, func(ctx context.Context) error {
		m, err = h.client.Lookup(ctx, marked)
		return err
	})
	return m, err
}

func TestEveryDocumentedAnswerToALookupIsKnown(t *testing.T) {
	h := newRegistry(t, fakeprovider.Silent)
	doc, documented := document(t, "residents.yaml", "match")
	var known []string
	for _, want := range []provider.Match{provider.Matched, provider.NotMatched, provider.Lost, provider.Cancelled} {
		known = append(known, want.String())
		h.provider.Do(fakeprovider.Answer(200, `{"match":"`+want.String()+`"}`))
		if m, err := h.lookup(t, patience); m != want || err != nil {
			t.Errorf("%v, %v, want %v", m, err, want)
		}
	}
	if !slices.Equal(documented, known) {
		t.Errorf("documented %q, known %q", documented, known)
	}
	for _, value := range h.asDocumented(t, doc, "Person") {
		if value["name"] != marked.Name || value["document_number"] != marked.Number {
			t.Errorf("a different person was looked up: %v", value)
		}
	}
}

func TestFaultNeverMatchesACard(t *testing.T) {
	for name, c := range map[string]struct {
		behavior fakeprovider.Behavior
		want     error
	}{
		"unsigned": {fakeprovider.Unsigned(200, matched), provider.ErrAnswer}, "wrong secret": {fakeprovider.WrongSecret(200, matched), provider.ErrAnswer},
		"another id": {fakeprovider.OtherID(200, matched), provider.ErrAnswer}, "another request": {fakeprovider.OtherRequest(200, matched), provider.ErrAnswer},
		"another body": {fakeprovider.OtherBody(200, matched), provider.ErrAnswer}, "old": {fakeprovider.AtTime(-32*time.Second, 200, matched), provider.ErrAnswer},
		"huge": {fakeprovider.Huge(4, 200, matched), provider.ErrAnswer}, "redirect": {fakeprovider.Redirect("/v1/elsewhere", matched), provider.ErrAnswer},
		"invalid UTF-8": {fakeprovider.Answer(200, "{\"match\":\"matched\xff\"}"), provider.ErrAnswer}, "unknown": {fakeprovider.Answer(200, `{"match":"unknown"}`), provider.ErrAnswer},
		"nothing": {fakeprovider.Answer(200, `{}`), provider.ErrAnswer}, "matched and 404": {fakeprovider.Answer(404, matched), provider.ErrAnswer},
		"unknown field": {fakeprovider.Answer(200, `{"match":"matched","name":"`+marked.Name+`"}`), provider.ErrAnswer},
		"broke off":     {fakeprovider.BreakOff, provider.ErrBroken}, "not HTTP": {fakeprovider.Garbage(marked.Name), provider.ErrBroken},
		"silent": {fakeprovider.Silent, context.DeadlineExceeded}, "an answer for ever": {fakeprovider.Trickle, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			h := newRegistry(t, c.behavior)
			if m, err := h.lookup(t, withinOf(c.want)); m != provider.Unknown || !errors.Is(err, c.want) {
				t.Errorf("%v, %v, want %v", m, err, c.want)
			}
		})
	}
}

func TestUnsolicitedAnswerMatchesNoCard(t *testing.T) {
	h := newRegistry(t, fakeprovider.Twice(200, `{"match":"lost"}`, `{"match":"matched"}`))
	for range 2 {
		if m, err := h.lookup(t, patience); m != provider.Lost || err != nil {
			t.Errorf("%v, %v", m, err)
		}
	}
}

func TestA4_OnlyAResidentIDIsLookedUp(t *testing.T) {
	h := newRegistry(t, fakeprovider.Answer(200, matched))
	for _, change := range []func(*provider.Person){
		func(p *provider.Person) { p.Name = "" }, func(p *provider.Person) { p.Name += "\xff" }, func(p *provider.Person) { p.Number = "" },
		func(p *provider.Person) { p.Number += "\xff" }, func(p *provider.Person) { p.Document = 0 }, func(p *provider.Person) { p.Document++ },
	} {
		p := marked
		change(&p)
		m, err := h.client.Lookup(t.Context(), p)
		if m != provider.Unknown || err == nil {
			t.Errorf("%v, %v", m, err)
		}
		h.trace.Error(err)
	}
	if len(h.provider.Calls()) != 0 {
		t.Error("the lookup was sent")
	}
}

func person(name string) provider.Person {
	return provider.Person{Name: name, Document: identity.ResidentID, Number: "11010519491231002X"}
}

func TestSandboxRegistryHasEveryAnswer(t *testing.T) {
	for name, want := range map[string]provider.Match{
		"测试甲": provider.Matched, "Test A": provider.Matched, "测试": provider.Matched, provider.SandboxNotMatched + "甲": provider.Matched,
		provider.SandboxNotMatched: provider.NotMatched, provider.SandboxLost: provider.Lost, provider.SandboxCancelled: provider.Cancelled,
	} {
		if m, err := (provider.SandboxResidentRegistry{}).Lookup(t.Context(), person(name)); m != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", name, m, err, want)
		}
	}
	if m, err := (provider.SandboxResidentRegistry{}).Lookup(t.Context(), person(provider.SandboxFault)); m != provider.Unknown || !errors.Is(err, provider.ErrSandbox) {
		t.Errorf("the requested fault: %v, %v", m, err)
	}
	if label := (provider.SandboxResidentRegistry{}).Label(); !strings.Contains(label, "NOT THE RESIDENT REGISTRY") {
		t.Errorf("the label is %q", label)
	}
}

// The demo needs the sandbox's names in its form.
func TestSandboxNamesAreValidNames(t *testing.T) {
	for _, name := range []string{provider.SandboxNotMatched, provider.SandboxLost, provider.SandboxCancelled, provider.SandboxSilent, provider.SandboxFault} {
		if clean, err := identity.CleanName(name); clean != name || err != nil {
			t.Errorf("%s becomes %s: %v", name, clean, err)
		}
	}
}

func TestSilentSandboxRegistryWaitsForTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), provider.DefaultTimeout)
		defer cancel()
		start := time.Now()
		m, err := provider.SandboxResidentRegistry{}.Lookup(ctx, person(provider.SandboxSilent))
		if !errors.Is(err, context.DeadlineExceeded) || m != provider.Unknown || time.Since(start) != provider.DefaultTimeout {
			t.Fatalf("%v, %v after %v", m, err, time.Since(start))
		}
		if m, err := (provider.SandboxResidentRegistry{}).Lookup(ctx, person("测试甲")); m != provider.Unknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("after the deadline: %v, %v", m, err)
		}
	})
}

func TestMatchHasOneName(t *testing.T) {
	for _, m := range []provider.Match{provider.Matched, provider.NotMatched, provider.Lost, provider.Cancelled} {
		if got, ok := provider.ParseMatch(m.String()); got != m || !ok {
			t.Errorf("%v is read as %v", m, got)
		}
	}
	for _, other := range []string{"", "unknown", "Matched", "matched ", "match"} {
		if m, ok := provider.ParseMatch(other); ok || m != provider.Unknown {
			t.Errorf("%q is read as %v", other, m)
		}
	}
	if (provider.Match(0)) == provider.Matched || provider.Match(200).String() != "unknown" {
		t.Error("the zero value or an unknown value is a match")
	}
}
