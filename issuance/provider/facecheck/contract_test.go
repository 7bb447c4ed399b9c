package facecheck_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
)

// contract is docs/openapi/face-check.yaml.
type contract struct{ doc *openapi3.T }

var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../../docs/openapi/face-check.yaml")
	if err != nil {
		return nil, err
	}
	return &contract{doc}, doc.Validate(context.Background(), openapi3.EnableExamplesValidation())
})

func theContract(t *testing.T) *contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *contract) checkRequest(t *testing.T, body []byte)  { t.Helper(); c.check(t, "Check", body) }
func (c *contract) checkCallback(t *testing.T, body []byte) { t.Helper(); c.check(t, "Callback", body) }

func (c *contract) check(t *testing.T, schema string, body []byte) {
	t.Helper()
	var value any
	err := json.Unmarshal(body, &value)
	if err == nil {
		err = c.doc.Components.Schemas[schema].Value.VisitJSON(value)
	}
	if err != nil {
		t.Errorf("differs from the document: %v\n%s", err, body)
	}
}

// The document has the operations, answers and bounds of the code.
func TestDocumentMatchesTheCode(t *testing.T) {
	c := theContract(t)
	check := c.doc.Paths.Value("/v1/checks").Post
	var statuses []string
	for status := range check.Responses.Map() {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	if want := []string{"200", "202", "422", "default"}; !slices.Equal(statuses, want) {
		t.Errorf("documented %q, want %q", statuses, want)
	}
	if got := *c.doc.Components.Schemas["Check"].Value.Properties["evidence"].Value.MaxLength; got != facecheck.MaxEvidence {
		t.Errorf("evidence of %d, want %d", got, facecheck.MaxEvidence)
	}
	if !strings.Contains(c.doc.Info.Description, "at most 16384 bytes") || provider.MaxAnswer != 16384 {
		t.Error("the maximum size of an answer differs")
	}
	keys, err := provider.NewKeyring(provider.NewSecret("one-2026"))
	if err != nil {
		t.Fatal(err)
	}
	signature := keys.SignRequest("/", provider.NewID(), nil, today)
	if err := c.doc.Components.Schemas["Signature"].Value.VisitJSON(signature.String()); err != nil {
		t.Error(err)
	}
}
