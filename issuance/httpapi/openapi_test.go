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

// contract is the document of the API and its router.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

// loadContract reads the document once and holds it to its own rules, examples included.
var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi/issuer.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // tests listen elsewhere
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	router, err := legacy.NewRouter(doc)
	return &contract{doc, router}, err
})

func theContract(t testing.TB) *contract {
	t.Helper()
	c, err := loadContract()
	runtest.Must(t, err)
	return c
}

// credentialShown accepts any bearer token where the document asks for one: who
// may do what is for other tests.
func credentialShown(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if !strings.HasPrefix(in.RequestValidationInput.Request.Header.Get("Authorization"), "Bearer ") {
		return errors.New("no bearer token")
	}
	return nil
}

var strictly = &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: credentialShown}

// errNoID: the router finds /x/{id} for /x, too, with an empty id.
var errNoID = errors.New("no id in the path")

// hold checks an answer against the document, and its request too if the server
// took it. It returns the operation and status, or "" for a request that the
// document does not know.
func (c *contract) hold(t testing.TB, r *http.Request, sent []byte, a answer) string {
	t.Helper()
	code := c.problem(t, a)
	route, params, err := c.router.FindRoute(r)
	for _, value := range params {
		if value == "" {
			err = errNoID
		}
	}
	if err != nil && (code == httpapi.NotFound || code == httpapi.MethodNotAllowed) {
		return "" // the document says so once, for all that is no operation
	}
	if err != nil {
		t.Errorf("%s %s is not in the document and was answered %d", r.Method, r.URL.Path, a.Status)
		return ""
	}
	r = r.Clone(context.Background())
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: strictly}
	if a.Status < 300 {
		setBody(r, sent)
		if err := openapi3filter.ValidateRequest(context.Background(), request); err != nil {
			t.Errorf("%s %s was taken and is not as documented: %v", r.Method, r.URL.Path, err)
		}
	}
	response := (&openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: a.Status, Header: a.Header, Options: strictly,
	}).SetBodyBytes(a.Body)
	if err := openapi3filter.ValidateResponse(context.Background(), response); err != nil {
		t.Errorf("%s %s: the answer %d is not as documented: %v\n%s", r.Method, r.URL.Path, a.Status, err, a.Body)
	}
	if code != "" && !listed(route.Operation, a.Status, code) {
		t.Errorf("%s %s: no example of the answer %d says that it can be %s", r.Method, r.URL.Path, a.Status, code)
	}
	return route.Operation.OperationID + " " + strconv.Itoa(a.Status)
}

// listed reports whether the examples of an answer have the code: there they all are.
func listed(o *openapi3.Operation, status int, code problem.Code) bool {
	response := o.Responses.Status(status)
	if response == nil || response.Value.Content["application/problem+json"] == nil {
		return false
	}
	_, ok := response.Value.Content["application/problem+json"].Examples[string(code)]
	return ok
}

// problem holds a problem to its schema and returns its code; "" for another answer.
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
		t.Errorf("a problem is not as documented: %v\n%s", err, a.Body)
	}
	code, _ := body["code"].(string)
	return problem.Code(code)
}

// The document and the server have the same operations.
func TestDocumentHasEveryRouteAndNoOther(t *testing.T) {
	var documented, served []string
	for path, item := range theContract(t).doc.Paths.Map() {
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

// The document lists exactly the codes that exist.
func TestDocumentHasEveryCode(t *testing.T) {
	doc := theContract(t).doc
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
