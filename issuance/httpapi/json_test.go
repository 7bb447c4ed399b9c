package httpapi_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestInvalidBodiesAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	good, err := json.Marshal(form())
	runtest.Must(t, err)
	text := string(good)
	for why, c := range map[string]struct {
		body   string
		media  string
		status int
		code   problem.Code
	}{
		"nothing":               {"", "application/json", 400, "body_malformed"},
		"not JSON":              {"name=x", "application/json", 400, "body_malformed"},
		"a list":                {"[" + text + "]", "application/json", 400, "body_malformed"},
		"null":                  {"null", "application/json", 400, "body_malformed"},
		"two objects":           {text + text, "application/json", 400, "body_malformed"},
		"something after":       {text + "x", "application/json", 400, "body_malformed"},
		"an unknown field":      {strings.Replace(text, "{", `{"age":1,`, 1), "application/json", 400, "body_malformed"},
		"a field in capitals":   {strings.Replace(text, `"name"`, `"Name"`, 1), "application/json", 400, "body_malformed"},
		"a folded letter":       {strings.Replace(text, `"city"`, "\"c\u0131ty\"", 1), "application/json", 400, "body_malformed"},
		"a field twice":         {strings.Replace(text, "{", `{"name":"x",`, 1), "application/json", 400, "body_malformed"},
		"an inner field twice":  {strings.Replace(text, `"latitude"`, `"latitude":1,"latitude"`, 1), "application/json", 400, "body_malformed"},
		"a number as the name":  {strings.Replace(text, `"`+testName+`"`, "7", 1), "application/json", 400, "body_malformed"},
		"too deep":              {strings.Replace(text, `"`+testName+`"`, "[[[[[[[[1]]]]]]]]", 1), "application/json", 400, "body_malformed"},
		"not UTF-8":             {strings.Replace(text, testName, "\xff", 1), "application/json", 400, "body_malformed"},
		"an unpaired surrogate": {strings.Replace(text, testName, `\ud800`, 1), "application/json", 422, "name_invalid"},
		"too large":             {strings.Replace(text, testName, strings.Repeat("x", 16<<10), 1), "application/json", 413, "body_too_large"},
		"another type":          {text, "text/plain", 415, "media_type_not_supported"},
		"no type":               {text, "", 415, "media_type_not_supported"},
		"another charset":       {text, "application/json; charset=gbk", 415, "media_type_not_supported"},
	} {
		r, err := http.NewRequest("POST", w.server.URL+"/v1/applications", strings.NewReader(c.body))
		runtest.Must(t, err)
		if c.media != "" {
			r.Header.Set("Content-Type", c.media)
		}
		a := w.send(r)
		if a.Status != c.status || !strings.Contains(string(a.Body), `"`+string(c.code)+`"`) {
			t.Errorf("%s: %d %s, want %d %s", why, a.Status, a.Body, c.status, c.code)
		}
	}
	r, err := http.NewRequest("POST", w.server.URL+"/v1/applications", strings.NewReader(text))
	runtest.Must(t, err)
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	wantStatusCode(t, w.send(r), http.StatusCreated)
}

func TestUnknownPathsAndMethodsAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	for _, path := range []string{"/", "/v1", "/v1/applications/", "//healthz", "/v1/../healthz", "/v1/applications/a/b/c", "/metrics", "/debug/pprof/"} {
		wantProblem(t, w.call("GET", path, "", nil), http.StatusNotFound, "not_found")
	}
	for path, c := range map[string]struct{ method, allow string }{
		"/v1/applications":               {"GET", "POST"},
		"/v1/applications/x":             {"DELETE", "GET, HEAD"},
		"/v1/credentials/20494-0/revoke": {"GET", "POST"},
		"/healthz":                       {"POST", "GET, HEAD"},
		"/v1/sessions/x/code":            {"POST", "GET, HEAD"},
	} {
		a := w.call(c.method, path, "", nil)
		wantProblem(t, a, http.StatusMethodNotAllowed, "method_not_allowed")
		if got := a.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s allows %q, want %q", c.method, path, got, c.allow)
		}
	}
}

// Responses forbid caching and content sniffing, and their id is in the log.
func TestResponseHeaders(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	a := w.call("GET", h.path(""), h.Token, nil)
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json", "Referrer-Policy": "no-referrer",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if id := a.Header.Get("X-Request-Id"); len(id) != 16 || !strings.Contains(w.logs.String(), id) {
		t.Errorf("request id %q is not in the log", id)
	}
	if _, err := hex.DecodeString(strings.TrimPrefix(h.Token, "rga_")); err != nil || len(h.Token) != 68 {
		t.Errorf("the access token has %d characters: %v", len(h.Token), err)
	}
}

// Any body of any operation gets a documented response that is no fault.
func FuzzBodies(f *testing.F) {
	w := newSystem(f, setup{checkTimeout: 20 * time.Millisecond})
	var all []described
	for _, d := range apiContract(f).operations() {
		if d.body() != nil {
			all = append(all, d)
		}
	}
	s := w.newFixture()
	s.registry = w.newRegistryFixture()
	for route, d := range all {
		good := s.validBody(d)
		f.Add(uint8(route), marshal(good))
		for _, m := range formMutants(good) {
			if m.media == jsonMedia && len(m.body) < 1000 {
				f.Add(uint8(route), m.body)
			}
		}
	}
	f.Add(uint8(0), []byte(`{"name":"`+testName+`·\ud800\udc00"}`))
	f.Fuzz(func(t *testing.T, route uint8, body []byte) {
		w.t = t
		d := all[int(route)%len(all)]
		if body == nil {
			body = []byte{}
		}
		r := s.request(d, body)
		r.RemoteAddr = "192.0.2.1:1234"
		recorder := httptest.NewRecorder()
		w.api.Public().ServeHTTP(recorder, r)
		a := answer{Status: recorder.Code, Header: recorder.Header(), Body: recorder.Body.Bytes()}
		apiContract(t).validate(t, r, body, a)
		if a.Status >= 500 && a.Status != http.StatusGatewayTimeout { // of sandbox:timeout
			t.Fatalf("%s: answered %d %s", d.OperationID, a.Status, a.Body)
		}
		switch {
		case a.Status < 300 && consumesFixture[d.OperationID]:
			s = w.newFixture()
			s.registry = w.newRegistryFixture()
		case a.Status >= 400 && a.Status != http.StatusBadRequest:
			w.clearLockouts() // a lockout would hide later results
		}
	})
}
