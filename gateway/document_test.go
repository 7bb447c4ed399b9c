package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// document is docs/openapi/gateway.yaml; seen has the answers compared with it.
type document struct {
	*openapi3.T
	router routers.Router
	seen   map[string]bool // "METHOD /path status"
}

func readDocument(t testing.TB) *document {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi/gateway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil { // with its examples
		t.Fatal(err)
	}
	// The gateway under test has another address.
	doc.Servers = nil
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &document{T: doc, router: router, seen: map[string]bool{}}
}

// expectDocumented expects that an answer conforms to the document. A valid request must
// conform as well; an invalid one must not.
func (d *document) expectDocumented(t testing.TB, method, target, authorization, body string, valid bool, a answer) {
	t.Helper()
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/plain")
	if strings.HasPrefix(target, "/v1/checks") || target == "/v1/passages" {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", authorization)
	route, params, err := d.router.FindRoute(request)
	if err != nil {
		t.Fatalf("%s %s is not in the document: %v", method, target, err)
	}
	input := &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: bearer}}
	if err := openapi3filter.ValidateRequest(context.Background(), input); valid != (err == nil) {
		t.Errorf("%s %s: valid is %v, validation gives %v", method, target, valid, err)
	}
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: a.status, Header: a.header, Options: input.Options}
	if err := openapi3filter.ValidateResponse(context.Background(), output.SetBodyBytes(a.body)); err != nil {
		t.Errorf("%s %s answered %d: %v\n%s", method, target, a.status, err, a.body)
	}
	d.seen[fmt.Sprintf("%s %s %d", method, route.Path, a.status)] = true
}

var credentialForm = regexp.MustCompile(`^Bearer rgd_[0-9a-f]{64}$`)

func bearer(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if in.SecuritySchemeName != "device" || !credentialForm.MatchString(in.RequestValidationInput.Request.Header.Get("Authorization")) {
		return errors.New("no device credential")
	}
	return nil
}
