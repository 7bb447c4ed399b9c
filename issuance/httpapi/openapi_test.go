package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

// contract is the OpenAPI document and its router.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

// loadContract reads the document once and validates it, including its examples.
var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi/issuer.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // tests use other addresses
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	router, err := legacy.NewRouter(doc)
	return &contract{doc, router}, err
})

func apiContract(t testing.TB) *contract {
	t.Helper()
	c, err := loadContract()
	runtest.Must(t, err)
	return c
}

// hasBearerToken accepts any bearer token where the document requires one; other tests check
// authorization.
func hasBearerToken(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if !strings.HasPrefix(in.RequestValidationInput.Request.Header.Get("Authorization"), "Bearer ") {
		return errors.New("no bearer token")
	}
	return nil
}

var strictly = &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: hasBearerToken}

// errNoID is the error for a path without an id: the router matches /x to /x/{id} with an
// empty id.
var errNoID = errors.New("no id in the path")

// validate checks a response against the document, and the request too if it was accepted.
// It returns the operation and status, or "" for a request that the document does not
// describe.
func (c *contract) validate(t testing.TB, r *http.Request, sent []byte, a answer) string {
	t.Helper()
	code := c.problem(t, a)
	route, params, err := c.router.FindRoute(r)
	for _, value := range params {
		if value == "" {
			err = errNoID
		}
	}
	if err != nil && (code == httpapi.NotFound || code == httpapi.MethodNotAllowed) {
		return "" // documented once for all unknown paths and methods
	}
	if err != nil {
		t.Errorf("%s %s is not documented, but was answered %d", r.Method, r.URL.Path, a.Status)
		return ""
	}
	r = r.Clone(context.Background())
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: strictly}
	if a.Status < 300 {
		setBody(r, sent)
		if err := openapi3filter.ValidateRequest(context.Background(), request); err != nil {
			t.Errorf("%s %s was accepted, but does not match the document: %v", r.Method, r.URL.Path, err)
		}
	}
	response := (&openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: a.Status, Header: a.Header, Options: strictly,
	}).SetBodyBytes(a.Body)
	if err := openapi3filter.ValidateResponse(context.Background(), response); err != nil {
		t.Errorf("%s %s: the response %d does not match the document: %v\n%s", r.Method, r.URL.Path, a.Status, err, a.Body)
	}
	if code != "" && !listed(route.Operation, a.Status, code) {
		t.Errorf("%s %s: the response %d has no example with the code %s", r.Method, r.URL.Path, a.Status, code)
	}
	return route.Operation.OperationID + " " + strconv.Itoa(a.Status)
}

// listed reports whether the response's examples contain the code: they must list all codes.
func listed(o *openapi3.Operation, status int, code problem.Code) bool {
	response := o.Responses.Status(status)
	if response == nil || response.Value.Content["application/problem+json"] == nil {
		return false
	}
	_, ok := response.Value.Content["application/problem+json"].Examples[string(code)]
	return ok
}

// problem validates a problem against its schema and returns its code; "" for other
// responses.
func (c *contract) problem(t testing.TB, a answer) problem.Code {
	t.Helper()
	if a.Header.Get("Content-Type") != "application/problem+json" {
		return ""
	}
	var body map[string]any
	err := json.Unmarshal(a.Body, &body)
	if err == nil {
		err = c.doc.Components.Schemas["Problem"].Value.VisitJSON(body)
	}
	if err != nil {
		t.Errorf("a problem does not match its schema: %v\n%s", err, a.Body)
	}
	code, _ := body["code"].(string)
	return problem.Code(code)
}

// The document and the server have the same operations.
func TestDocumentHasExactlyTheRoutes(t *testing.T) {
	var documented, served []string
	for path, item := range apiContract(t).doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	w := newSystem(t, setup{})
	for _, r := range w.api.Routes() {
		served = append(served, r.Method+" "+r.Path)
	}
	sort.Strings(documented)
	sort.Strings(served)
	if !slices.Equal(documented, served) {
		t.Fatalf("documented %q\nserved     %q", documented, served)
	}
}

// The document lists exactly the existing codes.
func TestDocumentHasExactlyTheCodes(t *testing.T) {
	doc := apiContract(t).doc
	var documented, known []string
	for _, code := range doc.Components.Schemas["ErrorCode"].Value.Enum {
		documented = append(documented, code.(string))
	}
	for _, code := range httpapi.Codes() {
		known = append(known, string(code))
	}
	if !slices.Equal(documented, known) {
		t.Fatalf("documented %q\nknown      %q", documented, known)
	}
}

func setBody(r *http.Request, sent []byte) {
	r.Body = http.NoBody
	if sent != nil {
		r.Body = readCloser{bytes.NewReader(sent)}
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }
