package api_test

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
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/railgate/railgate/issuance/api"
	"github.com/railgate/railgate/issuance/refusal"
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

func theContract(t *testing.T) *contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
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

// hold checks an answer against the document, and its request too if the server
// took it. It returns the operation and status, or "" for a request that the
// document does not know.
func (c *contract) hold(t *testing.T, r *http.Request, sent []byte, a answer) string {
	t.Helper()
	if code := c.problem(t, a); code == api.NotFound || code == api.MethodNotAllowed {
		return "" // the document says so once, for all that is no operation
	}
	route, params, err := c.router.FindRoute(r)
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
	return route.Operation.OperationID + " " + strconv.Itoa(a.Status)
}

// problem holds a problem to its schema and returns its code; "" for another answer.
func (c *contract) problem(t *testing.T, a answer) refusal.Code {
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
	return refusal.Code(code)
}

// The document and the server have the same operations.
func TestDocumentHasEveryRouteAndNoOther(t *testing.T) {
	var documented, served []string
	for path, item := range theContract(t).doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	w := newWorld(t, setup{})
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
	for _, code := range api.Codes() {
		known = append(known, string(code))
	}
	if !slices.Equal(documented, known) {
		t.Fatalf("documented %q\nknown      %q", documented, known)
	}
}

// Every operation answers as documented, when all is well and when it is not.
// All other tests of this package hold their answers to the document too.
func TestEveryOperationIsAsDocumented(t *testing.T) {
	w := newWorld(t, setup{checkTimeout: 20 * time.Millisecond})
	zeros := strings.Repeat("0", 32)
	w.call("GET", "/healthz", "", nil)
	w.call("GET", "/readyz", "", nil)
	w.publish()
	w.call("GET", "/readyz", "", nil)
	w.call("POST", "/v1/applications", "", "x")
	w.call("POST", "/v1/applications", "", `"`+strings.Repeat("x", api.MaxBody)+`"`)
	w.call("POST", "/v1/applications", "", with("document_type", "passport"))
	plain := w.request("POST", "/v1/applications", "", "{}")
	plain.Header.Set("Content-Type", "text/plain")
	w.send(plain)
	h := w.apply()
	w.call("GET", h.path(""), "", nil)
	w.call("GET", h.path(""), h.Token, nil)
	w.call("POST", h.path("/checks"), "", object{"evidence": "sandbox:pass"})
	w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:fail"})
	w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:timeout"})
	w.call("POST", h.path("/checks"), h.Token, object{})
	w.call("POST", h.path("/checks"), h.Token, "{")
	w.call("POST", h.path("/sessions"), h.Token, object{"check": "chk_" + zeros, "mode": "hosted"})
	check := h.pass()
	w.call("POST", h.path("/sessions"), "", object{"check": check, "mode": "hosted"})
	w.call("POST", h.path("/sessions"), h.Token, "{")
	w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "neither"})
	anchored, _ := h.open(check)
	hosted := h.host(h.pass())
	w.call("GET", h.path(""), h.Token, nil)
	w.call("GET", "/v1/sessions/"+hosted.Session+"/code", "", nil)
	w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil)
	w.call("GET", "/v1/sessions/ses_"+zeros+"/code", h.Token, nil)
	w.call("GET", "/v1/sessions/"+anchored.Session+"/code", h.Token, nil)
	for _, action := range []string{"revoke", "unrevoke"} {
		body := object{"reason": "fraud"}
		if action == "unrevoke" {
			body = object{}
		}
		path := "/v1/credentials/" + h.Serial + "/" + action
		w.call("POST", path, w.staff, body)
		w.call("POST", path, "", body)
		w.call("POST", path, w.staff, "[]")
		w.call("POST", "/v1/credentials/1-1/"+action, w.staff, body)
	}
	w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "whim"})
	w.clock.Move(30 * time.Minute)
	w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil)
	w.clock.Move(24 * time.Hour)
	w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"})
	w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "fraud"})
	w.call("POST", "/v1/credentials/"+h.Serial+"/unrevoke", w.staff, object{})

	// Whatever the document says can happen has happened, but for faults, full
	// slots and bounds that readJSON has for all operations alike.
	var missing []string
	for _, item := range theContract(t).doc.Paths.Map() {
		for _, o := range item.Operations() {
			for status := range o.Responses.Map() {
				if (status == "413" || status == "415") && o.OperationID != "apply" || status == "500" || status == "503" && o.OperationID != "getReadiness" {
					continue
				}
				if id := o.OperationID + " " + status; !w.seen[id] {
					missing = append(missing, id)
				}
			}
		}
	}
	if sort.Strings(missing); len(missing) > 0 {
		t.Errorf("documented and not seen: %q", missing)
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
