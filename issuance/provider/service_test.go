package provider_test

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
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

// serviceHarness is a client of a fake service. Its logs, metrics and errors must not contain the marks.
type serviceHarness[Client any] struct {
	client   Client
	provider *fakeprovider.Provider
	trace    *fakeprovider.Trace
}

func newService[Client any](t *testing.T, open func(provider.ServiceConfig) (Client, error), marks []string, behavior ...fakeprovider.Behavior) *serviceHarness[Client] {
	t.Helper()
	fakeprovider.NoLeaks(t)
	h := &serviceHarness[Client]{provider: fakeprovider.Start(t, behavior...), trace: fakeprovider.NewTrace(t)}
	var err error
	h.client, err = open(provider.ServiceConfig{
		Client: provider.Config{URL: h.provider.URL(), Secrets: []provider.Secret{fakeprovider.Secret("one")}, Timeout: patience, Log: h.trace.Log, Metrics: h.trace.Metrics},
		Label:  "test service",
	})
	runtest.Must(t, err)
	t.Cleanup(func() { h.trace.Free(t, marks...) })
	return h
}

// do makes a call, which must end within the bound.
func (h *serviceHarness[Client]) do(t *testing.T, within time.Duration, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	start := time.Now()
	err := call(ctx)
	if took := time.Since(start); took > within+slack {
		t.Errorf("the call took %v", took)
	}
	h.trace.Error(err)
}

// withinOf is the time bound of a call that ends with the error.
func withinOf(want error) time.Duration {
	if want == context.DeadlineExceeded {
		return bound
	}
	return patience
}

// asDocumented checks the received requests against the service's document, and returns them.
func (h *serviceHarness[Client]) asDocumented(t *testing.T, doc *openapi3.T, schema string) (requests []map[string]any) {
	t.Helper()
	for _, call := range h.provider.Calls() {
		var value map[string]any
		runtest.Must(t, json.Unmarshal(call.Body, &value))
		if err := doc.Components.Schemas[schema].Value.VisitJSON(value); err != nil || doc.Paths.Value(call.Path) == nil {
			t.Errorf("called at %s: %v", call.Path, err)
		}
		requests = append(requests, value)
	}
	return requests
}

// document reads a service's OpenAPI document and the allowed values of a field of the answer.
func document(t *testing.T, name, field string) (doc *openapi3.T, values []string) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi/" + name)
	runtest.Must(t, err)
	runtest.Must(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation()))
	for _, value := range doc.Components.Schemas["Answer"].Value.Properties[field].Value.Enum {
		values = append(values, value.(string))
	}
	return doc, values
}

func TestAllFaultsOfAServiceConfigurationAreReported(t *testing.T) {
	bad := provider.ServiceConfig{Label: "a\nb"}
	_, ofResidents := provider.NewResidentRegistry(bad)
	_, ofCodes := provider.NewCodeSender(bad)
	_, alike := provider.ServiceSettings{Label: "a\nb"}.Load("residents", ownfile.Trust{})
	for _, e := range []error{ofResidents, ofCodes, alike} {
		for _, field := range []string{"url: ", "secret_files: ", "label: "} {
			if e == nil || !strings.Contains(e.Error(), field) {
				t.Errorf("%v does not name %q", e, field)
			}
		}
	}
	if f := (*provider.Fault)(nil); !errors.As(provider.CheckLabel(""), &f) || f.Field != "label" {
		t.Error("the fault does not name the label")
	}
}
