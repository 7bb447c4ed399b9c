package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/web"
)

// fetch sends a request for a file of a page. The document of the API does not describe it.
func (w *system) fetch(method, path string, headers ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	w.api.Public().ServeHTTP(answer, r)
	return answer.Result()
}

// Pages are served beside the API, with their own headers; the API's responses keep theirs.
func TestPagesAreServedBesideTheAPI(t *testing.T) {
	w := newSystem(t, setup{pages: web.Issuer()})
	page := w.fetch("GET", "/ui/page.js")
	if page.StatusCode != http.StatusOK || page.Header.Get("X-Request-Id") == "" {
		t.Fatalf("a file of a page: %d %v", page.StatusCode, page.Header)
	}
	for _, h := range web.Headers(true) {
		if page.Header.Get(h.Name) != h.Value {
			t.Errorf("a file of a page has %s: %q", h.Name, page.Header.Get(h.Name))
		}
	}
	if r := w.fetch("GET", "/ui/page.js", "If-None-Match", page.Header.Get("ETag")); r.StatusCode != http.StatusNotModified {
		t.Errorf("a file that the browser has: %d", r.StatusCode)
	}
	if r := w.fetch("GET", "/v1/contact"); r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-store" ||
		r.Header.Get("Content-Security-Policy") != "default-src 'none'; frame-ancestors 'none'" || r.Header.Get("Permissions-Policy") != "" {
		t.Errorf("the API's response: %d %v", r.StatusCode, r.Header)
	}
	for _, path := range []string{"/nothing", "/ui/", "/ui/nothing.js", "/ui//page.js", "/ui/../ui/page.js", "/ui/%70age.js", "/v1/", "/v1/nothing"} {
		if r := w.fetch("GET", path); r.StatusCode != http.StatusNotFound || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
	}
	if r := w.fetch("POST", "/ui/page.js"); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != web.Methods ||
		r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a POST to a file: %d %v", r.StatusCode, r.Header)
	}
	if r := newSystem(t, setup{}).fetch("GET", "/ui/page.js"); r.StatusCode != http.StatusNotFound {
		t.Errorf("without pages: %d", r.StatusCode)
	}
}

// The log has no path that a caller chose, and all files of pages are counted as one route.
func TestFilesOfPagesAreOneRoute(t *testing.T) {
	w := newSystem(t, setup{pages: web.Issuer()})
	w.fetch("GET", "/ui/page.js?x=secret-query")
	w.fetch("GET", "/ui/form.js")
	if strings.Contains(w.logs.String(), "page.js") || strings.Contains(w.logs.String(), "secret-query") {
		t.Errorf("the log has the path: %s", w.logs.String())
	}
	if _, metrics := w.adminGet("/metrics"); !strings.Contains(metrics, `railgate_issuer_requests_total{class="2xx",route="pages"} 2`) {
		t.Error("the files are not counted as one route")
	}
}

// blocked is a page whose file arrives slowly.
type blocked struct{ open chan struct{} }

func (b blocked) Has(r *http.Request) bool { return r.URL.Path == "/" }

func (b blocked) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	<-b.open
	io.WriteString(w, "page")
}

// Browsers that receive files slowly take no slot of the API, and one network cannot take all slots of files.
func TestFilesOfPagesHaveTheirOwnSlots(t *testing.T) {
	b := blocked{make(chan struct{})}
	proxies, err := throttle.ParseProxies([]string{"192.0.2.1"})
	runtest.Must(t, err)
	w := newSystem(t, setup{pages: b, maxInFlight: 2, proxies: proxies})
	from := func(network int) *http.Response {
		return w.fetch("GET", "/", "X-Forwarded-For", fmt.Sprintf("198.51.%d.1", network))
	}
	ended := make(chan int, httpapi.MaxPages)
	for range httpapi.MaxPages * 3 / 4 {
		go func() { ended <- from(1).StatusCode }()
	}
	inside := fmt.Sprintf(`railgate_issuer_in_flight{class="pages",stage="serve"} %d`, httpapi.MaxPages*3/4)
	runtest.Eventually(t, 20*time.Second, "all slots of the network to be taken", func() bool {
		_, metrics := w.adminGet("/metrics")
		return strings.Contains(metrics, inside)
	})
	if r := from(1); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one file more for the network: %d", r.StatusCode)
	}
	if r := w.fetch("GET", "/v1/contact", "X-Forwarded-For", "198.51.1.1"); r.StatusCode != http.StatusOK {
		t.Errorf("the API: %d", r.StatusCode)
	}
	go func() { ended <- from(2).StatusCode }()
	close(b.open)
	for range httpapi.MaxPages*3/4 + 1 {
		if status := <-ended; status != http.StatusOK {
			t.Fatalf("a file: %d", status)
		}
	}
}
