package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/phonecode"
	"github.com/railgate/railgate/issuance/provider/phonecode/remote"
	"github.com/railgate/railgate/test/fakeprovider"
)

const (
	bound    = 150 * time.Millisecond // of a message that the sender does not accept
	patience = 5 * time.Second
	accepted = `{"message":"accepted"}`
)

// marked is a message whose number and code are marks.
var marked = phonecode.Message{Number: "+8613712345678", Code: "918273", Purpose: phonecode.ResetPassword, Language: phonecode.English}

type world struct {
	*remote.Sender
	provider *fakeprovider.Provider
	trace    *fakeprovider.Trace
}

func newWorld(t *testing.T, conduct ...fakeprovider.Conduct) *world {
	t.Helper()
	fakeprovider.NoLeaks(t)
	w := &world{provider: fakeprovider.Start(t, conduct...), trace: fakeprovider.NewTrace(t)}
	var err error
	w.Sender, err = remote.New(remote.Config{
		Partner: provider.Config{URL: w.provider.URL(), Secrets: []provider.Secret{fakeprovider.Secret("one")}, Timeout: patience, Log: w.trace.Log, Metrics: w.trace.Metrics},
		Label:   "test sender",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.trace.Free(t, "13712345678", "918273") })
	return w
}

func (w *world) send(t *testing.T, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	err := w.Send(ctx, marked)
	w.trace.Error(err)
	return err
}

func TestEachAnswerIsUnderstood(t *testing.T) {
	w := newWorld(t, fakeprovider.Silent)
	doc, err := openapi3.NewLoader().LoadFromFile("../../../docs/openapi/phone-code.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	known := map[string]error{"accepted": nil, "undeliverable": remote.ErrUndeliverable}
	documented := doc.Components.Schemas["Answer"].Value.Properties["message"].Value.Enum
	if len(documented) != len(known) {
		t.Errorf("documented %v, known %v", documented, known)
	}
	for _, name := range documented {
		want, ok := known[name.(string)]
		w.provider.Do(fakeprovider.Answer(200, `{"message":"`+name.(string)+`"}`))
		if err := w.send(t, patience); !ok || !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", name, err, want)
		}
	}
	for _, call := range w.provider.Calls() {
		var value map[string]any
		if err := json.Unmarshal(call.Body, &value); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas["Message"].Value.VisitJSON(value); err != nil || doc.Paths.Value(call.Path) == nil {
			t.Errorf("sent to %s: %v", call.Path, err)
		}
		if value["phone"] != marked.Number || value["code"] != marked.Code {
			t.Errorf("another message was sent: %v", value)
		}
	}
}

func TestNoFaultCountsAsSent(t *testing.T) {
	for name, c := range map[string]struct {
		conduct fakeprovider.Conduct
		want    error
	}{
		"unsigned": {fakeprovider.Unsigned(200, accepted), provider.ErrAnswer}, "wrong secret": {fakeprovider.WrongSecret(200, accepted), provider.ErrAnswer},
		"another id": {fakeprovider.OtherID(200, accepted), provider.ErrAnswer}, "another body": {fakeprovider.OtherBody(200, accepted), provider.ErrAnswer},
		"unknown": {fakeprovider.Answer(200, `{"message":"later"}`), provider.ErrAnswer}, "nothing": {fakeprovider.Answer(200, `{}`), provider.ErrAnswer},
		"accepted and 404": {fakeprovider.Answer(404, accepted), provider.ErrAnswer}, "more than asked": {fakeprovider.Answer(200, `{"message":"accepted","code":"918273"}`), provider.ErrAnswer},
		"broke off": {fakeprovider.BreakOff, provider.ErrBroken}, "silent": {fakeprovider.Silent, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.conduct)
			within := patience
			if c.want == context.DeadlineExceeded {
				within = bound
			}
			if err := w.send(t, within); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
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
