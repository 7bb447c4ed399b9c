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

// A handler that panics is a 500 without detail; the log has the place and not
// the value, and the next request is served.
func TestPanicIsContained(t *testing.T) {
	var logs bytes.Buffer
	in := newClasses(Config{MaxInFlight: 1, MaxInFlightEach: 1})
	m, err := newMetrics(nil, in)
	runtest.Must(t, err)
	nobody, err := staff.NewList(staff.Config{})
	runtest.Must(t, err)
	a := &API{
		log:     zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&logs), zap.DebugLevel)),
		metrics: m, classes: in, staff: nobody,
	}
	mux := http.NewServeMux()
	mux.Handle("/", a.answer("GET /", func(http.ResponseWriter, *request) error { panic("a passenger's name") }))
	for range 2 {
		w := httptest.NewRecorder()
		a.around(mux).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 500 || !strings.Contains(w.Body.String(), `"internal_error"`) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		runtest.HasNot(t, w.Body.String()+logs.String(), "passenger's name")
	}
	runtest.Has(t, logs.String(), "panic_test.go")
}
