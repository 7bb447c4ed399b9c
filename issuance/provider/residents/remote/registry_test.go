package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/residents"
	"github.com/railgate/railgate/issuance/provider/residents/remote"
	"github.com/railgate/railgate/test/fakeprovider"
)

const (
	bound    = 150 * time.Millisecond // of a lookup that nobody answers
	slack    = 2 * time.Second        // what a busy machine may add
	patience = 5 * time.Second
	matched  = `{"match":"matched"}`
)

// marked is a person whose every datum is a mark.
var marked = residents.Person{Name: "标记姓名Markname", Document: identity.ResidentID, Number: "11010519491231002X"}

type world struct {
	*remote.Registry
	provider *fakeprovider.Provider
	trace    *fakeprovider.Trace
}

func newWorld(t *testing.T, conduct ...fakeprovider.Conduct) *world {
	t.Helper()
	fakeprovider.NoLeaks(t)
	w := &world{provider: fakeprovider.Start(t, conduct...), trace: fakeprovider.NewTrace(t)}
	var err error
	w.Registry, err = remote.New(remote.Config{
		Partner: provider.Config{URL: w.provider.URL(), Secrets: []provider.Secret{fakeprovider.Secret("one")}, Timeout: patience, Log: w.trace.Log, Metrics: w.trace.Metrics},
		Label:   "test registry",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.trace.Free(t, "标记", "Markname", "110105") })
	return w
}

func (w *world) lookup(t *testing.T, within time.Duration) (residents.Match, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	start := time.Now()
	m, err := w.Lookup(ctx, marked)
	if took := time.Since(start); took > within+slack {
		t.Errorf("it took %v", took)
	}
	w.trace.Error(err)
	return m, err
}

func TestEachAnswerIsUnderstood(t *testing.T) {
	w := newWorld(t, fakeprovider.Silent)
	doc, err := openapi3.NewLoader().LoadFromFile("../../../docs/openapi/residents.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, name := range doc.Components.Schemas["Answer"].Value.Properties["match"].Value.Enum {
		documented = append(documented, name.(string))
	}
	var known []string
	for _, want := range []residents.Match{residents.Matched, residents.NotMatched, residents.Lost, residents.Cancelled} {
		known = append(known, want.String())
		w.provider.Do(fakeprovider.Answer(200, `{"match":"`+want.String()+`"}`))
		if m, err := w.lookup(t, patience); m != want || err != nil {
			t.Errorf("%v, %v, want %v", m, err, want)
		}
	}
	if !slices.Equal(documented, known) {
		t.Errorf("documented %q, known %q", documented, known)
	}
	for _, call := range w.provider.Calls() {
		var value map[string]any
		if err := json.Unmarshal(call.Body, &value); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas["Person"].Value.VisitJSON(value); err != nil || doc.Paths.Value(call.Path) == nil {
			t.Errorf("asked at %s: %v", call.Path, err)
		}
		if value["name"] != marked.Name || value["document_number"] != marked.Number {
			t.Errorf("asked for somebody else: %v", value)
		}
	}
}

func TestNoFaultMatchesACard(t *testing.T) {
	for name, c := range map[string]struct {
		conduct fakeprovider.Conduct
		want    error
	}{
		"unsigned": {fakeprovider.Unsigned(200, matched), provider.ErrAnswer}, "wrong secret": {fakeprovider.WrongSecret(200, matched), provider.ErrAnswer},
		"another id": {fakeprovider.OtherID(200, matched), provider.ErrAnswer}, "another request": {fakeprovider.OtherRequest(200, matched), provider.ErrAnswer},
		"another body": {fakeprovider.OtherBody(200, matched), provider.ErrAnswer}, "old": {fakeprovider.AtTime(-32*time.Second, 200, matched), provider.ErrAnswer},
		"huge": {fakeprovider.Huge(4, 200, matched), provider.ErrAnswer}, "redirect": {fakeprovider.Redirect("/v1/elsewhere", matched), provider.ErrAnswer},
		"invalid UTF-8": {fakeprovider.Answer(200, "{\"match\":\"matched\xff\"}"), provider.ErrAnswer}, "unknown": {fakeprovider.Answer(200, `{"match":"unknown"}`), provider.ErrAnswer},
		"nothing": {fakeprovider.Answer(200, `{}`), provider.ErrAnswer}, "matched and 404": {fakeprovider.Answer(404, matched), provider.ErrAnswer},
		"more than asked": {fakeprovider.Answer(200, `{"match":"matched","name":"`+marked.Name+`"}`), provider.ErrAnswer},
		"broke off":       {fakeprovider.BreakOff, provider.ErrBroken}, "not HTTP": {fakeprovider.Garbage(marked.Name), provider.ErrBroken},
		"silent": {fakeprovider.Silent, context.DeadlineExceeded}, "an answer for ever": {fakeprovider.Trickle, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.conduct)
			within := patience
			if c.want == context.DeadlineExceeded {
				within = bound
			}
			if m, err := w.lookup(t, within); m != residents.Unknown || !errors.Is(err, c.want) {
				t.Errorf("%v, %v, want %v", m, err, c.want)
			}
		})
	}
}

func TestASecondAnswerMatchesNobody(t *testing.T) {
	w := newWorld(t, fakeprovider.Twice(200, `{"match":"lost"}`, `{"match":"matched"}`))
	for range 2 {
		if m, err := w.lookup(t, patience); m != residents.Lost || err != nil {
			t.Errorf("%v, %v", m, err)
		}
	}
}

func TestA4_OnlyAResidentIDIsLookedUp(t *testing.T) {
	w := newWorld(t, fakeprovider.Answer(200, matched))
	for _, change := range []func(*residents.Person){
		func(p *residents.Person) { p.Name = "" }, func(p *residents.Person) { p.Name += "\xff" }, func(p *residents.Person) { p.Number = "" },
		func(p *residents.Person) { p.Number += "\xff" }, func(p *residents.Person) { p.Document = 0 }, func(p *residents.Person) { p.Document++ },
	} {
		p := marked
		change(&p)
		m, err := w.Lookup(t.Context(), p)
		if m != residents.Unknown || err == nil {
			t.Errorf("%v, %v", m, err)
		}
		w.trace.Error(err)
	}
	if len(w.provider.Calls()) != 0 {
		t.Error("it was sent")
	}
}

func TestConfigurationFaultsAreToldAtOnce(t *testing.T) {
	_, err := remote.New(remote.Config{Label: "a\nb"})
	_, alike := remote.Settings{Label: "a\nb"}.Load(ownfile.Trust{})
	for _, e := range []error{err, alike} {
		for _, field := range []string{"url: ", "secret_files: ", "label: "} {
			if e == nil || !strings.Contains(e.Error(), field) {
				t.Errorf("no word of %q in %v", field, e)
			}
		}
	}
}
