package httpapi

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A panic of a handler is answered with 500 and no detail. The log has the stack and not the
// value, and the next request is served.
func TestPanicIsContained(t *testing.T) {
	var logs bytes.Buffer
	in := newClasses(Config{MaxInFlight: 1, MaxInFlightEach: 1})
	m, err := newMetrics(nil, in)
	runtest.Must(t, err)
	noStaff, err := staff.NewList(staff.Config{})
	runtest.Must(t, err)
	a := &API{
		log:     zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&logs), zap.DebugLevel)),
		metrics: m, classes: in, staff: noStaff,
	}
	mux := http.NewServeMux()
	mux.Handle("/", a.handle("GET /", func(http.ResponseWriter, *request) error { panic("a passenger's name") }))
	for range 2 {
		w := httptest.NewRecorder()
		a.middleware(mux).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 500 || !strings.Contains(w.Body.String(), `"internal_error"`) {
			t.Fatalf("the panic was answered %d %s", w.Code, w.Body)
		}
		runtest.HasNot(t, w.Body.String()+logs.String(), "passenger's name")
	}
	runtest.Has(t, logs.String(), "panic_test.go")
}
